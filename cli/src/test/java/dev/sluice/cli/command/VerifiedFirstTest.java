package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

/** {@code restore --verify}: nothing moves before everything was read. */
class VerifiedFirstTest {

    private static final Event VERIFYING =
            new Event.Started(Task.VERIFY, "portable:DIR", "nowhere", 2, OptionalLong.empty());

    private final Run run = new Run();

    @Test
    void restoresWhatIsWhole() {
        run.engine.verification = Flux.just(VERIFYING, finished(report(List.of())));
        run.engine.events = Flux.just(Samples.started(1), new Event.Finished(Samples.whole()));

        assertThat(run.cli("restore", "--verify", "-portable", "--chain", "-db", "db", "-newdb", "other", "DIR"))
                .isEqualTo(ExitCode.OK);

        VerifyRequest verified = run.engine.verifications.get(0);
        assertThat(verified.from()).isEqualTo(new End.Portable(Path.of("DIR")));
        assertThat(verified.selection()).isEqualTo(Selection.EVERYTHING.withDatabase("db"));
        assertThat(verified.chain()).isTrue();
        assertThat(run.engine.restores).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-datadir D -metadir M "})
    void restoresNothingOfWhatIsDamaged(String where) {
        run.engine.verification =
                Flux.just(VERIFYING, finished(report(List.of(Notice.damaged("block 7 of x.tsm is damaged", "")))));
        run.engine.events = Flux.error(new AssertionError("nobody asked for it"));

        assertThat(run.cli(("restore --verify " + where + "DIR").split(" "))).isEqualTo(ExitCode.DAMAGED);

        assertThat(run.err())
                .contains("portable:DIR is damaged, and nothing was restored: block 7 of x.tsm is damaged")
                .contains("'sluice verify' tells all");
        assertThat(run.engine.restores).isEmpty();
        assertThat(run.engine.copies).isEmpty();
    }

    @Test
    void aShardThatCannotBeReadIsDamage() {
        run.engine.verification = Flux.just(
                VERIFYING,
                finished(report(List.of(), new ShardOutcome.Failed(Samples.shard(3), Samples.damaged(3), 1))));

        assertThat(run.cli("restore", "--verify", "DIR")).isEqualTo(ExitCode.DAMAGED);

        assertThat(run.err()).contains("nothing was restored: shard telemetry/autogen/3");
        assertThat(run.engine.restores).isEmpty();
    }

    /** Whether that matters only a person knows, and the restore says it again. */
    @Test
    void whatIsMissingDoesNotKeepTheRestFromBeingRestored() {
        run.engine.verification = Flux.just(VERIFYING, finished(report(List.of(Notice.missing("a gap", "")))));
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));

        assertThat(run.cli("restore", "--verify", "DIR")).isEqualTo(ExitCode.OK);

        assertThat(run.engine.restores).hasSize(1);
    }

    @Test
    void anInterruptionOfTheVerificationHasChangedNothing() {
        Interruption interruption = Interruption.manual();
        run.engine.verification =
                Flux.just(VERIFYING).concatWith(Flux.<Event>never().doOnSubscribe(s -> interruption.request()));

        int exit = CopyRun.restore(
                run.context(),
                Output.PLAIN,
                Optional.of(VerifyRequest.of(new End.Portable(Path.of("DIR")))),
                engine -> Flux.error(new AssertionError("nobody asked for it")),
                () -> interruption);

        assertThat(exit).isEqualTo(ExitCode.INTERRUPTED);
        assertThat(run.err()).endsWith("sluice: interrupted while the backup was verified; nothing was changed\n");
    }

    private static Event finished(CopyReport report) {
        return new Event.Finished(report);
    }

    private static CopyReport report(List<Notice> notices, ShardOutcome... outcomes) {
        CopyReport report = Samples.report(outcomes);
        return new CopyReport(
                Task.VERIFY,
                "portable:DIR",
                "nowhere",
                report.started(),
                report.elapsed(),
                report.compression(),
                report.outcomes(),
                0,
                notices);
    }
}
