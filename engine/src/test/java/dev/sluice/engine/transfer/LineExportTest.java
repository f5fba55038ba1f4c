package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.testkit.InUtc;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exports of real files against what {@code influx_inspect export} made of them. */
@ExtendWith(InUtc.class)
class LineExportTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final SluiceEngine engine = SluiceEngine.builder().parallelism(2).build();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    private ExportReport report(Path root, Path out, UnaryOperator<ExportRequest.Builder> with) {
        var from = new End.Data(root.resolve("data"), Optional.empty(), Optional.of(root.resolve("wal")));
        ExportReport report = engine.export(
                        with.apply(ExportRequest.of(from, out)).build())
                .ofType(TransferEvent.Exported.class)
                .map(TransferEvent.Exported::report)
                .blockLast(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }

    private String text(Path root, UnaryOperator<ExportRequest.Builder> with) throws IOException {
        Path out = temp.resolve("out");
        report(root, out, with);
        return latin1(out);
    }

    private static String latin1(Path path) throws IOException {
        return Files.readString(path, StandardCharsets.ISO_8859_1);
    }

    private static String golden(String name) throws IOException {
        return latin1(FIXTURES.resolve(name));
    }

    /** A copy of a fixture with a WAL directory, which git does not keep when it is empty. */
    private Path copied(String name) throws IOException {
        Path from = FIXTURES.resolve(name);
        Path to = temp.resolve("copy");
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
        Files.createDirectories(to.resolve("wal"));
        Files.createDirectories(to.resolve("data"));
        return to;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fx_bool",
                "fx_compact",
                "fx_escape",
                "fx_float",
                "fx_int",
                "fx_nasty",
                "fx_string",
                "fx_time",
                "fx_tiny",
                "fx_unsigned",
                "fx_wal"
            })
    void isByteForByteWhatTheOriginalWrites(String database) throws IOException {
        assertThat(text(FIXTURES, r -> r.database(database)).equals(golden("export/" + database + ".txt")))
                .isTrue();
    }

    @Test
    void ordersFilesAndTheWriteAheadLogAsTheOriginalDoes() throws IOException {
        String text = text(FIXTURES, r -> r.database("fx_mixed"));
        String golden = golden("export/fx_mixed.txt");
        int wal = golden.indexOf("# writing wal data");

        assertThat(text).startsWith(golden.substring(0, wal));
        assertThat(text.substring(wal).lines().sorted().toList())
                .isEqualTo(golden.substring(wal).lines().sorted().toList());
    }

    @Test
    void takesBothEndsOfAWindow() throws IOException {
        long start = Instant.parse("2020-09-13T12:26:43Z").getEpochSecond() * 1_000_000_000;

        assertThat(text(FIXTURES, r -> r.database("fx_mixed").times(start, start + 1_000_000_000)))
                .isEqualTo(golden("export/fx_mixed.range.txt"));
    }

    @Test
    void writesPointsOnlyWhereNothingElseIsWanted() throws IOException {
        assertThat(text(FIXTURES, r -> r.database("fx_tiny").pointsOnly(true)))
                .isEqualTo(golden("export/fx_tiny.lponly.txt"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2", "v3", "v4"})
    void appliesTombstonesOfEveryVersion(String version) throws IOException {
        Path root = copied("tombstone-versions/" + version);
        // The original's reader of version 2 is broken; what is deleted is the same as in 3 and 4.
        String expected = version.equals("v2") ? "v3" : version;

        assertThat(text(root, r -> r.pointsOnly(true)))
                .isEqualTo(golden("tombstone-versions/" + expected + "/export.lponly.txt"));
    }

    @Test
    void originalExportsWrongValuesOfADamagedBlock() throws IOException {
        Path root = copied("corrupt/bitflip");
        Path out = temp.resolve("out");

        ExportReport report = report(root, out, r -> r);

        assertThat(report.complete()).isFalse();
        assertThat(report.damage()).singleElement().asString().contains("checksum", "000000001-000000001.tsm");
        List<String> lines = latin1(out).lines().toList();
        assertThat(golden("corrupt/bitflip/export.txt").lines().toList())
                .containsAll(lines)
                .hasSizeGreaterThan(lines.size());
        assertThatThrownBy(() -> report(root, temp.resolve("strict"), r -> r.strict(true)))
                .isInstanceOf(TsmDamaged.class);
        assertThat(temp.resolve("strict")).doesNotExist();
    }

    @Test
    void goesOnAfterAFileThatWasCut() throws IOException {
        Path root = copied("corrupt/truncated");
        Path out = temp.resolve("out");

        ExportReport report = report(root, out, r -> r);

        assertThat(report.damage()).singleElement().asString().contains("/1/000000001-000000001.tsm");
        assertThat(report.lines()).isPositive();
    }

    /** They look whole, and an import of the directory would take them for the export. */
    @Test
    void namesThePartsThatStayWhenItFails() throws IOException {
        Path root = copied("corrupt/truncated");
        Path sound = Files.createDirectories(root.resolve("data/db/rp/0"));
        for (int i = 1; i < 9; i++) {
            Files.copy(
                    FIXTURES.resolve("data/fx_mixed/autogen/8/000000001-000000001.tsm"),
                    sound.resolve("00000000%d-000000001.tsm".formatted(i)));
        }
        var from = new End.Data(root.resolve("data"), Optional.empty(), Optional.of(root.resolve("wal")));
        List<TransferEvent> told = new ArrayList<>();

        assertThatThrownBy(() -> engine.export(ExportRequest.of(from, temp.resolve("out.lp"))
                                .split(1)
                                .strict(true)
                                .build())
                        .doOnNext(told::add)
                        .blockLast(PATIENCE))
                .isInstanceOf(TsmDamaged.class);

        List<Path> stay;
        try (var files = Files.list(temp)) {
            stay = files.filter(Files::isRegularFile).sorted().toList();
        }
        assertThat(stay).hasSizeGreaterThan(1).allMatch(file -> file.toString().endsWith(".lp"));
        assertThat(told)
                .filteredOn(TransferEvent.Warning.class::isInstance)
                .last()
                .asString()
                .contains("from " + stay.get(0) + " to " + stay.get(stay.size() - 1));
    }

    @Test
    void readsALogUpToItsTornEndAndSaysSo() throws IOException {
        Path root = copied("corrupt/waltail");
        Path out = temp.resolve("out");

        ExportReport report = report(root, out, r -> r);

        assertThat(latin1(out).lines().sorted().toList())
                .isEqualTo(golden("corrupt/waltail/export.txt").lines().sorted().toList());
        assertThat(report.complete()).isTrue();
        assertThat(report.warnings()).anyMatch(w -> w.contains("ends in the middle of an entry"));
    }

    @Test
    void mergedLinesHaveAllFieldsOfAPoint() throws IOException {
        assertThat(text(FIXTURES, r -> r.database("fx_tiny").mergeFields(true).pointsOnly(true)))
                .isEqualTo("""
                        m,t=a b=true,f=1.5,i=10i,s="hi" 1600000000000000000
                        m,t=a b=false,f=2.5,i=12i,s="" 1600000010000000000
                        m,t=a b=true,f=2.5,i=9i,s="hi" 1600000020000000000
                        """);
    }

    @Test
    void mergedLinesApplyTheDeletesOfTheLog() throws IOException {
        String text = text(FIXTURES, r -> r.database("fx_wal").mergeFields(true).pointsOnly(true));

        assertThat(text).doesNotContain("1e+21", "w,k=b");
        assertThat(text).contains("w,k=a b=true,f=1,i=0i,s=\"\",u=0u 1600000000000000000\n", "w,k=c f=9 ");
    }

    @Test
    void mergedLinesAreTheLastValuesOfManyFilesThatOverlap() throws IOException {
        var random = new Random(17);
        var expected = new TreeMap<String, TreeMap<Long, TreeMap<String, Long>>>();
        Path shard = Files.createDirectories(temp.resolve("root/data/db/rp/1"));
        Files.createDirectories(temp.resolve("root/wal"));
        for (int file = 1; file <= 4; file++) {
            try (var writer = new TsmWriter(FileChannel.open(
                    shard.resolve("%09d-000000001.tsm".formatted(file)),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE))) {
                for (String series : List.of("a,t=1", "a,t=2", "b")) {
                    for (String field : List.of("x", "y", "z")) {
                        if (random.nextInt(4) == 0) {
                            continue;
                        }
                        var times = new TreeSet<Long>();
                        int count = series.equals("b") ? 90_000 : 900;
                        for (int i = 0; i < count; i++) {
                            times.add((long) random.nextInt(count * 2));
                        }
                        long[] at = times.stream().mapToLong(Long::longValue).toArray();
                        long[] values = random.longs(at.length).toArray();
                        for (int i = 0; i < at.length; i++) {
                            expected.computeIfAbsent(series, s -> new TreeMap<>())
                                    .computeIfAbsent(at[i], t -> new TreeMap<>())
                                    .put(field, values[i]);
                        }
                        writer.write(
                                (series + "#!~#" + field).getBytes(StandardCharsets.UTF_8),
                                TsmBlock.ofIntegers(at, values));
                    }
                }
                writer.finish();
            }
        }
        var lines = new StringBuilder();
        expected.forEach((series, points) -> points.forEach((time, fields) -> {
            var text = new ArrayList<String>();
            fields.forEach((field, value) -> text.add(field + "=" + value + "i"));
            lines.append(series)
                    .append(' ')
                    .append(String.join(",", text))
                    .append(' ')
                    .append(time)
                    .append('\n');
        }));

        assertThat(text(temp.resolve("root"), r -> r.mergeFields(true).pointsOnly(true))
                        .equals(lines.toString()))
                .isTrue();
    }

    @Test
    void mergedLinesAreRightWhereFieldsHaveTheSameTimesAndWhereNot() throws IOException {
        var random = new Random(18);
        Path shard = Files.createDirectories(temp.resolve("root/data/db/rp/1"));
        Files.createDirectories(temp.resolve("root/wal"));
        var points = new TreeMap<String, TreeMap<Long, List<String>>>();
        try (var writer = new TsmWriter(FileChannel.open(
                shard.resolve("000000001-000000001.tsm"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            for (int series = 0; series < 12; series++) {
                String key = "m,t=%02d,long=%s".formatted(series, "x".repeat(200));
                for (String field : List.of("a", "b", "c", "d")) {
                    // Some have every time, others lack one now and then, or a stretch.
                    int lack = random.nextInt(3) == 0 ? random.nextInt(4000) : -1;
                    int width = 1 + random.nextInt(1500);
                    long[] times = LongStream.range(0, 4000)
                            .filter(i -> lack < 0 || i < lack || i >= lack + width)
                            .toArray();
                    double[] values = random.doubles(times.length).toArray();
                    for (int i = 0; i < times.length; i++) {
                        points.computeIfAbsent(key, k -> new TreeMap<>())
                                .computeIfAbsent(times[i], t -> new ArrayList<>())
                                .add(field + "=" + values[i]);
                    }
                    writer.write(
                            (key + "#!~#" + field).getBytes(StandardCharsets.UTF_8), TsmBlock.ofFloats(times, values));
                }
            }
            writer.finish();
        }
        for (long[] window : new long[][] {{0, 5000}, {1, 3998}, {700, 2999}, {1000, 1999}, {2500, 2500}}) {
            String text = text(
                    temp.resolve("root"),
                    r -> r.mergeFields(true).pointsOnly(true).times(window[0], window[1]));

            List<String> expected = points.entrySet().stream()
                    .flatMap(series -> series.getValue().subMap(window[0], true, window[1], true).entrySet().stream()
                            .map(point -> series.getKey() + " " + point.getValue() + " " + point.getKey()))
                    .toList();
            // Floats have more than one text: each is read before it is compared.
            List<String> written = text.lines().map(LineExportTest::reread).toList();
            assertThat(written.equals(expected))
                    .as("window %s", Arrays.toString(window))
                    .isTrue();
        }
    }

    private static String reread(String line) {
        String[] parts = line.split(" ", -1);
        List<String> fields = Arrays.stream(parts[1].split(",", -1))
                .map(field -> field.substring(0, 2) + Double.parseDouble(field.substring(2)))
                .toList();
        return parts[0] + " " + fields + " " + parts[2];
    }

    @Test
    void takesOnlyTheSeriesThatAreWanted() throws IOException {
        String text = text(
                FIXTURES,
                r -> r.database("fx_mixed")
                        .only(List.of("cpu"), Map.of("host", "a"))
                        .pointsOnly(true));

        assertThat(text.lines()).isNotEmpty().allMatch(line -> line.startsWith("cpu,host=a "));
    }

    @Test
    void compressesAndReplacesTheFileThatIsThere() throws IOException {
        Path out = Files.writeString(temp.resolve("out.gz"), "old");

        report(FIXTURES, out, r -> r.database("fx_float").compression(Compression.GZIP));

        try (var in = new GZIPInputStream(Files.newInputStream(out))) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1).equals(golden("export/fx_float.txt")))
                    .isTrue();
        }
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).containsExactly(out);
        }
    }

    @Test
    void partsAreWholeFilesOfTheirOwn() throws IOException {
        ExportReport report = report(
                FIXTURES, temp.resolve("part.lp"), r -> r.database("fx_compact").split(300_000));

        assertThat(report.outputs())
                .containsExactly(
                        temp.resolve("part-001.lp").toString(),
                        temp.resolve("part-002.lp").toString());
        var all = new ArrayList<String>();
        for (String part : report.outputs()) {
            String text = latin1(Path.of(part));
            assertThat(text)
                    .startsWith("# INFLUXDB EXPORT: ")
                    .contains("# CONTEXT-DATABASE:fx_compact\n", "CREATE DATABASE");
            text.lines()
                    .filter(line -> !line.startsWith("#") && !line.startsWith("CREATE"))
                    .forEach(all::add);
        }
        assertThat(all)
                .isEqualTo(golden("export/fx_compact.txt")
                        .lines()
                        .filter(line -> !line.startsWith("#") && !line.startsWith("CREATE"))
                        .toList());
    }

    @Test
    void aPartThatAnotherExportHasLeftIsNamed() throws IOException {
        Files.createFile(temp.resolve("part-002.lp"));
        Files.createFile(temp.resolve("part-003.lp"));

        ExportReport report = report(
                FIXTURES, temp.resolve("part.lp"), r -> r.database("fx_compact").split(300_000));

        assertThat(report.outputs()).hasSize(2);
        assertThat(report.warnings())
                .containsExactly(temp.resolve("part-003.lp") + " is there from an export of more parts");
    }

    /** The original writes an empty file and says nothing; the file is the same. */
    @Test
    void aDatabaseWithoutShardsIsNamed() throws IOException {
        ExportReport report = report(FIXTURES, temp.resolve("out"), r -> r.database("fx_compakt"));

        assertThat(report.files()).isZero();
        assertThat(report.warnings()).singleElement().asString().contains("fx_compakt");
    }

    @Test
    void refusesDirectoriesThatAreNotThere() {
        assertThatThrownBy(() -> report(temp.resolve("none"), temp.resolve("out"), r -> r))
                .isInstanceOf(NotThere.class)
                .hasMessageContaining("data directory");
        assertThat(temp.resolve("out")).doesNotExist();
    }

    @Test
    void leavesOutWhatABackupLeftBehind() throws IOException {
        Path root = temp.resolve("root");
        Files.createDirectories(root.resolve("wal"));
        Files.createDirectories(root.resolve("data/db/rp/1/5.tmp"));
        Files.copy(
                FIXTURES.resolve("data/fx_tiny/autogen/1/000000001-000000001.tsm"),
                root.resolve("data/db/rp/1/5.tmp/000000001-000000001.tsm"));

        assertThat(report(root, temp.resolve("out"), r -> r).files()).isZero();
    }

    @Test
    void exportsAPortableBackup() throws IOException {
        Path backup = Path.of("src/test/resources/fixtures/backups/1.8.10/portable-all");
        Path out = temp.resolve("out");

        ExportReport report = engine.export(ExportRequest.of(new End.Portable(backup), out)
                        .database("telemetry")
                        .mergeFields(true)
                        .scratch(temp.resolve("scratch"))
                        .build())
                .ofType(TransferEvent.Exported.class)
                .map(TransferEvent.Exported::report)
                .blockLast(PATIENCE);

        assertThat(report).isNotNull();
        assertThat(report.complete()).isTrue();
        List<String> lines = Files.readAllLines(out, StandardCharsets.ISO_8859_1);
        assertThat(lines.stream().filter(line -> line.startsWith("CREATE")))
                .hasSize(3)
                .anyMatch(line -> line.startsWith("CREATE DATABASE telemetry WITH DURATION ")
                        && line.endsWith(" NAME \"raw data\""));
        assertThat(lines.stream().filter(line -> line.startsWith("# CONTEXT-RETENTION-POLICY:")))
                .containsExactly(
                        "# CONTEXT-RETENTION-POLICY:autogen",
                        "# CONTEXT-RETENTION-POLICY:one.week",
                        "# CONTEXT-RETENTION-POLICY:raw data");
        try (Stream<Path> left = Files.list(temp.resolve("scratch"))) {
            assertThat(left).isEmpty();
        }
        assertThat(Arrays.asList(report.lines(), report.values())).allMatch(count -> count > 1000);
    }
}
