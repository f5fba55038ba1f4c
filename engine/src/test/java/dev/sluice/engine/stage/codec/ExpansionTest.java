package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ExpansionTest {

    private static final ByteBuf SAME = Unpooled.wrappedBuffer(filled(1000, 'x'));
    private static final ByteBuf ZEROS = Unpooled.wrappedBuffer(filled(1000, 0));
    private static final ByteBuf NEARLY_ZEROS = Unpooled.wrappedBuffer(withLast(filled(1001, 0)));

    @Test
    void bearsAnythingUpToTheFreeAmountAndThenOnlyWhatABackupDoes() {
        var expansion = new Expansion(500, 10_000, 0);
        for (int i = 0; i < 10; i++) {
            assertThat(expansion.bears(0, SAME)).isTrue();
        }
        assertThat(expansion.bears(0, SAME)).isFalse();

        var slow = new Expansion(500, 10_000, 0);
        for (int i = 0; i < 10_000; i++) {
            assertThat(slow.bears(2, SAME)).isTrue(); // five hundred to one
        }
        assertThat(slow.bears(0, SAME)).isFalse();
    }

    @Test
    void whatFillsUpAFailedFileDoesNotCountAtFirst() {
        var expansion = new Expansion(500, 2_000, 50_000);
        for (int i = 0; i < 52; i++) {
            assertThat(expansion.bears(0, ZEROS)).as("chunk %d", i).isTrue();
        }
        assertThat(expansion.bears(0, ZEROS)).isFalse();

        var others = new Expansion(500, 2_000, 50_000);
        assertThat(others.bears(0, NEARLY_ZEROS)).isTrue();
        assertThat(others.bears(0, NEARLY_ZEROS)).isFalse();
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] withLast(byte[] bytes) {
        bytes[bytes.length - 1] = 1;
        return bytes;
    }
}
