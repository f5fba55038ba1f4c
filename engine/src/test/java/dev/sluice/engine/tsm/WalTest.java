package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WalTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final Path FX_WAL = FIXTURES.resolve("wal/fx_wal/autogen/9/_00001.wal");
    private static final Path FX_MIXED = FIXTURES.resolve("wal/fx_mixed/autogen/8/_00003.wal");

    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({"wal/fx_wal/autogen/9/_00001.wal, fx_wal", "wal/fx_mixed/autogen/8/_00003.wal, fx_mixed"})
    void entriesAreWhatTheOriginalDumps(String segment, String golden) throws IOException {
        List<String> dump = Files.readAllLines(FIXTURES.resolve("export/" + golden + ".wal-dump.txt")).stream()
                .map(line -> line.replaceFirst(" sz=.*", ""))
                .toList();
        var read = new ArrayList<String>();
        WalReader.Segment end = segment(Files.readAllBytes(FIXTURES.resolve(segment)), read);
        assertThat(read).containsExactlyElementsOf(dump);
        assertThat(end.problem()).isNull();
        assertThat(end.end()).isEqualTo(Files.size(FIXTURES.resolve(segment)));
    }

    @Test
    void aTornTailIsTheEndAndIsTold() throws IOException {
        byte[] torn = Files.readAllBytes(FIXTURES.resolve("corrupt/waltail/wal/db/rp/1/_00003.wal"));
        var read = new ArrayList<String>();
        WalReader.Segment end = segment(torn, read);
        assertThat(end.end()).isEqualTo(278); // "corrupt at position 278" for influx_inspect
        assertThat(end.torn()).isTrue();
        assertThat(end.problem()).contains("39 of its 44 bytes");
        assertThat(end.entries()).isEqualTo(3);
    }

    @Test
    void everyCutEndsAtTheLastWholeEntry() throws IOException {
        byte[] whole = Files.readAllBytes(FX_WAL);
        List<Long> ends = List.of(0L, 81L, 149L, 199L, 241L, 295L, 356L, 419L, 450L, 490L);
        for (int length = 0; length <= whole.length; length++) {
            int cut = length;
            WalReader.Segment end = segment(Arrays.copyOf(whole, length), new ArrayList<>());
            long last =
                    ends.stream().filter(at -> at <= cut).reduce((a, b) -> b).orElseThrow();
            assertThat(end.end()).isEqualTo(last);
            assertThat(end.torn()).isEqualTo(last < length);
        }
    }

    @Test
    void damageInTheMiddleStopsThereAndIsNoTornTail() throws IOException {
        byte[] file = Files.readAllBytes(FX_WAL);
        file[149] = 9; // the type of the third entry
        WalReader.Segment type = segment(file, new ArrayList<>());
        assertThat(type).isEqualTo(new WalReader.Segment(2, 149, "entry has the unknown type 9", false));

        byte[] snappy = Files.readAllBytes(FX_WAL);
        snappy[154] = (byte) 0xFF; // the plain length of the third entry
        assertThat(segment(snappy, new ArrayList<>()).torn()).isFalse();
        assertThat(segment(snappy, new ArrayList<>()).end()).isEqualTo(149);
    }

    /** Its block ends before its length does, which that of an entry that was cut short never does. */
    @Test
    void aLengthThatSwallowsWhatFollowsIsNoTornTail() throws IOException {
        for (int bit = 1; bit < 27; bit++) {
            byte[] file = Files.readAllBytes(FX_WAL);
            int length = ByteBuffer.wrap(file).getInt(1);
            ByteBuffer.wrap(file).putInt(1, length | 1 << bit);
            if ((length & 1 << bit) != 0) {
                continue;
            }
            WalReader.Segment end = segment(file, new ArrayList<>());
            assertThat(end.problem()).as("bit %d", bit).isNotNull();
            assertThat(end.torn()).as("bit %d: %s", bit, end.problem()).isFalse();
            assertThat(end.end()).isZero();
        }
    }

    @Test
    void readsAnEntryWhenItIsAskedForAndNoFurther() throws IOException {
        var in = new ByteArrayInputStream(Files.readAllBytes(FX_WAL));
        int size = in.available();
        var reader = new WalReader(in);
        for (int end : List.of(81, 149, 199, 241, 295, 356, 419, 450, 490)) {
            assertThat(reader.next()).isNotNull();
            assertThat(size - in.available()).isEqualTo(end);
        }
        while (reader.next() != null) {
            assertThatThrownBy(reader::end).isInstanceOf(IllegalStateException.class);
        }
        assertThat(reader.next()).isNull();
        assertThat(reader.end().end()).isEqualTo(size);
    }

    @Test
    void tellsTheLargestEntryWithoutReadingIt() throws IOException {
        byte[] plain = new byte[400];
        new Random(5).nextBytes(plain);
        var out = new ByteArrayOutputStream();
        var body = new Output(64);
        body.put(plain, 0, 100);
        entry(out, 1, body);
        long first = out.size() - 5L + 100;
        assertThat(largest(out.toByteArray())).isEqualTo(first);
        body.put(plain, 100, 300);
        entry(out, 1, body);
        int end = out.size();
        long second = end - (first - 100 + 5) - 5 + 400;
        entry(out, 9, body);
        body.put(plain, 0, 400);
        entry(out, 1, body);

        assertThat(largest(out.toByteArray())).as("before what is damaged").isEqualTo(second);
        for (int length = 0; length < end; length++) {
            assertThat(largest(Arrays.copyOf(out.toByteArray(), length)))
                    .as("of %d bytes", length)
                    .isIn(0L, first, second);
        }
        assertThat(largest(HexFormat.of().parseHex("0100000006FFFFFF3F0000"))).isEqualTo(6);
        assertThat(largest(HexFormat.of().parseHex("01FFFFFFFF00"))).isZero();
    }

    private static long largest(byte[] segment) throws IOException {
        return WalReader.largest(new ByteArrayInputStream(segment));
    }

    @Test
    void aKeyWithoutAFieldIsLeftOutAndCounted() throws IOException {
        var segment = new ByteArrayOutputStream();
        write(segment, Map.of("cpu,host=a#!~?usage", Map.of(1L, 1.0), "cpu,host=a#!~#usage", Map.of(1L, 2.0)));
        WalReplay.Result result = replay(Map.of("_00001.wal", segment.toByteArray()), 1 << 20);
        assertThat(result.refused()).isEqualTo(1);
        assertThat(result.values()).isEqualTo(1);
    }

    @Test
    void absurdLengthsTakeNoMemory() throws IOException {
        for (String hex : List.of(
                "01FFFFFFFF00", // compressed
                "0107FFFFFF00",
                "01000000060D" + "FFFFFF3F00", // plain
                "0100000015" + "1348" + "01000000" + "00000001" + "00".repeat(11), // no key
                "0100000015" + "1348" + "01FFFF61" + "00".repeat(15), // key
                "0100000015" + "1348" + "01000161" + "FFFFFFFF" + "00".repeat(11), // count
                "030000001A" + "1860" + "00".repeat(16) + "FFFFFFFF" + "00".repeat(4))) { // key of a delete
            WalReader.Segment end = segment(HexFormat.of().parseHex(hex), new ArrayList<>());
            assertThat(end.entries()).as(hex).isZero();
            assertThat(end.problem()).as(hex).isNotNull();
        }
    }

    @Test
    void garbageNeverThrows() throws IOException {
        var random = new Random(2);
        byte[] whole = Files.readAllBytes(FX_WAL);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            WalReader.Segment end = segment(bytes, new ArrayList<>());
            assertThat(end.end()).isLessThanOrEqualTo(bytes.length);
            replay(Map.of("_00001.wal", bytes), 1 << 20);
        }
    }

    @Test
    void whatIsLeftAfterAllDeletesBecomesTsm() throws IOException {
        WalReplay.Result result = replay(Map.of("_00001.wal", Files.readAllBytes(FX_WAL)), WalReplay.MEMORY);
        assertThat(result.files()).isEqualTo(1);
        assertThat(result.damaged()).isEmpty();
        assertThat(result.values()).isEqualTo(13);
        long t = 1_600_000_000_000_000_000L;
        var expected = new LinkedHashMap<String, List<String>>();
        expected.put("w,k=a#!~#b", List.of(t + " true", t + 1_000_000_000L + " false"));
        expected.put("w,k=a#!~#f", List.of(t + " 1.0", t + 1_000_000_000L + " -0.0", t + 3_000_000_000L + " 0.1"));
        expected.put(
                "w,k=a#!~#i",
                List.of(t + " 0", t + 1_000_000_000L + " -1", t + 3_000_000_000L + " -9223372036854775808"));
        expected.put("w,k=a#!~#s", List.of(t + " ", t + 1_000_000_000L + " q\"b\\ n\nl"));
        expected.put("w,k=a#!~#u", List.of(t + " 0", t + 1_000_000_000L + " 18446744073709551615"));
        expected.put("w,k=c#!~#f", List.of(t + 6_000_000_000L + " 9.0"));
        assertThat(FixtureFilesTest.values(file(1))).isEqualTo(expected);
        assertSound(file(1));
    }

    /** The server of this WAL was started again and backed up: its snapshot of the WAL is the last file of the shard. */
    @Test
    void theFileIsTheOneThatInfluxdWritesByteForByte() throws IOException {
        replay(Map.of("_00003.wal", Files.readAllBytes(FX_MIXED)), WalReplay.MEMORY);
        Path backup = FIXTURES.resolve("backup-fx_mixed/20261122T231340Z.s8.tar.gz");
        byte[] snapshot = {};
        try (var tar = new TarArchiveInputStream(new GZIPInputStream(Files.newInputStream(backup)))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (entry.getName().endsWith(".tsm")) {
                    snapshot = tar.readAllBytes();
                }
            }
        }
        assertThat(file(1)).hasBinaryContent(snapshot);
    }

    @Test
    void nothingLeftGivesNoFile() throws IOException {
        var out = new ByteArrayOutputStream();
        write(out, Map.of("m#!~#f", Map.of(1L, 2.0)));
        delete(out, Long.MIN_VALUE, Long.MAX_VALUE, "m#!~#f");
        WalReplay.Result result = replay(Map.of("_00001.wal", out.toByteArray()), WalReplay.MEMORY);
        assertThat(result.files()).isZero();
        assertThat(file(1)).doesNotExist();
    }

    @Test
    void damageInOneSegmentDoesNotHideTheNext() throws IOException {
        byte[] torn = Files.readAllBytes(FIXTURES.resolve("corrupt/waltail/wal/db/rp/1/_00003.wal"));
        WalReplay.Result result =
                replay(Map.of("_00003.wal", torn, "_00004.wal", Files.readAllBytes(FX_WAL)), WalReplay.MEMORY);
        assertThat(result.damaged()).containsOnlyKeys("_00003.wal");
        assertThat(FixtureFilesTest.values(file(1))).containsKeys("cpu,host=c#!~#up", "w,k=c#!~#f");
    }

    @Test
    void aWalLargerThanMemoryComesToTheSame() throws IOException {
        var random = new Random(17);
        var segments = new TreeMap<String, byte[]>();
        var expected = new TreeMap<String, TreeMap<Long, Double>>();
        for (int segment = 1; segment <= 4; segment++) {
            var out = new ByteArrayOutputStream();
            for (int entry = 0; entry < 60; entry++) {
                if (random.nextInt(5) == 0) {
                    String key = name(random);
                    long min = random.nextInt(500);
                    long max = min + random.nextInt(300);
                    delete(out, min, max, key, "not#!~#there");
                    expected.computeIfPresent(key, (k, points) -> {
                        points.subMap(min, true, max, true).clear();
                        return points.isEmpty() ? null : points;
                    });
                    continue;
                }
                var groups = new LinkedHashMap<String, Map<Long, Double>>();
                for (int group = random.nextInt(8); group >= 0; group--) {
                    var points = new LinkedHashMap<Long, Double>();
                    for (int i = random.nextInt(30); i >= 0; i--) {
                        points.put((long) random.nextInt(500), random.nextDouble());
                    }
                    groups.put(name(random), points);
                }
                write(out, groups);
                groups.forEach((key, points) ->
                        expected.computeIfAbsent(key, k -> new TreeMap<>()).putAll(points));
            }
            segments.put("_%05d.wal".formatted(segment), out.toByteArray());
        }
        WalReplay.Result result = replay(segments, 9000);
        assertThat(result.files()).isEqualTo(1);
        var lines = new TreeMap<String, List<String>>();
        expected.forEach((key, points) -> lines.put(
                key,
                points.entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue())
                        .toList()));
        assertThat(FixtureFilesTest.values(file(1))).isEqualTo(lines);
        assertSound(file(1));
    }

    @Test
    void whatNoServerAcceptsIsLeftOutAndCounted() throws IOException {
        var out = new ByteArrayOutputStream();
        write(out, Map.of("m#!~#f", new LinkedHashMap<>(Map.of(1L, 2.0, 3L, Double.NaN))));
        WalReplay.Result result = replay(Map.of("_00001.wal", out.toByteArray()), WalReplay.MEMORY);
        assertThat(result.refused()).isEqualTo(1);
        assertThat(FixtureFilesTest.values(file(1))).containsEntry("m#!~#f", List.of("1 2.0"));
    }

    private static String name(Random random) {
        return "m,t=%02d#!~#f".formatted(random.nextInt(60));
    }

    private static void write(ByteArrayOutputStream out, Map<String, ? extends Map<Long, Double>> groups) {
        var plain = new Output(64);
        groups.forEach((key, points) -> {
            plain.u8(1);
            plain.u16(key.length());
            plain.put(key.getBytes(ISO_8859_1), 0, key.length());
            plain.u32(points.size());
            points.forEach((time, value) -> {
                plain.u64(time);
                plain.u64(Double.doubleToRawLongBits(value));
            });
        });
        entry(out, 1, plain);
    }

    private static void delete(ByteArrayOutputStream out, long min, long max, String... keys) {
        var plain = new Output(64);
        plain.u64(min);
        plain.u64(max);
        for (String key : keys) {
            plain.u32(key.length());
            plain.put(key.getBytes(ISO_8859_1), 0, key.length());
        }
        entry(out, 3, plain);
    }

    private static void entry(ByteArrayOutputStream out, int type, Output plain) {
        var packed = new Output(64);
        Snappy.compress(plain.array(), plain.length(), packed);
        out.write(type);
        out.writeBytes(ByteBuffer.allocate(4).putInt(packed.length()).array());
        out.write(packed.array(), 0, packed.length());
    }

    private WalReplay.Result replay(Map<String, byte[]> segments, long memory) throws IOException {
        Files.deleteIfExists(file(1));
        var sources = new TreeMap<String, FileBytes>();
        segments.forEach((name, bytes) -> sources.put(name, () -> new ByteArrayInputStream(bytes)));
        int[] files = {0};
        return WalReplay.toTsm(
                sources,
                () -> FileChannel.open(file(++files[0]), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                Scratch.in(dir),
                memory);
    }

    private Path file(int number) {
        return dir.resolve("%d.tsm".formatted(number));
    }

    private static void assertSound(Path file) throws IOException {
        try (var channel = FileChannel.open(file)) {
            assertThat(TsmIndexCheck.check("out.tsm", channel, true).findings()).isEmpty();
        }
    }

    /** Reads a segment; lines as the original dumps them, keys sorted within an entry. */
    private static WalReader.Segment segment(byte[] bytes, List<String> lines) throws IOException {
        return WalReader.read(new ByteArrayInputStream(bytes), (entry, offset) -> {
            if (entry instanceof WalEntry.Write write) {
                lines.add("[write]");
                var keys = new TreeMap<String, List<String>>();
                WalCursor at = write.values();
                while (at.nextKey()) {
                    while (at.next()) {
                        keys.computeIfAbsent(new String(at.key(), ISO_8859_1), k -> new ArrayList<>())
                                .add(text(at) + " " + at.time());
                    }
                }
                keys.forEach((key, values) -> values.forEach(value -> lines.add(key + " " + value)));
            } else if (entry instanceof WalEntry.Delete delete) {
                String times = delete.times().toString().replaceAll("[\\[\\]]", "");
                lines.add("[delete-range] min=%s max=%s".formatted((Object[]) times.split("\\.\\.")));
                delete.keys().forEach(key -> lines.add(new String(key, ISO_8859_1)));
            }
        });
    }

    private static String text(WalCursor at) {
        return switch (at.type()) {
            case FLOAT ->
                Double.toString(at.asFloat()).replaceFirst("\\.0$", "").replace("1.0E21", "1e+21");
            case INTEGER -> at.asInteger() + "i";
            case UNSIGNED -> Long.toUnsignedString(at.asInteger()) + "u";
            case BOOLEAN -> Boolean.toString(at.asBoolean());
            case STRING ->
                '"'
                        + new String(at.asString(), ISO_8859_1)
                                .replace("\\", "\\\\")
                                .replace("\"", "\\\"")
                                .replace("\n", "\\n")
                        + '"';
        };
    }
}
