package dev.sluice.engine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.testkit.InUtc;
import dev.sluice.engine.testkit.InfluxInspect;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxInspect;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Exports and checks of a real server's directories beside those of the original's own tool for files. */
@RequiresInfluxInspect
@ExtendWith(InUtc.class)
class InfluxInspectIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long HOUR = Duration.ofHours(1).toNanos();
    private static final int FLIPS = Boolean.getBoolean("sluice.slow") ? 1_000 : 60;

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    @RequiresInfluxd
    void exportsWhatTheOriginalExports(Binary binary) throws IOException {
        try (var server = stoppedWithTombstonesAndLog(binary)) {
            assertSameExports(server.dataDir(), server.walDir());
            for (String database : List.of("telemetry", "edge.site-7", "日本 \"quoted\"", "large")) {
                assertSameExports(server.dataDir(), server.walDir(), "-database", database);
                assertSameExports(server.dataDir(), server.walDir(), "-database", database, "-retention", "autogen");
            }
            assertSameExports(
                    server.dataDir(), server.walDir(), "-database", "edge.site-7", "-retention", "raw data", "-lponly");
            assertSameExports(server.dataDir(), server.walDir(), "-database", "nosuch");
            assertSameExports(server.dataDir(), server.walDir(), "-compress");
            assertSameExports(server.dataDir(), server.walDir(), "-lponly");
            assertSameExports(server.dataDir(), server.walDir(), "-lponly", "-compress", "-database", "telemetry");
            for (long[] range : new long[][] {{7 * HOUR, 100 * HOUR}, {1, 24 * HOUR}, {24 * HOUR, 24 * HOUR}}) {
                String start = time(SampleLines.START + range[0]);
                String end = time(SampleLines.START + range[1]);
                assertSameExports(server.dataDir(), server.walDir(), "-start", start, "-end", end);
                assertSameExports(server.dataDir(), server.walDir(), "-start", start);
                assertSameExports(server.dataDir(), server.walDir(), "-end", end, "-database", "large");
            }
        }
    }

    @Test
    void exportsWhatTheOriginalExportsOfTheRecordedDirectories() throws IOException {
        assertSameExports(FIXTURES.resolve("data"), FIXTURES.resolve("wal"));
        assertSameExports(FIXTURES.resolve("data"), FIXTURES.resolve("wal"), "-lponly");
        assertSameExports(
                FIXTURES.resolve("data"),
                FIXTURES.resolve("wal"),
                "-start",
                "2020-09-13T12:26:40.000000001Z",
                "-end",
                "2020-09-13T12:26:43.5Z");
    }

    /** One flipped bit at a time, in any byte of any data file. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    @RequiresInfluxd
    void findsWhatTheOriginalFinds(Binary binary) throws IOException {
        try (var server = stoppedWithTombstonesAndLog(binary)) {
            List<Path> files = files(server.dataDir(), ".tsm");
            assertThat(files).hasSizeGreaterThan(SampleLines.SHARDS);
            assertThat(originalFinds(server)).as("before").isFalse();
            assertThat(damage(server)).isEmpty();
            var random = new Random(23);
            int found = 0;
            for (int flip = 0; flip < FLIPS; flip++) {
                Path file = files.get(random.nextInt(files.size()));
                byte[] bytes = Files.readAllBytes(file);
                int at = random.nextInt(bytes.length);
                int bit = 1 << random.nextInt(8);
                bytes[at] ^= (byte) bit;
                Files.write(file, bytes);
                if (originalFinds(server)) {
                    found++;
                    Path shard = server.dataDir().relativize(file.resolveSibling(""));
                    assertThat(damage(server))
                            .as("bit %d of byte %d of %s", bit, at, file)
                            .isNotEmpty()
                            .anySatisfy(what -> assertThat(what)
                                    .contains(
                                            shard.toString(), file.getFileName().toString()));
                }
                bytes[at] ^= (byte) bit;
                Files.write(file, bytes);
            }
            assertThat(found).as("flips that the original finds").isGreaterThan(FLIPS / 2);
        }
    }

    private static boolean originalFinds(RealInfluxd server) {
        ToolRun run = InfluxInspect.run(List.of("verify", "-dir", server.home().toString()));
        return run.exitCode() != 0 || !run.output().contains("Broken Blocks: 0 /");
    }

    /** What Sluice says is damaged. */
    private List<String> damage(RealInfluxd server) {
        CopyReport report = engine.verify(
                        VerifyRequest.of(directories(server.dataDir(), server.walDir(), server.metaDir())))
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE);
        assertThat(report).isNotNull();
        return Stream.concat(
                        report.notices().stream()
                                .filter(notice -> notice.kind() == Notice.Kind.DAMAGED)
                                .map(Notice::message),
                        report.outcomes().stream()
                                .filter(ShardOutcome.Failed.class::isInstance)
                                .map(outcome ->
                                        ((ShardOutcome.Failed) outcome).why().getMessage()))
                .toList();
    }

    /**
     * The directories of a server that was killed: several data files in a shard, values that were overwritten, deletions
     * that no compaction has carried out, and a write-ahead log with all of that again.
     */
    private RealInfluxd stoppedWithTombstonesAndLog(Binary binary) throws IOException {
        for (int attempt = 1; ; attempt++) { // a compaction may be faster than we are
            RealInfluxd server = RealInfluxd.started(binary);
            try {
                server.createDatabase("large");
                for (int file = 0; file < 2; file++) {
                    SampleLines.fill(server, file);
                    server.write("large", SampleLines.lines(SampleLines.START, 1_000_000, 20_000, new Random(file)));
                    server.influxdBackup(
                            "-portable", temp.resolve("flush-" + attempt + file).toString());
                }
                server.query("DELETE FROM cpu WHERE host = 'a'", "telemetry");
                server.query(
                        "DELETE FROM net WHERE time >= %d AND time < %d"
                                .formatted(SampleLines.START + 1_000_000_000, SampleLines.START + 3_000_000_000L),
                        "large");
                server.query("DROP MEASUREMENT log", "large");
                SampleLines.fill(server, 3);
                server.query("DELETE FROM flag WHERE host = 'a'", "telemetry");
                server.kill();
                if (files(server.dataDir().resolve("telemetry"), ".tombstone").isEmpty()
                        || files(server.dataDir().resolve("large"), ".tombstone")
                                .isEmpty()) {
                    assertThat(attempt).as("attempts overtaken by a compaction").isLessThan(10);
                    server.close();
                    continue;
                }
                assertThat(files(server.walDir(), ".wal")).isNotEmpty();
                return server;
            } catch (RuntimeException | Error e) {
                server.close();
                throw e;
            }
        }
    }

    private static List<Path> files(Path root, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }

    private static End.Data directories(Path data, Path wal, @Nullable Path meta) {
        return new End.Data(data, Optional.ofNullable(meta), Optional.of(wal));
    }

    private void assertSameExports(Path data, Path wal, String... flags) throws IOException {
        Path theirs = temp.resolve("theirs");
        var args = new ArrayList<>(
                List.of("export", "-datadir", data.toString(), "-waldir", wal.toString(), "-out", theirs.toString()));
        args.addAll(List.of(flags));
        ToolRun run = InfluxInspect.run(args);
        assertThat(run.exitCode()).as(run.output()).isZero();
        Path ours = temp.resolve("ours");

        ExportReport report = engine.export(request(ExportRequest.of(directories(data, wal, null), ours), flags))
                .ofType(TransferEvent.Exported.class)
                .map(TransferEvent.Exported::report)
                .blockLast(PATIENCE);

        assertThat(report).isNotNull();
        assertThat(report.complete()).as(report.toString()).isTrue();
        Text expected = Text.of(theirs, List.of(flags));
        Text text = Text.of(ours, List.of(flags));
        String which = String.join(" ", flags);
        // Not by isEqualTo on whole texts: what differs would be told in megabytes.
        assertThat(text.head()).as(which).isEqualTo(expected.head());
        assertThat(text.sections().keySet())
                .as(which)
                .isEqualTo(expected.sections().keySet());
        expected.sections().forEach((name, section) -> {
            Section own = Objects.requireNonNull(text.sections().get(name));
            assertThat(own.ordered().equals(section.ordered()))
                    .as(which + ": data files of " + name)
                    .isTrue();
            assertThat(own.byKey().equals(section.byKey()))
                    .as(which + ": log of " + name)
                    .isTrue();
        });
    }

    private static ExportRequest request(ExportRequest.Builder request, String... flags) {
        long start = Long.MIN_VALUE;
        long end = Long.MAX_VALUE;
        Iterator<String> rest = List.of(flags).iterator();
        while (rest.hasNext()) {
            switch (rest.next()) {
                case "-database" -> request.database(rest.next());
                case "-retention" -> request.policy(rest.next());
                case "-start" -> start = nanos(rest.next());
                case "-end" -> end = nanos(rest.next());
                case "-lponly" -> request.pointsOnly(true);
                case "-compress" -> request.compression(Compression.GZIP);
                default -> throw new IllegalArgumentException(String.join(" ", flags));
            }
        }
        return request.times(start, end).build();
    }

    private static String time(long nanos) {
        return Instant.ofEpochSecond(0, nanos).toString();
    }

    private static long nanos(String time) {
        Instant instant = Instant.parse(time);
        return instant.getEpochSecond() * 1_000_000_000 + instant.getNano();
    }

    /**
     * The text of an export, brought into an order where the original has none: statements, policies, and keys inside an
     * entry of the log.
     *
     * @param head the first line and the statements
     */
    private record Text(List<String> head, SortedMap<String, Section> sections) {

        private static final Pattern CONTEXT =
                Pattern.compile("^# CONTEXT-DATABASE:(.*)\n# CONTEXT-RETENTION-POLICY:(.*)\n", Pattern.MULTILINE);

        static Text of(Path file, List<String> flags) throws IOException {
            try (InputStream in = Files.newInputStream(file);
                    InputStream plain = flags.contains("-compress") ? new GZIPInputStream(in) : in) {
                String text = new String(plain.readAllBytes(), ISO_8859_1);
                return flags.contains("-lponly") ? ofPoints(text, flags.contains("-retention")) : of(text);
            }
        }

        /** Nothing in it tells where a policy begins, nor which comes first. */
        private static Text ofPoints(String text, boolean onePolicy) {
            Section section = Section.of("", text);
            if (!onePolicy) {
                section.byKey().values().forEach(lines -> lines.sort(null));
            }
            return new Text(List.of(), new TreeMap<>(Map.of("", section)));
        }

        private static Text of(String text) {
            var sections = new TreeMap<String, Section>();
            int points = text.indexOf("# DML\n");
            Matcher context = CONTEXT.matcher(text);
            String name = "";
            int begin = -1;
            while (context.find()) {
                if (begin >= 0) {
                    sections.put(name, Section.of(text.substring(begin, context.start())));
                }
                name = context.group(1) + "/" + context.group(2);
                begin = context.end();
            }
            if (begin >= 0) {
                sections.put(name, Section.of(text.substring(begin)));
            }
            return new Text(statements(text.substring(0, points).lines().toList()), sections);
        }

        /** Sorted; up to 1.8 the original creates a database for each of its policies, of which the second fails. */
        private static List<String> statements(List<String> head) {
            var sorted = new ArrayList<>(head.subList(0, 2));
            Map<String, List<String>> policies = new TreeMap<>();
            var others = new TreeSet<String>();
            Pattern create = Pattern.compile("CREATE DATABASE (.+) WITH NAME (.+)");
            for (String line : head.subList(2, head.size())) {
                Matcher database = create.matcher(line);
                if (database.matches()) {
                    policies.computeIfAbsent(database.group(1), name -> new ArrayList<>())
                            .add(database.group(2));
                } else {
                    others.add(line);
                }
            }
            policies.forEach((database, names) -> {
                if (names.size() == 1) {
                    others.add("CREATE DATABASE %s WITH NAME %s".formatted(database, names.get(0)));
                } else {
                    others.add("CREATE DATABASE %s WITH NAME autogen".formatted(database));
                    names.stream()
                            .filter(name -> !name.equals("autogen"))
                            .forEach(name -> others.add("CREATE RETENTION POLICY %s ON %s DURATION 0s REPLICATION 1"
                                    .formatted(name, database)));
                }
            });
            sorted.addAll(others);
            return sorted;
        }
    }

    /**
     * The points of one policy.
     *
     * @param ordered those of data files
     * @param byKey those of the log, which keeps the order of each key's values only
     */
    private record Section(String ordered, SortedMap<String, List<String>> byKey) {

        private static final String LOG = "# writing wal data\n";
        private static final Pattern KEY = Pattern.compile("((?:\\\\.|[^ \\\\])+ (?:\\\\.|[^=\\\\])+)=.*");

        static Section of(String text) {
            int log = text.indexOf(LOG);
            return log < 0
                    ? new Section(text, new TreeMap<>())
                    : of(text.substring(0, log + LOG.length()), text.substring(log + LOG.length()));
        }

        static Section of(String ordered, String log) {
            var byKey = new TreeMap<String, List<String>>();
            for (String line : log.split("\n", -1)) {
                Matcher key = KEY.matcher(line);
                byKey.computeIfAbsent(key.matches() ? key.group(1) : "", name -> new ArrayList<>())
                        .add(line);
            }
            byKey.computeIfPresent("", (name, lines) -> { // parts of values with newlines: whose is not known
                lines.sort(null);
                return lines;
            });
            return new Section(ordered, byKey);
        }
    }
}
