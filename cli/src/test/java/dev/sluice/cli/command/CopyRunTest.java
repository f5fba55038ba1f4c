package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;
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
        run.engine.events = Flux.<Event>just(
                        Samples.started(3),
                        new Event.ShardFinished(Samples.stored(1, 10, 5, 1, 1)),
                        Samples.progress(100, 10, 5, 1, 3))
                .concatWith(Flux.<Event>never().doOnSubscribe(s -> interruption.request()))
                .doOnCancel(() -> cancelled.set(true));

        int exit = CopyRun.backup(run.context(), Output.PLAIN, REQUEST, OptionalLong.empty(), () -> interruption);

        assertThat(exit).isEqualTo(ExitCode.INTERRUPTED);
        assertThat(cancelled).isTrue();
        assertThat(run.engine.closed).isTrue();
        assertThat(run.err())
                .endsWith("sluice: interrupted after 1 of 3 shards; the backup is not complete, run it again\n");
        assertThat(run.out()).isEmpty();
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
    void saysNothingWhenQuietAndAllIsWell() {
        run.engine.events = Flux.just(
                Samples.started(2), new Event.Told(Notice.warning("w", "h")), new Event.Finished(Samples.whole()));

        assertThat(CopyRun.backup(run.context(), Output.QUIET, REQUEST, OptionalLong.empty(), Interruption::manual))
                .isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).isEmpty();
    }
}
