package dev.sluice.engine.wire;

import static dev.sluice.engine.wire.Recorded.buffer;
import static dev.sluice.engine.wire.Recorded.drain;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.Metadata;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MetastoreAnswerTest {

    private static final String VERSIONS = "dev.sluice.engine.wire.Recorded#versions";

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void readsAndWritesWhatServersSend(String version) {
        byte[] bytes = Recorded.rpc(version, "meta.response");

        MetastoreAnswer answer = MetastoreAnswer.decode(buffer(bytes));

        assertThat(answer.metadata().toByteArray()).isEqualTo(Arrays.copyOfRange(bytes, 16, bytes.length - 13));
        assertThat(answer.node()).isEqualTo("null\n".getBytes(UTF_8));
        assertThat(answer).isEqualTo(new MetastoreAnswer(answer.metadata()));
        assertThat(drain(answer.encode(ByteBufAllocator.DEFAULT))).isEqualTo(bytes);
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void refusesEveryTruncation(String version) {
        byte[] bytes = Recorded.rpc(version, "meta.response");
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatExceptionOfType(MalformedResponse.class)
                    .isThrownBy(() -> MetastoreAnswer.decode(buffer(cut)))
                    .withMessageContaining("ended after %d bytes", length)
                    .satisfies(e -> assertThat(e.offset()).isEqualTo(cut.length));
        }
    }

    @ParameterizedTest
    @MethodSource(VERSIONS)
    void knowsTheLengthAsSoonAsBothLengthsAreThere(String version) {
        byte[] bytes = Recorded.rpc(version, "meta.response");
        for (int length = 0; length <= bytes.length; length++) {
            ByteBuf soFar = buffer(bytes).slice(0, length);
            if (length < bytes.length - 5) {
                assertThat(MetastoreAnswer.expectedLength(soFar)).isEmpty();
            } else {
                assertThat(MetastoreAnswer.expectedLength(soFar)).hasValue(bytes.length);
            }
            assertThat(soFar.readerIndex()).isZero();
        }
    }

    @Test
    void countsFromTheReaderIndex() {
        ByteBuf in = buffer(Recorded.rpc("1.8.10", "meta.response"));
        ByteBuf shifted = buffer(new byte[] {1, 2, 3});
        ByteBuf both = io.netty.buffer.Unpooled.wrappedBuffer(shifted, in).skipBytes(3);

        assertThat(MetastoreAnswer.decode(both).metadata())
                .isEqualTo(MetastoreAnswer.decode(buffer(Recorded.rpc("1.8.10", "meta.response")))
                        .metadata());
        assertThat(both.isReadable()).isFalse();
    }

    @Test
    void refusesAnotherProtocolAfterEightBytes() {
        ByteBuf http = buffer("HTTP/1.1".getBytes(UTF_8));
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> MetastoreAnswer.expectedLength(http))
                .withMessageContaining("begins with 'HTTP/1.1'")
                .satisfies(e -> assertThat(e.offset()).isZero());
        assertThat(MetastoreAnswer.expectedLength(buffer("HTTP".getBytes(UTF_8))))
                .isEmpty();
    }

    @Test
    void refusesBytesAfterTheEnd() {
        byte[] bytes = Recorded.rpc("1.8.10", "meta.response");
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> MetastoreAnswer.decode(buffer(Arrays.copyOf(bytes, bytes.length + 1))))
                .withMessageContaining("goes on after its end")
                .satisfies(e -> assertThat(e.offset()).isEqualTo(bytes.length));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE, MetastoreAnswer.MAX_PART, 1100})
    void allocatesNothingForLengthsThatLie(long length) {
        byte[] bytes = Recorded.rpc("1.8.10", "meta.response");
        for (int offset : new int[] {8, bytes.length - 13}) {
            ByteBuf lying = buffer(bytes.clone()).setLong(offset, length);
            assertThat(Allocated.by(() -> assertThatExceptionOfType(MalformedResponse.class)
                            .isThrownBy(() -> MetastoreAnswer.decode(lying))))
                    .isLessThan(4 << 20);
        }
    }

    @Test
    void garbageIsRefusedAndNothingElse() {
        var random = new Random(42);
        byte[] sample = Recorded.rpc("1.12.4", "meta.response");
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = Arrays.copyOf(sample, random.nextInt(sample.length + 20));
            for (int n = random.nextInt(4); n > 0 && bytes.length > 0; n--) {
                bytes[random.nextInt(Math.min(bytes.length, random.nextBoolean() ? 24 : bytes.length))] =
                        (byte) random.nextInt(256);
            }
            try {
                MetastoreAnswer answer = MetastoreAnswer.decode(buffer(bytes));
                assertThat(drain(answer.encode(ByteBufAllocator.DEFAULT))).isEqualTo(bytes);
            } catch (MalformedResponse e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
                refused++;
            }
        }
        assertThat(refused).isBetween(10_000, 19_999);
    }

    @Test
    void keepsItsBytesToItself() {
        byte[] node = {1};
        var answer = new MetastoreAnswer(Metadata.of(new byte[0]), node);
        node[0] = 2;
        answer.node()[0] = 3;
        assertThat(answer.node()).containsExactly(1);
    }
}
