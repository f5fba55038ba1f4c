package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.tsm.Tombstone;
import dev.sluice.engine.tsm.WalReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;

/**
 * Damage in the write-ahead log and the tombstones of a stopped server, and in a backup's metadata: whatever the formats have something to find it by
 * is told by {@code verify} and {@code export}, and nothing but errors of our own comes of the rest.
 */
class DamagedDirectoriesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path TSM = Path.of("src/test/resources/fixtures/tsm");
    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);

    private final SluiceEngine engine = SluiceEngine.create();
    private final Random random = new Random(12);

    @TempDir
    Path temp;

    private End.Data directories = new End.Data(Path.of("data"), Optional.empty(), Optional.empty());
    private Path shard = Path.of("");
    private Path log = Path.of("");

    @BeforeEach
    void server() throws IOException {
        Path data = Files.createDirectories(temp.resolve("influxdb/data"));
        directories = new End.Data(data, Optional.empty(), Optional.empty());
        Path meta = Files.createDirectories(data.resolveSibling("meta"));
        Files.write(meta.resolve("meta.db"), Answers.metadata(SHARD));
        shard = Files.createDirectories(data.resolve(SHARD.toString()));
        for (String name : new String[] {"000000001-000000001", "000000002-000000001"}) {
            for (String kind : new String[] {".tsm", ".tombstone"}) {
                Files.copy(TSM.resolve("data/fx_mixed/autogen/8").resolve(name + kind), shard.resolve(name + kind));
            }
        }
        log = Files.createDirectories(data.resolveSibling("wal").resolve(SHARD.toString()));
        for (int i = 1; i < 3; i++) {
            Files.copy(TSM.resolve("wal/fx_wal/autogen/9/_00001.wal"), log.resolve("_0000%d.wal".formatted(i)));
        }
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void nothingIsFoundWhereNothingIsWrong() throws IOException {
        assertThat(verify().orElseThrow().damaged()).isFalse();
        assertThat(export(false).orElseThrow().complete()).isTrue();
        assertThat(export(true).orElseThrow().complete()).isTrue();
    }

    @Test
    void aFlippedBitInTheLog() throws IOException {
        Path segment = log.resolve("_00001.wal");
        byte[] whole = Files.readAllBytes(segment);
        for (int round = 0; round < 150; round++) {
            byte[] flipped = flipped(whole);
            Files.write(segment, flipped);
            WalReader.Segment end = WalReader.read(new ByteArrayInputStream(flipped), (entry, offset) -> {});
            assertTold(end.problem() != null && !end.torn(), String.valueOf(end.problem()), round);
        }
    }

    @Test
    void aLogThatIsCutIsReadUpToItsLastWholeEntry() throws IOException {
        Path segment = log.resolve("_00002.wal");
        byte[] whole = Files.readAllBytes(segment);
        for (int round = 0; round < 40; round++) {
            Files.write(segment, Arrays.copyOf(whole, random.nextInt(whole.length)));
            CopyReport report = verify().orElseThrow();
            assertThat(report.damaged()).isFalse();
            assertThat(report.complete()).isTrue();
            assertThat(export(round % 2 == 0).orElseThrow().damage()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2", "v3", "v4"})
    void aFlippedBitOrACutInTombstones(String version) throws IOException {
        Path tombstone = shard.resolve("000000001-000000001.tombstone");
        byte[] whole;
        try (var files = Files.walk(TSM.resolve("tombstone-versions").resolve(version))) {
            whole = Files.readAllBytes(files.filter(file -> file.toString().endsWith(".tombstone"))
                    .findFirst()
                    .orElseThrow());
        }
        for (int round = 0; round < 80; round++) {
            byte[] damaged = round % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : flipped(whole);
            Files.write(tombstone, damaged);
            String problem = problem(damaged);
            assertTold(problem != null, String.valueOf(problem), round);
        }
    }

    @Test
    void aFlippedBitInTheMetadataOfABackup() throws IOException {
        Path backup = temp.resolve("backup");
        engine.copy(CopyRequest.of(directories, new End.Portable(backup)).build())
                .blockLast(PATIENCE);
        Path meta;
        try (var files = Files.list(backup)) {
            meta = files.filter(file -> file.toString().endsWith(".meta"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] whole = Files.readAllBytes(meta);
        for (int at = 0; at < whole.length; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(meta, flipped);
            assertThatThrownBy(() -> engine.verify(VerifyRequest.of(new End.Portable(backup)))
                            .blockLast(PATIENCE))
                    .as("byte %d", at)
                    .isInstanceOf(FormatDamaged.class);
        }
    }

    @Test
    void whatACallerPassesOverIsNotPassedOverInHere() throws IOException {
        Path backup = temp.resolve("backup");
        engine.copy(CopyRequest.of(directories, new End.Portable(backup)).build())
                .blockLast(PATIENCE);
        try (var files = Files.list(backup)) {
            for (Path meta :
                    files.filter(file -> file.toString().endsWith(".meta")).toList()) {
                Files.write(meta, new byte[100]);
            }
        }

        engine.verify(VerifyRequest.of(new End.Portable(backup)))
                .onErrorContinue((error, element) -> {})
                .as(StepVerifier::create)
                .expectError(FormatDamaged.class)
                .verify(PATIENCE);
    }

    private static @Nullable String problem(byte[] tombstone) throws IOException {
        try {
            Tombstone.forEach(() -> new ByteArrayInputStream(tombstone), (key, min, max) -> {});
            return null;
        } catch (TsmDamaged e) {
            return e.problem();
        }
    }

    private byte[] flipped(byte[] whole) {
        byte[] flipped = whole.clone();
        flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
        return flipped;
    }

    /** A report that says so, or an error of our own; with nothing to find it by, at least one of these. */
    private void assertTold(boolean findable, String problem, int round) throws IOException {
        Optional<CopyReport> checked = verify();
        Optional<ExportReport> plain = export(false);
        Optional<ExportReport> merged = export(true);
        if (findable) {
            assertThat(checked.map(CopyReport::damaged).orElse(true))
                    .as("verify, round %d: %s", round, problem)
                    .isTrue();
            assertThat(plain.map(report -> !report.damage().isEmpty()).orElse(true))
                    .as("export, round %d: %s", round, problem)
                    .isTrue();
            assertThat(merged.map(report -> !report.damage().isEmpty()).orElse(true))
                    .as("merged export, round %d: %s", round, problem)
                    .isTrue();
        }
    }

    /** Empty if it ended with an error of our own. */
    private Optional<CopyReport> verify() {
        try {
            return Optional.ofNullable(engine.verify(VerifyRequest.of(directories))
                    .ofType(Event.Finished.class)
                    .map(Event.Finished::report)
                    .blockLast(PATIENCE));
        } catch (SluiceException told) {
            return Optional.empty();
        }
    }

    private Optional<ExportReport> export(boolean merged) throws IOException {
        Path out = temp.resolve("out.lp");
        Files.deleteIfExists(out);
        try {
            return Optional.ofNullable(engine.export(ExportRequest.of(directories, out)
                            .mergeFields(merged)
                            .build())
                    .ofType(TransferEvent.Exported.class)
                    .map(TransferEvent.Exported::report)
                    .blockLast(PATIENCE));
        } catch (SluiceException told) {
            return Optional.empty();
        }
    }
}
