package dev.sluice.engine.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TextBufferTest {

    private static final byte[] START = "m,t=x f=".getBytes(StandardCharsets.US_ASCII);

    @Test
    void integersAreWrittenAsJavaWritesThem() {
        var random = new Random(11);
        for (int i = 0; i < 50_000; i++) {
            long value = integer(i, random);
            assertThat(text(new TextBuffer(4).append(value))).isEqualTo(Long.toString(value));
            assertThat(text(new TextBuffer(4).appendUnsigned(value))).isEqualTo(Long.toUnsignedString(value));
        }
    }

    @Test
    void manyLinesAreWrittenLikeSingleOnes() {
        var random = new Random(12);
        for (int round = 0; round < 200; round++) {
            int count = 1 + random.nextInt(300);
            long[] times = new long[count];
            long[] integers = new long[count];
            double[] floats = new double[count];
            long now = 1_000_000_000_000_000_000L + (random.nextLong() >>> 3);
            for (int i = 0; i < count; i++) {
                now += 1 + random.nextInt(1 << random.nextInt(31));
                times[i] = now;
                integers[i] = integer(random.nextInt(100), random);
                floats[i] = random.nextBoolean() ? random.nextGaussian() : random.nextInt(10_000) / 100.0;
            }
            LineEndings endings = LineEndings.of(times);
            assertThat(LineEndings.suit(times)).isTrue();
            assertThat(endings.areOf(times.clone())).isTrue();
            int from = random.nextInt(count);
            int most = random.nextInt(20_000);

            var some = new TextBuffer(16);
            var single = new TextBuffer(16);
            int behind = some.lines(START, floats, endings, from, count, most);
            for (int i = from; i < count && single.length() < most; i++) {
                single.append(START)
                        .append(floats[i])
                        .append(' ')
                        .append(times[i])
                        .append('\n');
            }
            assertThat(text(some)).as("round %d", round).isEqualTo(text(single));
            assertThat(behind - from).isEqualTo(text(some).lines().count());

            most += some.length();
            behind = some.lines(START, integers, endings, from, count, most);
            assertThat(behind - from)
                    .isEqualTo(text(some).lines().count() - text(single).lines().count());
            for (int i = from; i < behind; i++) {
                single.append(START).append(integers[i]).append('i').append(endings, i);
            }
            assertThat(text(some)).as("round %d", round).isEqualTo(text(single));
            assertThat(behind == count || some.length() >= most).isTrue();
        }
    }

    private static long integer(int i, Random random) {
        return switch (i % 8) {
            case 0 -> Long.MIN_VALUE >> random.nextInt(64);
            case 1 -> Long.MAX_VALUE >> random.nextInt(64);
            case 2 -> (long) Math.pow(10, random.nextInt(19)) - random.nextInt(2);
            case 3 -> random.nextInt(2_000) - 1_000L;
            default -> random.nextLong() >> random.nextInt(64);
        };
    }

    private static String text(TextBuffer buffer) {
        return new String(buffer.toByteArray(), StandardCharsets.US_ASCII);
    }
}
