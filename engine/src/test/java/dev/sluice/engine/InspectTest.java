package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.test.StepVerifier;

/** Looks into shards, wherever they lie. */
class InspectTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path TSM = Path.of("src/test/resources/fixtures/tsm");
    private static final String MIXED = "data/fx_mixed/autogen/8";
    private static final ShardRef ONE = new ShardRef("db", "rp", 1);
    private static final ShardRef TWO = new ShardRef("db", "rp", 2);

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    private Path data;
    private End.Data directories;

    @BeforeEach
    void twoShards() throws IOException {
        data = Files.createDirectories(temp.resolve("influxdb/data"));
        directories = new End.Data(data, Optional.empty(), Optional.empty());
        Path meta = Files.createDirectories(data.resolveSibling("meta"));
        Files.write(meta.resolve("meta.db"), Answers.metadata(ONE, TWO));
        put(ONE, MIXED, "000000001-000000001.tsm");
        put(ONE, MIXED, "000000002-000000001.tsm");
        put(TWO, "data/fx_bool/autogen/3", "000000001-000000001.tsm");
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void figuresAreThoseOfAnotherDecoder() throws IOException {
        Inspection inspection = inspect(InspectRequest.of(directories));

        assertThat(inspection.complete()).isTrue();
        assertThat(inspection.damaged()).isFalse();
        assertThat(inspection.shards()).extracting(Inspection.Shard::ref).containsExactly(ONE, TWO);
        Inspection.Shard shard = inspection.shards().get(0);
        List<String[]> blocks = expected(MIXED);
        assertThat(shard.files()).isEqualTo(2);
        assertThat(shard.values()).hasValue(sum(blocks, 4));
        assertThat(shard.blocks()).isEqualTo(new Inspection.Amount(blocks.size(), sum(blocks, 8)));
        assertThat(shard.keys())
                .isEqualTo(blocks.stream().map(block -> block[2]).distinct().count());
        assertThat(shard.measurements())
                .extracting(Inspection.Measurement::name)
                .containsExactly("cpu", "mem", "note");
        assertThat(shard.measurements().get(0).fields())
                .containsExactly(Map.entry("idle", List.of("integer")), Map.entry("usage", List.of("float")));
        assertThat(shard.points().orElseThrow().start()).isEqualTo(Instant.parse("2020-09-13T12:26:40Z"));
        assertThat(shard.encodings().values().stream()
                        .mapToLong(Inspection.Amount::blocks)
                        .sum())
                .as("times and values of each block")
                .isEqualTo(2L * blocks.size());
    }

    @Test
    void anArchiveAndAStoppedServerTellTheSame() {
        engine.copy(CopyRequest.of(directories, new End.Portable(temp.resolve("portable")))
                        .build())
                .blockLast(PATIENCE);
        engine.copy(CopyRequest.of(directories, new End.Legacy(temp.resolve("legacy")))
                        .build())
                .blockLast(PATIENCE);
        Inspection inPlace = inspect(InspectRequest.of(directories));

        for (String format : List.of("portable", "legacy")) {
            Path scratch = temp.resolve("scratch-" + format);
            Inspection archived = inspect(
                    InspectRequest.of(new End.Directory(temp.resolve(format))).withScratch(scratch));

            assertThat(archived.shards()).as(format).isEqualTo(inPlace.shards());
            assertThat(scratch).isEmptyDirectory();
        }
    }

    @Test
    void whatStandsInALogCountsAndWhatIsDeletedDoesNot() throws IOException {
        long before = values(inspect(InspectRequest.of(directories)));
        Path log = Files.createDirectories(data.resolveSibling("wal").resolve("db/rp/2"));
        Files.write(log.resolve("_00001.wal"), Files.readAllBytes(TSM.resolve("wal/fx_wal/autogen/9/_00001.wal")));

        assertThat(values(inspect(InspectRequest.of(directories).withScratch(temp.resolve("scratch")))))
                .as("13 values are left of the log")
                .isEqualTo(before + 13);
        assertThat(temp.resolve("scratch")).isEmptyDirectory();

        put(ONE, MIXED, "000000001-000000001.tombstone");
        put(ONE, MIXED, "000000002-000000001.tombstone");
        assertThat(values(inspect(InspectRequest.of(directories)))).isLessThan(before + 13);
    }

    @Test
    void indexesAloneTellAllButValuesAndEncodings() {
        Inspection.Shard whole =
                inspect(InspectRequest.of(directories)).shards().get(0);
        Inspection.Shard index =
                inspect(InspectRequest.of(directories).withoutValues()).shards().get(0);

        assertThat(index.values()).isEmpty();
        assertThat(index.encodings()).isEmpty();
        assertThat(index.series()).isEqualTo(whole.series());
        assertThat(index.blocks()).isEqualTo(whole.blocks());
        assertThat(index.points()).isEqualTo(whole.points());
    }

    @Test
    void aDamagedShardDoesNotHideTheOthers() throws IOException {
        Path file = data.resolve("db/rp/1/000000001-000000001.tsm");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 3));

        Inspection inspection = inspect(InspectRequest.of(directories));

        assertThat(inspection.damaged()).isTrue();
        assertThat(inspection.shards()).extracting(Inspection.Shard::ref).containsExactly(TWO);
        assertThat(inspection.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.DAMAGED);
            assertThat(notice.message()).contains(ONE.toString());
        });
    }

    @Test
    void aFileThatIsGoneIsMissingAndNoDamage() throws IOException {
        Path backup = temp.resolve("portable");
        engine.copy(CopyRequest.of(directories, new End.Portable(backup)).build())
                .blockLast(PATIENCE);
        try (var files = Files.list(backup)) {
            Files.delete(files.filter(file -> file.toString().contains(".s1."))
                    .findFirst()
                    .orElseThrow());
        }

        Inspection inspection = inspect(InspectRequest.of(new End.Portable(backup)));
        CopyReport check = Objects.requireNonNull(engine.verify(VerifyRequest.of(new End.Portable(backup)))
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));

        assertThat(inspection.damaged()).isFalse();
        assertThat(inspection.complete()).isFalse();
        assertThat(inspection.shards()).extracting(Inspection.Shard::ref).containsExactly(TWO);
        assertThat(check.damaged()).isFalse();
        assertThat(check.missing()).extracting(ShardOutcome::ref).containsExactly(ONE);
        assertThat(check.stored()).hasSize(1);
    }

    @Test
    void aCancelLeavesNothingInTheScratch() throws Exception {
        Path scratch = Files.createDirectories(temp.resolve("scratch"));
        var request = InspectRequest.of(new End.Directory(Fixtures.backup("1.8.10", "portable-all")))
                .withScratch(scratch);
        for (int millis = 0; millis < 60; millis += 10) {
            engine.inspect(request)
                    .as(StepVerifier::create)
                    .thenAwait(Duration.ofMillis(millis))
                    .thenCancel()
                    .verify(PATIENCE);
        }
        for (int i = 0; i < 1000 && !Fixtures.names(scratch).isEmpty(); i++) {
            Thread.sleep(10); // a cancel does not wait for the removal
        }
        assertThat(scratch).isEmptyDirectory();
    }

    private Inspection inspect(InspectRequest request) {
        return Objects.requireNonNull(engine.inspect(request).block(PATIENCE));
    }

    private static long values(Inspection inspection) {
        return inspection.shards().stream()
                .mapToLong(shard -> shard.values().orElseThrow())
                .sum();
    }

    private void put(ShardRef shard, String from, String name) throws IOException {
        Path directory = Files.createDirectories(data.resolve(shard.toString()));
        Files.write(
                directory.resolve(name), Files.readAllBytes(TSM.resolve(from).resolve(name)));
    }

    /** Columns: file, block, key, type, values, first and last time, offset, size and more. */
    private static List<String[]> expected(String directory) throws IOException {
        return Files.readAllLines(TSM.resolve("blocks.tsv")).stream()
                .filter(line -> line.startsWith(directory + "/"))
                .map(line -> line.split("\t", -1))
                .toList();
    }

    private static long sum(List<String[]> blocks, int column) {
        return blocks.stream().mapToLong(block -> Long.parseLong(block[column])).sum();
    }
}
