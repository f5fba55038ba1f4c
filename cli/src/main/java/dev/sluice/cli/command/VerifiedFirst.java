package dev.sluice.cli.command;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;

/** A restore that begins when all that it is going to read was read once, and none of it is damaged. */
final class VerifiedFirst {

    private VerifiedFirst() {}

    /**
     * The events of both; of the verification's all but its report.
     *
     * @return signals {@link FormatDamaged} if there is damage: the restore is not subscribed to then. What is missing it
     *     will tell by itself
     */
    static Flux<Event> then(Flux<Event> verification, Flux<Event> restore) {
        return verification.concatMap(event -> {
            if (!(event instanceof Event.Finished last)) {
                return Flux.just(event);
            }
            return last.report().damaged() ? Flux.error(damaged(last.report())) : restore;
        });
    }

    private static FormatDamaged damaged(CopyReport report) {
        Stream<String> shards = report.outcomes().stream()
                .filter(ShardOutcome.Failed.class::isInstance)
                .map(ShardOutcome.Failed.class::cast)
                .map(failed ->
                        "shard %s: %s".formatted(failed.ref(), failed.why().getMessage()));
        Stream<String> files = report.notices().stream()
                .filter(notice -> notice.kind() == Notice.Kind.DAMAGED)
                .map(Notice::message);
        return new FormatDamaged(
                report.source(),
                "is damaged, and nothing was restored: "
                        + Stream.concat(shards, files).findFirst().orElse(""),
                "'sluice verify' tells all that is damaged. Without --verify what can be read is restored: damaged blocks"
                        + " as they are, and with -skip-errors the shards that are whole.");
    }
}
