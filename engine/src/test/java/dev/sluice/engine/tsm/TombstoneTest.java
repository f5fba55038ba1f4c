package dev.sluice.engine.tsm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.TsmDamaged;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TombstoneTest {

    private static final Path FIXTURES = Path.of("src/test/resources/fixtures/tsm");
    private static final String WHOLE = " -9223372036854775808..9223372036854775807";
    private static final long START = 1_600_000_000_000_000_000L;
    private static final long SECOND = 1_000_000_000L;

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4"})
    void everyVersionWithTimesDeletesTheSame(String version) throws IOException {
        assertThat(records(fixture(version)))
                .containsExactly(
                        "cpu,host=b#!~#idle 1600000002000000000..1600000004000000000", "mem,host=b#!~#free" + WHOLE);

        Tombstone tombstone = Tombstone.read(() -> Files.newInputStream(fixture(version)));
        TimeSet idle = tombstone.of(key("cpu,host=b#!~#idle"));
        assertThat(idle.contains(START + SECOND)).isFalse();
        assertThat(idle.contains(START + 2 * SECOND)).isTrue();
        assertThat(idle.contains(START + 4 * SECOND)).isTrue();
        assertThat(idle.contains(START + 4 * SECOND + 1)).isFalse();
        assertThat(tombstone.of(key("mem,host=b#!~#free"))).isEqualTo(TimeSet.ALL);
        assertThat(tombstone.of(key("cpu,host=a#!~#idle"))).isEqualTo(TimeSet.NONE);
        assertThat(tombstone.isEmpty()).isFalse();
    }

    @Test
    void versionOneDeletesWholeKeys() throws IOException {
        assertThat(records(fixture("v1"))).containsExactly("cpu,host=b#!~#idle" + WHOLE, "mem,host=b#!~#free" + WHOLE);
    }

    @Test
    void everyGzipMemberThatADeleteAppendedIsRead() throws IOException {
        Path file = FIXTURES.resolve("data/fx_mixed/autogen/8/000000001-000000001.tombstone");
        assertThat(records(file))
                .containsExactly(
                        "cpu,host=b#!~#idle 1600000002000000000..1600000004000000000",
                        "cpu,host=b#!~#usage 1600000002000000000..1600000004000000000",
                        "cpu,host=b#!~#idle 1600000007000000000..1600000007000000000",
                        "cpu,host=b#!~#usage 1600000007000000000..1600000007000000000",
                        "mem,host=b#!~#free" + WHOLE,
                        "note#!~#ok -9223372036854775808..1600000002999999999",
                        "note#!~#text -9223372036854775808..1600000002999999999");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0A0A", "00001504", "00001502", "000015020000"})
    void aFileWithoutRecordsDeletesNothing(String hex) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        assertThat(Tombstone.read(() -> new ByteArrayInputStream(bytes)).isEmpty())
                .isTrue();
    }

    @Test
    void aLengthCutShortAtTheEndOfAMemberIsNoRecord() throws IOException {
        byte[] first = record("a#!~#f", 1, 2);
        byte[] second = record("b#!~#f", 3, 4);
        byte[] file = members(Arrays.copyOf(first, first.length + 3), second);
        assertThat(records(file)).containsExactly("a#!~#f 1..2", "b#!~#f 3..4");

        byte[] cut = members(first, Arrays.copyOf(second, 4));
        assertThatThrownBy(() -> records(cut))
                .isInstanceOf(TsmDamaged.class)
                .hasMessageContaining("in the middle of a record");
    }

    @Test
    void noCutInsideARecordOrAMemberIsTakenForTheEnd() throws IOException {
        byte[] v4 = members(record("a#!~#f", 1, 2), record("b#!~#f", 3, 4));
        int border = members(record("a#!~#f", 1, 2)).length;
        for (int length = 5; length < v4.length; length++) {
            byte[] cut = Arrays.copyOf(v4, length);
            if (length == border) {
                assertThat(records(cut)).hasSize(1);
            } else {
                assertThatThrownBy(() -> records(cut)).as("%d bytes", length).isInstanceOf(TsmDamaged.class);
            }
        }
        byte[] v2 = Files.readAllBytes(fixture("v2"));
        for (int length = 4; length < v2.length; length++) {
            byte[] cut = Arrays.copyOf(v2, length);
            boolean whole = length < 8 || (length >= 42 && length < 46);
            if (whole) {
                assertThat(records(cut)).hasSize(length < 8 ? 0 : 1);
            } else {
                assertThatThrownBy(() -> records(cut)).as("%d bytes", length).isInstanceOf(TsmDamaged.class);
            }
        }
    }

    @Test
    void everyFlippedBitThatCouldBringBackAPointIsFound() throws IOException {
        byte[] file = Files.readAllBytes(fixture("v4"));
        List<String> whole = records(file);
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] flipped = file.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            List<String> seen;
            try {
                seen = records(flipped);
            } catch (TsmDamaged e) {
                continue;
            }
            // Left are the fields of a gzip header that mean nothing: time, system, the text flag, extra flags.
            assertThat(seen).as("bit %d", bit).isEqualTo(whole);
        }
    }

    @Test
    void garbageOfAnyKindIsRefusedOrHarmless() throws IOException {
        var random = new Random(4);
        byte[] v4 = members(record("a#!~#f", 1, 2), record("b#!~#f", 3, 4));
        byte[] v2 = Files.readAllBytes(fixture("v2"));
        for (int round = 0; round < 5000; round++) {
            byte[] bytes = (round % 2 == 0 ? v4 : v2).clone();
            for (int i = random.nextInt(6); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                records(bytes);
            } catch (TsmDamaged e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            }
        }
    }

    @Test
    void anAbsurdLengthIsRefusedBeforeItIsWaitedFor() {
        byte[] bytes = HexFormat.of().parseHex("00001502" + "7FFFFFFF" + "61");
        assertThatThrownBy(() -> records(bytes))
                .isInstanceOf(TsmDamaged.class)
                .hasMessageContaining("key of 2147483647 bytes");
    }

    @Test
    void cutsOfTheInputDoNotMatter() throws IOException {
        byte[] file = members(record("a#!~#f", 1, 2), record("b#!~#f", 3, 4), record("c".repeat(60000), 5, 6));
        var random = new Random(9);
        for (int round = 0; round < 50; round++) {
            var seen = new ArrayList<String>();
            try (var decoder = new TombstoneDecoder((k, min, max) -> seen.add(text(k, min, max)))) {
                for (int at = 0; at < file.length; ) {
                    int count = Math.min(file.length - at, 1 + random.nextInt(round == 0 ? 1 : 40));
                    decoder.feed(file, at, count);
                    at += count;
                }
                decoder.end();
            }
            assertThat(seen).isEqualTo(records(file));
        }
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        var out = new ByteArrayOutputStream();
        try (var writer = new TombstoneWriter(out)) {
            writer.delete(key("m,t=a#!~#f"), -5, 7);
            writer.delete(key("m,t=b#!~#f"), Long.MIN_VALUE, Long.MAX_VALUE);
            assertThatThrownBy(() -> writer.delete(new byte[0], 1, 2)).hasMessageContaining("1 to 65535");
        }
        assertThat(records(out.toByteArray())).containsExactly("m,t=a#!~#f -5..7", "m,t=b#!~#f" + WHOLE);
        assertThat(out.toByteArray()).startsWith(0, 0, 0x15, 4, 0x1F, 0x8B);
    }

    @Test
    void moreKeysThanMemoryAreReadWindowByWindow() throws IOException {
        var random = new Random(11);
        var expected = new HashMap<String, TimeSet>();
        var out = new ByteArrayOutputStream();
        try (var writer = new TombstoneWriter(out)) {
            for (int i = 0; i < 3000; i++) {
                String key = "m,t=%03d#!~#f".formatted(random.nextInt(700));
                long min = random.nextInt(1000);
                writer.delete(key(key), min, min + 3);
                expected.merge(key, TimeSet.of(min, min + 3), TimeSet::union);
            }
        }
        var opened = new AtomicInteger();
        Tombstone tombstone = Tombstone.read(
                () -> {
                    opened.incrementAndGet();
                    return new ByteArrayInputStream(out.toByteArray());
                },
                40_000);
        for (int i = 0; i < 700; i++) {
            String key = "m,t=%03d#!~#f".formatted(i);
            assertThat(tombstone.of(key(key))).isEqualTo(expected.getOrDefault(key, TimeSet.NONE));
        }
        assertThat(opened.get()).isBetween(3, 12);
        for (int i = 0; i < 20; i++) { // any order is right, only slower
            String key = "m,t=%03d#!~#f".formatted(random.nextInt(700));
            assertThat(tombstone.of(key(key))).isEqualTo(expected.getOrDefault(key, TimeSet.NONE));
        }
    }

    @Test
    void aFailureOfTheDiskIsNotTakenForDamage() throws IOException {
        var broken = InputStream.nullInputStream();
        broken.close();
        assertThatThrownBy(() -> Tombstone.read(() -> broken))
                .isInstanceOf(IOException.class)
                .hasMessage("Stream closed");
    }

    private static List<String> records(Path file) throws IOException {
        return records(Files.readAllBytes(file));
    }

    private static List<String> records(byte[] file) throws IOException {
        var seen = new ArrayList<String>();
        Tombstone.forEach(() -> new ByteArrayInputStream(file), (key, min, max) -> seen.add(text(key, min, max)));
        return seen;
    }

    private static String text(byte[] key, long min, long max) {
        return new String(key, ISO_8859_1) + " " + min + ".." + max;
    }

    private static Path fixture(String version) {
        return FIXTURES.resolve("tombstone-versions/" + version + "/data/db/rp/1/000000001-000000001.tombstone");
    }

    private static byte[] record(String key, long min, long max) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeInt(key.length());
        out.write(key(key));
        out.writeLong(min);
        out.writeLong(max);
        return bytes.toByteArray();
    }

    private static byte[] members(byte[]... members) throws IOException {
        var bytes = new ByteArrayOutputStream();
        new DataOutputStream(bytes).writeInt(0x1504);
        for (byte[] member : members) {
            try (var gzip = new GZIPOutputStream(bytes)) {
                gzip.write(member);
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] key(String text) {
        return text.getBytes(ISO_8859_1);
    }
}
