package dev.sluice.engine.tsm;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IndexTailTest {

    private final IndexTail tail = new IndexTail();
    private final List<String> keys = new ArrayList<>();

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 1 << 16, 1 << 30})
    void tellsTheKeysHoweverTheFileIsCut(int piece) throws IOException {
        byte[] file = file(300, 20);

        for (int round = 0; round < 2; round++) {
            keys.clear();
            assertThat(fed(file, piece)).isTrue();
            assertThat(keys).hasSize(300).startsWith("m,host=00000000#!~#f INTEGER");
        }
    }

    @Test
    void ofALargeFileOnlyTheEndIsKept() throws IOException {
        byte[] file = file(2, 400_000);
        assertThat(file.length).isGreaterThan(IndexTail.MOST + (1 << 20));

        assertThat(fed(file, 1 << 16)).isTrue();
        assertThat(keys).hasSize(2);
    }

    @Test
    void saysThatAnIndexIsLongerThanWhatWasKept() throws IOException {
        byte[] file = file(40_000, 1);
        assertThat(file.length).isGreaterThan(IndexTail.MOST);

        assertThat(fed(file, 1 << 16)).isFalse();
    }

    @Test
    void whatIsNoIndexIsNotTakenForOne() throws IOException {
        byte[] file = file(3, 5);

        assertThat(fed(Arrays.copyOf(file, file.length - 1), 100)).as("cut").isFalse();
        assertThat(fed(new byte[200], 100)).as("zeros").isFalse();
        assertThat(fed(new byte[3], 100)).as("too short").isFalse();
        tail.begin(file.length);
        tail.feed(Unpooled.wrappedBuffer(file, 0, 50));
        assertThat(tail.end((key, type) -> {})).as("not all of it").isFalse();
        for (int at = file.length - 100; at < file.length; at++) {
            byte[] broken = file.clone();
            broken[at] ^= 0x5a;
            fed(broken, 64); // whatever comes of it, it comes to an end within the file
        }
    }

    private boolean fed(byte[] file, int piece) {
        tail.begin(file.length);
        for (int at = 0; at < file.length; at += piece) {
            tail.feed(Unpooled.wrappedBuffer(file, at, Math.min(piece, file.length - at)));
        }
        return tail.end((key, type) -> keys.add(new String(key, StandardCharsets.UTF_8) + " " + type));
    }

    private static byte[] file(int series, int points) throws IOException {
        long[] times = IntStream.range(0, points).mapToLong(i -> i * 1_000L).toArray();
        long[] values = new Random(points).longs(points).toArray();
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(bytes))) {
            for (int i = 0; i < series; i++) {
                writer.write(
                        "m,host=%08d#!~#f".formatted(i).getBytes(StandardCharsets.UTF_8),
                        TsmBlock.ofIntegers(times, values));
            }
            writer.finish();
        }
        return bytes.toByteArray();
    }
}
