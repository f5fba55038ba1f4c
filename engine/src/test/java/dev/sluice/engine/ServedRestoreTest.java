package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.serve.RunningServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backup from one embedded server, restore to another: the whole way, with nothing but Sluice on it. */
class ServedRestoreTest {

    private static final ServerAddress ANY = new ServerAddress("127.0.0.1", 0);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path dir;

    private final SluiceEngine engine = SluiceEngine.create();
    private SampleData sample;
    private Path backup;
    private RunningServer second;

    @BeforeEach
    void backUp() throws IOException {
        Path home = Files.createDirectory(dir.resolve("first"));
        sample = Objects.requireNonNull(engine.sampleData(home, 3, 2_000_000).block(PATIENCE));
        RunningServer first =
                Objects.requireNonNull(engine.serve(new ServeRequest(ANY, sample.dataDir(), sample.metaDir()))
                        .block(PATIENCE));
        backup = dir.resolve("backup");
        engine.backupReport(BackupRequest.portable(first.address(), backup).build())
                .block(PATIENCE);
        first.stop().block(PATIENCE);
        second = Objects.requireNonNull(
                engine.serve(new ServeRequest(ANY, dir.resolve("second/data"), dir.resolve("second/meta")).writing())
                        .block(PATIENCE));
    }

    @AfterEach
    void close() {
        second.stop().block(PATIENCE);
        engine.close();
    }

    @Test
    void restoresAllShardsByteForByteAndProvesIt() throws IOException {
        CopyReport report = restore(RestoreRequest.of(new End.Portable(backup), second.address()));
        assertThat(report.complete()).isTrue();
        assertThat(report.stored()).hasSize(sample.shards());
        assertThat(contents(dir.resolve("second/data"))).isEqualTo(contents(sample.dataDir()));
    }

    @Test
    void aDatabaseThatExistsStaysAsItIs() throws IOException {
        restore(RestoreRequest.of(new End.Portable(backup), second.address()));
        Map<String, Integer> before = contents(dir.resolve("second/data"));
        assertThatThrownBy(() -> restore(RestoreRequest.of(new End.Portable(backup), second.address())))
                .isInstanceOf(RestoreRefused.class)
                .hasMessageContaining("may already exist");
        assertThat(contents(dir.resolve("second/data"))).isEqualTo(before);
    }

    @Test
    void takesAMergeIntoWhatExists() throws IOException {
        restore(RestoreRequest.of(new End.Portable(backup), second.address()));
        Map<String, Integer> before = contents(dir.resolve("second/data"));
        CopyReport report = restore(
                RestoreRequest.of(new End.Portable(backup), second.address()).intoExisting(Conflict.BACKUP));
        assertThat(report.stored()).hasSize(sample.shards());
        before.replaceAll((content, copies) -> 2 * copies);
        assertThat(contents(dir.resolve("second/data"))).isEqualTo(before);
    }

    /** How often there is a file of a size and checksum in each policy; ids and generations are the second server's own. */
    private static Map<String, Integer> contents(Path data) throws IOException {
        var contents = new TreeMap<String, Integer>();
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                var crc = new CRC32C();
                crc.update(Files.readAllBytes(file));
                Path policy = Objects.requireNonNull(
                        Objects.requireNonNull(file.getParent()).getParent());
                contents.merge(
                        data.relativize(policy) + " " + Files.size(file) + " " + Long.toHexString(crc.getValue()),
                        1,
                        Integer::sum);
            }
        }
        return contents;
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        return Objects.requireNonNull(engine.restoreReport(request.build()).block(PATIENCE));
    }
}
