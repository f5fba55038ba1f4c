package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Streams on stdin and stdout, and verification, as commands. */
class StreamCommandsTest {

    private final Run run = new Run();

    @Test
    void aBackupToStdoutIsAStreamWithZstdUnlessToldOtherwise() {
        run.cli("backup", "-");
        run.cli("backup", "--compression", "gzip:1", "-");
        run.cli("backup", "--check-blocks=false", "-");

        assertThat(run.engine.backups).extracting(BackupRequest::to).containsOnly(new End.Stream());
        assertThat(run.engine.backups)
                .extracting(BackupRequest::compression)
                .containsExactly(Compression.ZSTD, Compression.GZIP, Compression.ZSTD);
        assertThat(run.engine.backups).extracting(BackupRequest::checkBlocks).containsExactly(true, true, false);
    }

    @Test
    void whileStdoutCarriesDataNothingElseGoesThere() {
        run.engine.events = Flux.just(new Event.Finished(Samples.report()));
        for (String flag : new String[] {"--json", "--no-progress", "--quiet"}) {
            run.cli("backup", flag, "-");
        }

        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("\"event\":\"finished\"");
    }

    @Test
    void aTerminalIsNoPlaceForAStream() {
        run.ends(new Context.Terminals(true, true));

        assertThat(run.cli("backup", "-")).isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("restore", "-")).isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("verify", "-")).isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("copy", "-", "DIR")).isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("export", "--from", "-", "-out", "FILE")).isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("copy", "DIR", "-")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("stdout is a terminal", "stdin is a terminal", "sluice backup - > backup.zst");
        assertThat(run.engine.backups).isEmpty();
    }

    @Test
    void aStreamKeptAsAFileIsNamedByItsPathAndATerminalDoesNotMatter() {
        run.ends(new Context.Terminals(true, true));
        run.engine.events = Flux.just(new Event.Finished(Samples.report()));
        run.cli("verify", "stream:monday.zst");
        run.cli("verify", "monday.zst");
        run.cli("restore", "monday.zst");
        run.cli("copy", "stream:monday.zst", "DIR");

        assertThat(run.engine.verifications)
                .extracting(VerifyRequest::from)
                .containsExactly(new End.StreamFile(Path.of("monday.zst")), new End.Directory(Path.of("monday.zst")));
        assertThat(run.engine.restores)
                .extracting(RestoreRequest::from)
                .containsExactly(new End.Directory(Path.of("monday.zst")));
        assertThat(run.engine.copies)
                .extracting(CopyRequest::from)
                .containsExactly(new End.StreamFile(Path.of("monday.zst")));
    }

    @Test
    void aStreamHasAFormatOfItsOwn() {
        assertThat(run.cli("backup", "-portable", "-")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("a stream is not a portable backup", "sluice copy - DIR");
    }

    @Test
    void verifiesDirectoriesStreamsAndServers() {
        run.cli("verify", "/backups/monday");
        run.cli("verify", "-");
        run.cli("verify", "db1:8088", "--deep", "-db", "telemetry");
        run.cli("verify", "influxd://db1:8088");

        assertThat(run.engine.verifications)
                .extracting(VerifyRequest::from)
                .containsExactly(
                        new End.Directory(Path.of("/backups/monday")),
                        new End.Stream(),
                        new End.Live(new ServerAddress("db1", 8088)),
                        new End.Live(new ServerAddress("db1", 8088)));
        assertThat(run.engine.verifications.get(2).deep()).isTrue();
        assertThat(run.engine.verifications.get(2).selection().database()).hasValue("telemetry");
        assertThat(run.cli("verify")).isEqualTo(ExitCode.USAGE);
    }
}
