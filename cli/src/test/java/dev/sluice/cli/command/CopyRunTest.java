package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.cli.Samples;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

class CopyRunTest {

    private static final BackupRequest REQUEST = BackupRequest.portable(
                    new ServerAddress("localhost", 8088), Path.of("DIR"))
            .build();

    private final Run run = new Run();

    @Test
    void cancelsTheCopyWhenInterruptedAndSaysHowFarItWas() {
        Interruption interruption = Interruption.manual();
        AtomicBoolean cancelled = new AtomicBoolean();
        run.engine.lastWords =
                Flux.just(new Event.Told(Notice.warning("these finished archives stay: one", "Delete them.")));
        run.engine.events = Flux.<Event>just(
                        Samples.started(3),
                        new Event.ShardStarted(Samples.stored(1, 10, 5, 1, 1).ref(), 1),
                        new Event.ShardStarted(Samples.stored(2, 10, 5, 1, 1).ref(), 1),
                        new Event.ShardFinished(Samples.stored(1, 10, 5, 1, 1)),
                        Samples.progress(100, 10, 5, 1, 3))
                .concatWith(Flux.<Event>never().doOnSubscribe(s -> interruption.request()))
                .doOnCancel(() -> cancelled.set(true));

        int exit = CopyRun.backup(run.context(), Output.PLAIN, REQUEST, OptionalLong.empty(), () -> interruption);

        assertThat(exit).isEqualTo(ExitCode.INTERRUPTED);
        assertThat(cancelled).isTrue();
        assertThat(run.engine.closed).isTrue();
        assertThat(run.err())
                .endsWith("warning: these finished archives stay: one\n  hint: Delete them.\n"
                        + "sluice: interrupted after 1 of 3 shards, in the middle of %s; the backup is not complete, run it again\n"
                                .formatted(Samples.stored(2, 10, 5, 1, 1).ref()));
        assertThat(run.out()).isEmpty();
    }

    @Test
    void anInterruptedCopyEndsItsJsonWithTheReason() {
        Interruption interruption = Interruption.manual();
        run.engine.events = Flux.<Event>just(Samples.started(3))
                .concatWith(Flux.<Event>never().doOnSubscribe(s -> interruption.request(143)));
        run.engine.lastWords = Flux.just(new Event.Told(Notice.warning("it stays", "drop it")));

        int exit = CopyRun.backup(run.context(), Output.JSON, REQUEST, OptionalLong.empty(), () -> interruption);

        assertThat(exit).isEqualTo(143);
        assertThat(run.out().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).contains("started"),
                        line -> assertThat(line).contains("\"notice\"", "it stays"),
                        line -> assertThat(line)
                                .isEqualTo(
                                        "{\"event\":\"error\",\"error\":\"Interrupted\",\"message\":\"interrupted after"
                                                + " 0 of 3 shards; the backup is not complete, run it again\",\"hint\":\"\","
                                                + "\"exit\":143}"));
    }

    @Test
    void whatIsToldLastBeforeAnErrorIsShown() {
        run.engine.events = Flux.<Event>just(
                        Samples.started(3), new Event.Told(Notice.warning("database 'db' stays", "Drop it.")))
                .concatWith(Flux.error(new ConnectionLost("shard 3", 10, new IOException("reset"))));

        assertThatThrownBy(() -> CopyRun.backup(
                        run.context(), Output.PLAIN, REQUEST, OptionalLong.empty(), Interruption::manual))
                .isInstanceOf(ConnectionLost.class);
        assertThat(run.err()).endsWith("warning: database 'db' stays\n  hint: Drop it.\n");
    }

    @Test
    void anEngineThatSomebodyElseClosesIsAnError() {
        run.engine.events = Flux.<Event>just(Samples.started(3))
                .concatWith(Flux.<Event>never().doOnSubscribe(s -> run.engine.interrupt()));

        assertThatThrownBy(() -> CopyRun.backup(
                        run.context(), Output.PLAIN, REQUEST, OptionalLong.empty(), Interruption::manual))
                .isInstanceOf(EngineClosed.class);
    }

    @Test
    void keepsTheReportThatCameBeforeTheInterruption() {
        Interruption interruption = Interruption.manual();
        run.engine.events =
                Flux.<Event>just(new Event.Finished(Samples.whole())).doOnComplete(interruption::request);

        assertThat(CopyRun.backup(run.context(), Output.PLAIN, REQUEST, OptionalLong.empty(), () -> interruption))
                .isZero();
        assertThat(run.out()).contains("complete");
    }

    @Test
    void putsNothingButJsonOnStdout() {
        run.engine.events = Flux.just(Samples.started(2), new Event.Finished(Samples.partial()));

        int exit = CopyRun.backup(run.context(), Output.JSON, REQUEST, OptionalLong.empty(), Interruption::manual);

        assertThat(exit).isEqualTo(ExitCode.PARTIAL);
        assertThat(run.out().lines()).hasSize(2).allMatch(line -> line.startsWith("{") && line.endsWith("}"));
        assertThat(run.err()).startsWith("sluice: 3 shards are missing");
    }

    @Test
    void namesWhatIsDamagedOrMissingWhenQuiet() {
        run.engine.events = Flux.just(
                Samples.started(2),
                new Event.Told(Notice.note("n", "")),
                new Event.Told(Notice.damaged("a block is bad", "Restore an older one.")),
                new Event.Told(Notice.missing("the stream was cut", "")),
                new Event.Finished(Samples.whole().with(Notice.damaged("a block is bad", "Restore an older one."))));

        assertThat(CopyRun.backup(run.context(), Output.QUIET, REQUEST, OptionalLong.empty(), Interruption::manual))
                .isEqualTo(ExitCode.DAMAGED);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .isEqualTo("damaged: a block is bad\n  hint: Restore an older one.\nmissing: the stream was cut\n");
    }

    /** Whoever is called at night for damage should not find that the disk was away. */
    @Test
    void tellsDamageFromWhatCouldNotBeRead() {
        assertThat(ExitCode.of(checkedWith(Samples.damaged(2)))).isEqualTo(ExitCode.DAMAGED);
        assertThat(ExitCode.of(checkedWith(new StoreFailed("cannot read x: permission denied", "", new IOException()))))
                .isEqualTo(ExitCode.PARTIAL);
    }

    private static CopyReport checkedWith(SluiceException why) {
        return new CopyReport(
                Task.VERIFY,
                "/backups/monday",
                "",
                Instant.EPOCH,
                Duration.ZERO,
                Compression.NONE,
                List.of(Samples.stored(1, 10, 10, 1, 1), new ShardOutcome.Failed(Samples.shard(2), why, 1)),
                0,
                List.of());
    }

    @Test
    void saysNothingWhenQuietAndAllIsWell() {
        run.engine.events = Flux.just(
                Samples.started(2), new Event.Told(Notice.warning("w", "h")), new Event.Finished(Samples.whole()));

        assertThat(CopyRun.backup(run.context(), Output.QUIET, REQUEST, OptionalLong.empty(), Interruption::manual))
                .isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEmpty();
    }
}
