package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.sluice.engine.error.EncoderFailed;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.CodecSamples.Content;
import dev.sluice.engine.stage.codec.CodecSamples.Placement;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SlabEncodersTest {

    private static final GzipEncoderProvider JDK = new JdkDeflate();

    static IntStream gzipLevels() {
        return IntStream.rangeClosed(0, 9);
    }

    static IntStream zstdLevels() {
        return IntStream.rangeClosed(-7, 19);
    }

    @ParameterizedTest
    @MethodSource("gzipLevels")
    void gzipOfEveryLevelComesBack(int level) {
        try (SlabEncoder encoder = encoder(new Compression(Codec.GZIP, level))) {
            SlabEncoderCheck.smallSlabsComeBack(encoder, Codec.GZIP);
            SlabEncoderCheck.largeSlabsComeBack(encoder, Codec.GZIP);
        }
    }

    @ParameterizedTest
    @MethodSource("zstdLevels")
    void zstdOfEveryLevelComesBack(int level) {
        try (SlabEncoder encoder = encoder(new Compression(Codec.ZSTD, level))) {
            SlabEncoderCheck.smallSlabsComeBack(encoder, Codec.ZSTD);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-7, -1, 1, 3, 9, 19})
    void zstdOfLargeSlabsComesBack(int level) {
        try (SlabEncoder encoder = encoder(new Compression(Codec.ZSTD, level))) {
            SlabEncoderCheck.largeSlabsComeBack(encoder, Codec.ZSTD);
        }
    }

    @Test
    void noneHasNoEncoder() {
        assertThat(SlabEncoders.forCompression(Compression.NONE)).isEmpty();
    }

    @Test
    void aSlabThatDoesNotShrinkIsStored() {
        byte[] noise = Content.RANDOM.bytes(1 << 20);
        byte[] stored;
        try (SlabEncoder encoder = encoder(Compression.GZIP_STORED)) {
            stored = CodecSamples.encoded(encoder, noise);
        }
        assertThat(stored).hasSize(10 + (1 << 20) + 17 * 5 + 8);
        try (SlabEncoder encoder = encoder(new Compression(Codec.GZIP, 6))) {
            assertThat(CodecSamples.encoded(encoder, noise)).isEqualTo(stored);
        }
    }

    @Test
    void zstdFramesTellTheirSizeAndHaveAChecksum() {
        try (SlabEncoder encoder = encoder(Compression.ZSTD)) {
            byte[] frame = CodecSamples.encoded(encoder, Content.TEXT.bytes(70_000));
            assertThat(com.github.luben.zstd.Zstd.getFrameContentSize(frame)).isEqualTo(70_000);
            assertThat(frame[4] & 0x04).as("checksum flag").isNotZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void onlyTheFirstMemberIsNamed(int level) {
        try (SlabEncoder encoder = encoder(new Compression(Codec.GZIP, level))) {
            ByteBuf slab = Placement.DIRECT.of(Content.TEXT.bytes(1_000));
            ByteBuf out = Unpooled.directBuffer(2 * encoder.bound(1_000));
            encoder.encodeFirst(slab, out, "20261123T002420Z.s1.tar");
            byte[] first = CodecSamples.bytes(out);
            encoder.encode(slab, out);
            byte[] second = CodecSamples.bytes(out.slice(first.length, out.readableBytes() - first.length));
            slab.release();
            out.release();

            assertThat(first).startsWith(0x1f, 0x8b, 8, 8, 0, 0x09, 0x6e, 0x88, 0, 0xff, '2', '0', '2', '6');
            assertThat(first[33]).as("NUL after the name").isZero();
            assertThat(second).startsWith(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
            assertThat(CodecSamples.gunzip(CodecSamples.concat(first, second))).hasSize(2_000);
        }
    }

    @Test
    void theBoundHoldsForNoiseUnderTheLongestName() {
        try (SlabEncoder encoder = encoder(new Compression(Codec.GZIP, 1))) {
            ByteBuf slab = Placement.DIRECT.of(Content.RANDOM.bytes(65_536));
            ByteBuf out = Unpooled.directBuffer(encoder.bound(65_536), encoder.bound(65_536));
            encoder.encodeFirst(slab, out, "ä".repeat(255));
            assertThat(out.isWritable()).isFalse();
            out.clear();
            for (String name : List.of("a".repeat(256), "a\0b", "日")) {
                assertThatIllegalArgumentException().isThrownBy(() -> encoder.encodeFirst(slab, out, name));
                assertThat(out.readableBytes()).isZero();
            }
            slab.release();
            out.release();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip:0", "gzip:1", "zstd:1"})
    void refusesTooLittleRoomAndCallsAfterClose(String compression) {
        SlabEncoder encoder = encoder(Compression.parse(compression));
        ByteBuf slab = Placement.DIRECT.of(new byte[100]);
        ByteBuf small = Unpooled.directBuffer(encoder.bound(100) - 1, encoder.bound(100) - 1);
        assertThatIllegalArgumentException().isThrownBy(() -> encoder.encode(slab, small));
        assertThatIllegalArgumentException().isThrownBy(() -> encoder.bound(-1));
        encoder.close();
        encoder.close();
        ByteBuf out = Unpooled.directBuffer(1_000);
        assertThatIllegalStateException().isThrownBy(() -> encoder.encode(slab, out));
        assertThat(List.of(slab.refCnt(), out.refCnt(), out.readableBytes())).containsExactly(1, 1, 0);
        slab.release();
        small.release();
        out.release();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip:0", "gzip:1", "zstd:1", "zstd:19"})
    void manyThreadsShareAnEncoder(String compression) throws Exception {
        var threads = Executors.newFixedThreadPool(6);
        try (SlabEncoder encoder = encoder(Compression.parse(compression))) {
            var tasks = new ArrayList<Callable<Boolean>>();
            for (int i = 0; i < 60; i++) {
                byte[] raw = List.of(Content.values()).get(i % 4).bytes(3_000 + 517 * i);
                tasks.add(() -> {
                    byte[] piece = CodecSamples.encoded(encoder, raw);
                    byte[] back =
                            compression.startsWith("gzip") ? CodecSamples.gunzip(piece) : CodecSamples.unzstd(piece);
                    return java.util.Arrays.equals(raw, back);
                });
            }
            for (var result : threads.invokeAll(tasks)) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void takesTheProviderOfHighestPriority() {
        try (SlabEncoder encoder = encoder(Compression.GZIP)) {
            GzipEncoderProvider best = SlabEncoders.gzipProviders().get(0);
            assertThat(encoder.name()).isEqualTo("gzip:1 by " + best.name());
        }
        assertThat(SlabEncoders.gzipProviders())
                .extracting(GzipEncoderProvider::name)
                .containsExactly("Sluice", "the JDK");
        try (SlabEncoder better = encoder(new Compression(Codec.GZIP, 2))) {
            assertThat(better.name()).as("Sluice's own has level 1 only").isEqualTo("gzip:2 by the JDK");
        }
    }

    @Test
    void fallsBackFromAProviderThatCompressesTheWrongBytes() {
        var closed = new AtomicInteger();
        GzipEncoderProvider wrong = provider(level -> new Delegate(level, closed) {
            @Override
            public int deflate(ByteBuffer raw, ByteBuffer out) {
                // As if the offset had been ignored: right length, bytes from further up front.
                byte[] bytes = new byte[raw.remaining()];
                raw.get(bytes, 5, bytes.length - 5);
                return super.deflate(ByteBuffer.wrap(bytes), out);
            }
        });
        fallsBack(wrong);
        assertThat(closed).as("contexts freed").hasValue(1);
    }

    @Test
    void fallsBackFromAProviderThatFailsOrLies() {
        fallsBack(provider(level -> {
            throw new UnsatisfiedLinkError("no such library");
        }));
        var closed = new AtomicInteger();
        fallsBack(provider(level -> new Delegate(level, closed) {
            @Override
            public int deflate(ByteBuffer raw, ByteBuffer out) {
                throw new IllegalArgumentException("no");
            }
        }));
        fallsBack(provider(level -> new Delegate(level, closed) {
            @Override
            public int deflate(ByteBuffer raw, ByteBuffer out) {
                return out.remaining() + 1;
            }
        }));
        fallsBack(provider(level -> new Delegate(level, closed) {
            @Override
            public int deflate(ByteBuffer raw, ByteBuffer out) {
                return super.deflate(raw, out) - 1;
            }
        }));
        assertThat(closed).hasValue(3);
    }

    private static void fallsBack(GzipEncoderProvider bad) {
        try (SlabEncoder encoder = SlabEncoders.gzip(1, List.of(bad, JDK))) {
            assertThat(encoder.name()).isEqualTo("gzip:1 by the JDK");
        }
    }

    @Test
    void saysWhyNoEncoderWorks() {
        GzipEncoderProvider absent = new Provider(GzipEncoderProvider.Availability.no("needs Java 99"), level -> {
            throw new AssertionError("not to be asked");
        });
        assertThatExceptionOfType(EncoderFailed.class)
                .isThrownBy(() -> SlabEncoders.gzip(1, List.of(absent)))
                .withMessageContaining("other: needs Java 99")
                .satisfies(e -> assertThat(e.hint()).isNotEmpty());
    }

    @Test
    void aFailedCompressorIsFreedAndNotUsedAgain() {
        var closed = new AtomicInteger();
        var created = new AtomicInteger();
        GzipEncoderProvider fragile = provider(level -> {
            boolean first = created.getAndIncrement() == 0;
            return new Delegate(level, closed) {
                @Override
                public int deflate(ByteBuffer raw, ByteBuffer out) {
                    if (first && raw.remaining() == 42) {
                        throw new IllegalStateException("out of order");
                    }
                    return super.deflate(raw, out);
                }
            };
        });
        SlabEncoder encoder = SlabEncoders.gzip(1, List.of(fragile));
        assertThatExceptionOfType(EncoderFailed.class)
                .isThrownBy(() -> CodecSamples.encoded(encoder, new byte[42]))
                .withMessageContaining("out of order");
        assertThat(closed).hasValue(1);
        assertThat(CodecSamples.gunzip(CodecSamples.encoded(encoder, new byte[42])))
                .hasSize(42);
        encoder.close();
        assertThat(List.of(created.get(), closed.get())).containsExactly(2, 2);
    }

    @Test
    void keepsFewIdleContextsAndFreesThoseInUseWhenTheyComeBack() throws Exception {
        var alive = new AtomicInteger();
        var pool = new ContextPool<>(alive::incrementAndGet, context -> alive.decrementAndGet(), 2);
        var inside = new CountDownLatch(5);
        var go = new CountDownLatch(1);
        var threads = Executors.newFixedThreadPool(5);
        var held = IntStream.range(0, 5)
                .mapToObj(i -> threads.submit(() -> pool.with(context -> {
                    inside.countDown();
                    await(go);
                    return context;
                })))
                .toList();
        inside.await();
        assertThat(alive).hasValue(5);
        go.countDown();
        for (var call : held) {
            call.get();
        }
        threads.shutdown();
        assertThat(alive).as("idle").hasValue(2);
        pool.with(context -> {
            pool.close();
            assertThat(alive).as("in use").hasValue(1);
            return context;
        });
        assertThat(alive).hasValue(0);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SlabEncoder encoder(Compression compression) {
        return SlabEncoders.forCompression(compression).orElseThrow();
    }

    private static GzipEncoderProvider provider(IntFunction<SlabDeflater> create) {
        return new Provider(GzipEncoderProvider.Availability.yes(), create);
    }

    private record Provider(Availability availability, IntFunction<SlabDeflater> deflaters)
            implements GzipEncoderProvider {
        @Override
        public String name() {
            return "other";
        }

        @Override
        public int priority() {
            return 1;
        }

        @Override
        public SlabDeflater create(int level) {
            return deflaters.apply(level);
        }
    }

    private static class Delegate implements SlabDeflater {
        private final SlabDeflater real;
        private final AtomicInteger closed;

        Delegate(int level, AtomicInteger closed) {
            this.real = JDK.create(level);
            this.closed = closed;
        }

        @Override
        public int deflate(ByteBuffer raw, ByteBuffer out) {
            return real.deflate(raw, out);
        }

        @Override
        public void close() {
            closed.incrementAndGet();
            real.close();
        }
    }
}
