package dev.sluice.engine.transfer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.line.SeriesFilter;
import dev.sluice.engine.line.TextPool;
import dev.sluice.engine.testkit.WalSegment;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WalChunkTest {

    private static final Place PLACE = new Place("db", "rp");

    /** What is read ahead of the text, at most. */
    private static final int AHEAD = 1 << 16;

    private final Telling telling = new Telling();
    private final Findings findings = new Findings(telling, false);
    private final OpenFiles open = new OpenFiles();

    @TempDir
    Path temp;

    /** A segment, and the lines of it, which go with the series. */
    private static final class Sample {
        final WalSegment segment = new WalSegment();
        final List<String> lines = new ArrayList<>();
        final List<Long> times = new ArrayList<>();
        private final Random random;

        Sample(Random random) {
            this.random = random;
        }

        Sample entries(int count) {
            for (int i = 0; i < count; i++) {
                if (random.nextInt(9) == 0) {
                    segment.delete("m,host=a#!~#f");
                }
                int keys = 1 + random.nextInt(6);
                segment.write(write -> {
                    for (int k = 0; k < keys; k++) {
                        key(write, 1 + random.nextInt(5), 1 + random.nextInt(1 << random.nextInt(9)));
                    }
                });
            }
            return this;
        }

        private void key(WalSegment.Write write, int type, int count) {
            String series = "m,host=" + "abc".charAt(random.nextInt(3)) + "x".repeat(random.nextInt(40));
            String field = List.of("f", "a b", "c=d", "e,\"f").get(random.nextInt(4));
            write.key(type, series + "#!~#" + field, count);
            String start = series + " " + field.replaceAll("([ ,\"=])", "\\\\$1") + "=";
            for (int i = 0; i < count; i++) {
                long time = random.nextInt(1_000_000) - 10_000L;
                int number = random.nextInt(100_000) - 50_000;
                String text = "\"".repeat(random.nextInt(2)) + "t\\".repeat(random.nextInt(2)) + number;
                switch (type) {
                    case 1 -> write.value(time, Double.doubleToRawLongBits(number + 0.5));
                    case 2 -> write.value(time, number);
                    case 3 -> write.value(time, number > 0);
                    case 4 -> write.value(time, text);
                    default -> write.value(time, number | Long.MIN_VALUE);
                }
                times.add(time);
                lines.add(start
                        + switch (type) {
                            case 1 -> Double.toString(number + 0.5);
                            case 2 -> number + "i";
                            case 3 -> Boolean.toString(number > 0);
                            case 4 -> '"' + text.replaceAll("[\"\\\\]", "\\\\$0") + '"';
                            default -> Long.toUnsignedString(number | Long.MIN_VALUE) + "u";
                        }
                        + " " + time + "\n");
            }
        }

        String text(Predicate<String> series, long start, long end) {
            var text = new StringBuilder();
            for (int i = 0; i < lines.size(); i++) {
                if (series.test(lines.get(i)) && times.get(i) >= start && times.get(i) <= end) {
                    text.append(lines.get(i));
                }
            }
            return text.toString();
        }
    }

    private static ExportOptions options(long start, long end, SeriesFilter filter) {
        return new ExportOptions(
                Optional.empty(), Optional.empty(), start, end, true, false, filter, OptionalLong.empty(), false);
    }

    private static ExportOptions all() {
        return options(Long.MIN_VALUE, Long.MAX_VALUE, SeriesFilter.ALL);
    }

    private Path file(WalSegment segment) throws IOException {
        return Files.write(temp.resolve("_00001.wal"), segment.toByteArray());
    }

    private WalChunk chunk(Path segment, ExportOptions options, int piece) {
        return new WalChunk(
                PLACE, segment, options, open, new WalDamage(telling, findings), new TextPool(piece + 64, 4), piece);
    }

    private static String text(Piece piece) {
        ByteBuf bytes = piece.text().toByteBuf();
        try {
            return bytes.toString(ISO_8859_1);
        } finally {
            bytes.release();
        }
    }

    private static List<String> pieces(WalChunk chunk) throws IOException {
        var all = new ArrayList<String>();
        for (Piece piece = chunk.next(); piece != null; piece = chunk.next()) {
            all.add(text(piece));
            assertThat(all.get(all.size() - 1).lines()).hasSize((int) piece.lines());
            assertThat(piece.values()).isEqualTo(piece.lines());
        }
        assertThat(chunk.next()).isNull();
        return all;
    }

    @Test
    void theLinesAreTheSameHoweverLargeAPieceIs() throws IOException {
        for (int seed = 0; seed < 150; seed++) {
            var random = new Random(seed);
            Sample sample = new Sample(random).entries(1 + random.nextInt(30));
            int longest = sample.lines.stream().mapToInt(String::length).max().orElse(0);
            int bound = 1 + random.nextInt(1 << random.nextInt(17));

            List<String> pieces = pieces(chunk(file(sample.segment), all(), bound));

            assertThat(String.join("", pieces).equals(sample.text(line -> true, Long.MIN_VALUE, Long.MAX_VALUE)))
                    .as("seed %d", seed)
                    .isTrue();
            assertThat(pieces).as("seed %d", seed).allMatch(piece -> piece.length() < bound + longest);
            assertThat(pieces.subList(0, pieces.size() - 1))
                    .as("seed %d", seed)
                    .allMatch(piece -> piece.length() >= bound);
        }
    }

    @Test
    void takesOnlyWhatIsWanted() throws IOException {
        for (int seed = 0; seed < 50; seed++) {
            var random = new Random(seed);
            Sample sample = new Sample(random).entries(20);
            long start = random.nextInt(500_000);
            long end = start + random.nextInt(500_000);
            var filter = SeriesFilter.of(List.of("m"), Map.of("host", "a"));

            List<String> pieces = pieces(chunk(file(sample.segment), options(start, end, filter), 300));

            assertThat(String.join("", pieces).equals(sample.text(line -> line.startsWith("m,host=a "), start, end)))
                    .as("seed %d", seed)
                    .isTrue();
        }
    }

    /** What was cut off behind that is missed only if it had not been read. */
    @Test
    void readsWhatAPieceNeedsAndNoMore() throws IOException {
        var segment = new WalSegment();
        var ends = new ArrayList<Integer>();
        for (int i = 0; i < 5_000; i++) {
            long time = i;
            segment.write(write -> write.key(2, "m#!~#f", 10)
                    .value(time, 1)
                    .value(time, 2)
                    .value(time, 3)
                    .value(time, 4)
                    .value(time, 5)
                    .value(time, 6)
                    .value(time, 7)
                    .value(time, 8)
                    .value(time, 9)
                    .value(time, 10));
            ends.add(segment.size());
        }
        Path file = file(segment);
        WalChunk chunk = chunk(file, all(), 1_000);
        int lines = 0;
        for (int i = 0; i < 20; i++) {
            lines += (int) Objects.requireNonNull(chunk.next()).lines();
        }
        int needed = (lines + 9) / 10;
        int kept = needed + 1 + AHEAD / ends.get(0);
        assertThat(kept).isLessThan(1_000);

        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(ends.get(kept - 1));
        }

        assertThat(lines
                        + pieces(chunk).stream()
                                .mapToInt(piece -> (int) piece.lines().count())
                                .sum())
                .isEqualTo(kept * 10);
    }

    @Test
    void whatStandsBeforeDamageComesAndTheDamageIsToldOnce() throws IOException {
        Sample sample = new Sample(new Random(3)).entries(10);
        int good = sample.segment.size();
        sample.segment.damage();

        List<String> pieces = pieces(chunk(file(sample.segment), all(), 200));

        assertThat(String.join("", pieces).equals(sample.text(line -> true, Long.MIN_VALUE, Long.MAX_VALUE)))
                .isTrue();
        assertThat(findings.damage()).singleElement().asString().contains("byte " + good, "unknown type 9");
    }

    @Test
    void endsWhenItsFileIsClosedUnderneath() throws IOException {
        Path file = file(new Sample(new Random(4)).entries(200).segment);
        WalChunk begun = chunk(file, all(), 100);
        assertThat(begun.next()).isNotNull();

        open.close();

        assertThatThrownBy(() -> pieces(begun)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> pieces(chunk(file, all(), 100))).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void asManySegmentsGoSideBySideAsTheHeapHasRoomForTheirEntries() throws IOException {
        var small = new WalSegment().write(write -> write.key(1, "m#!~#f", 1).value(1, 1));
        var large = new WalSegment().write(write -> write.key(4, "m#!~#f", 1).value(1, "x".repeat(1 << 20)));
        Path one = Files.write(temp.resolve("_00001.wal"), small.toByteArray());
        Path two = Files.write(temp.resolve("_00002.wal"), large.toByteArray());
        Path gone = temp.resolve("_00003.wal");

        assertThat(WalChunk.sideBySide(List.of(one, one), 16 << 20, 3)).isEqualTo(3);
        assertThat(WalChunk.sideBySide(List.of(one, two, one), 64 << 20, 3)).isEqualTo(3);
        assertThat(WalChunk.sideBySide(List.of(one, two, one), 20 << 20, 3)).isEqualTo(2);
        assertThat(WalChunk.sideBySide(List.of(one, two, one), 8 << 20, 3)).isEqualTo(1);
        assertThat(WalChunk.sideBySide(List.of(gone, one), 64 << 20, 3)).isEqualTo(3);
    }
}
