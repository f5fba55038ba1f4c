package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.CodecSamples.Content;
import dev.sluice.engine.stage.codec.CodecSamples.Placement;
import dev.sluice.engine.testkit.RandomCancel;
import dev.sluice.engine.testkit.TestThreads;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class DecodersTest {

    private static final int CHUNK = 128 * 1024;

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final List<ByteBuf> inputs = new ArrayList<>();

    @AfterEach
    void everyBufferIsReleased() {
        assertThat(inputs).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    // What is well-formed.

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void readsMembersInARowHoweverTheyAreCut(long seed) {
        var random = new Random(seed);
        var compressed = new ByteArrayOutputStream();
        var raw = new ByteArrayOutputStream();
        for (int i = random.nextInt(8); i >= 0; i--) {
            byte[] slab = slab(random);
            raw.writeBytes(slab);
            compressed.writeBytes(
                    random.nextInt(3) == 0
                            ? foreignMember(slab, random.nextInt(32))
                            : encoded(new Compression(Codec.GZIP, random.nextInt(10)), slab));
        }
        decodesTo(Codec.GZIP, cut(compressed.toByteArray(), random), raw.toByteArray(), random);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void readsFramesInARowHoweverTheyAreCut(long seed) {
        var random = new Random(seed);
        var compressed = new ByteArrayOutputStream();
        var raw = new ByteArrayOutputStream();
        for (int i = random.nextInt(8); i >= 0; i--) {
            byte[] slab = slab(random);
            raw.writeBytes(slab);
            compressed.writeBytes(
                    random.nextInt(3) == 0
                            ? streamedFrame(slab, 20)
                            : encoded(new Compression(Codec.ZSTD, random.nextInt(12) - 3), slab));
            if (random.nextInt(4) == 0) {
                compressed.writeBytes(skippableFrame());
            }
        }
        decodesTo(Codec.ZSTD, cut(compressed.toByteArray(), random), raw.toByteArray(), random);
    }

    @Test
    void readsEveryKindOfHeaderCutAtEveryByte() {
        byte[] raw = Content.TEXT.bytes(100);
        for (int flags = 0; flags < 32; flags++) {
            byte[] archive = CodecSamples.concat(foreignMember(raw, flags), foreignMember(raw, flags));
            assertThat(CodecSamples.gunzip(archive)).hasSize(200);
            for (int at = 0; at <= archive.length; at++) {
                List<ByteBuf> halves = List.of(
                        input(Placement.DIRECT, Arrays.copyOf(archive, at)),
                        input(Placement.HEAP, Arrays.copyOfRange(archive, at, archive.length)));
                decodesTo(Codec.GZIP, halves, CodecSamples.concat(raw, raw), new Random(at));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void readsByteAfterByte(Codec codec) {
        byte[] raw = Content.TSM.bytes(5_000);
        byte[] archive = CodecSamples.concat(encoded(fast(codec), raw), encoded(fast(codec), new byte[0]));
        var single = new ArrayList<ByteBuf>();
        for (byte b : archive) {
            single.add(input(Placement.DIRECT, new byte[] {b}));
        }
        decodesTo(codec, single, raw, new Random(1));
    }

    @Test
    void noneIsPassedOn() {
        ByteBuf buffer = input(Placement.DIRECT, new byte[10]);
        Flux.just(buffer)
                .transform(Decoders.forCodec(Codec.NONE, "x.tar"))
                .as(StepVerifier::create)
                .expectNext(buffer)
                .verifyComplete();
        buffer.release();
    }

    @Test
    void tellsTheCodecByTheFirstBytes() {
        assertThat(detected(encoded(Compression.GZIP, new byte[3]))).isEqualTo(Codec.GZIP);
        assertThat(detected(encoded(Compression.ZSTD, new byte[3]))).isEqualTo(Codec.ZSTD);
        assertThat(detected(skippableFrame())).isEqualTo(Codec.ZSTD);
        assertThat(detected("telemetry/autogen/1/000000001-000000001.tsm".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(Codec.NONE);
        assertThat(detected(new byte[1024])).isEqualTo(Codec.NONE);
        assertThat(detected(0x1f, 0x8b)).isEqualTo(Codec.NONE);
        assertThat(detected(0x1f, 0x8b, 8)).isEqualTo(Codec.GZIP);
        assertThat(detected(0x28, 0xb5, 0x2f)).isEqualTo(Codec.NONE);
        assertThat(detected()).isEqualTo(Codec.NONE);
    }

    private Codec detected(int... bytes) {
        byte[] first = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            first[i] = (byte) bytes[i];
        }
        return detected(first);
    }

    private Codec detected(byte[] first) {
        ByteBuf buffer = input(Placement.DIRECT_WITH_OFFSET, first);
        int readerIndex = buffer.readerIndex();
        Codec codec = Decoders.detect(buffer);
        assertThat(buffer.readerIndex()).isEqualTo(readerIndex);
        buffer.release();
        return codec;
    }

    // What is damaged.

    @ParameterizedTest
    @ValueSource(strings = {"gzip:0", "gzip:1", "zstd:1", "zstd:-7"})
    void failsWhereverItIsCutShort(String compression) {
        var codec = Compression.parse(compression);
        byte[] raw = Content.TEXT.bytes(700);
        byte[] first = encoded(codec, raw);
        byte[] archive = CodecSamples.concat(first, encoded(codec, raw));
        for (int length = 0; length < archive.length; length++) {
            Outcome outcome = decode(codec.codec(), Arrays.copyOf(archive, length));
            if (length == first.length) {
                // Between two pieces a cut cannot be seen: what is inside must have an end of its own, as tar has.
                assertThat(outcome.error).isNull();
                assertThat(outcome.raw).isEqualTo(raw);
            } else {
                assertThat(outcome.error)
                        .as("cut after %d of %d bytes", length, archive.length)
                        .isInstanceOf(CompressedDataDamaged.class)
                        .hasMessageMatching("archive (ends in the middle of|is empty, without one) .* "
                                + "\\(at byte %d of its compressed form\\)".formatted(length));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void everyFlippedBitOfGzipIsSeenOrSaysNothingAboutTheData(int level) {
        byte[] raw = Content.TSM.bytes(600);
        byte[] archive = CodecSamples.concat(named(level, raw), encoded(new Compression(Codec.GZIP, level), raw));
        int second = named(level, raw).length;

        var harmless = harmlessBits(Codec.GZIP, archive, CodecSamples.concat(raw, raw));

        var allowed = new TreeSet<Integer>();
        for (int header : new int[] {0, second}) {
            allowed.add(header * 8 + 24); // FTEXT
            bits(allowed, header + 4, header + 10); // MTIME, XFL, OS
        }
        bits(allowed, 10, 15); // the name, not its NUL
        // Padding to the byte border: after the header of a stored block, after the last bit of other blocks.
        var padding = new TreeSet<>(harmless);
        padding.removeAll(allowed);
        if (level == 0) {
            assertThat(padding).containsExactlyElementsOf(paddingAfter3Bits(16, second + 10));
        } else {
            var lastBytes = new TreeSet<Integer>();
            bits(lastBytes, second - 9, second - 8);
            bits(lastBytes, archive.length - 9, archive.length - 8);
            assertThat(lastBytes).containsAll(padding);
        }
        assertThat(harmless).containsAll(allowed);
    }

    private static Set<Integer> paddingAfter3Bits(int... bytes) {
        var bits = new TreeSet<Integer>();
        for (int at : bytes) {
            for (int bit = 3; bit < 8; bit++) {
                bits.add(at * 8 + bit);
            }
        }
        return bits;
    }

    @ParameterizedTest
    @ValueSource(ints = {-7, 1, 3})
    void everyFlippedBitOfZstdIsSeenButTheUnusedOne(int level) {
        byte[] raw = Content.TSM.bytes(600);
        byte[] frame = encoded(new Compression(Codec.ZSTD, level), raw);
        var harmless = harmlessBits(Codec.ZSTD, CodecSamples.concat(frame, frame), CodecSamples.concat(raw, raw));
        // Bit 4 of the frame header descriptor: "a decoder shall ignore it" (RFC 8878, 3.1.1.1.1.3).
        assertThat(harmless).containsExactly(4 * 8 + 4, (frame.length + 4) * 8 + 4);
    }

    private Set<Integer> harmlessBits(Codec codec, byte[] archive, byte[] raw) {
        var harmless = new TreeSet<Integer>();
        for (int bit = 0; bit < archive.length * 8; bit++) {
            byte[] flipped = archive.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Outcome outcome = decode(codec, flipped);
            if (outcome.error == null) {
                assertThat(outcome.raw)
                        .as("bit %d of byte %d", bit % 8, bit / 8)
                        .isEqualTo(raw);
                harmless.add(bit);
            } else {
                assertThat(outcome.error).isInstanceOf(CompressedDataDamaged.class);
            }
        }
        return harmless;
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void failsOnAnythingElseBeforeBetweenOrAfterPieces(Codec codec) {
        byte[] piece = encoded(fast(codec), Content.TEXT.bytes(1_000));
        byte[] zeros = new byte[512];
        assertThat(decode(codec, CodecSamples.concat(zeros, piece)).error)
                .isInstanceOf(CompressedDataDamaged.class)
                .hasMessageContaining(codec == Codec.GZIP ? "archive is not gzip" : "archive is not zstd");
        for (byte[] after : List.of(zeros, new byte[] {0}, "garbage".getBytes(StandardCharsets.US_ASCII))) {
            for (byte[] archive :
                    List.of(CodecSamples.concat(piece, after), CodecSamples.concat(piece, after, piece))) {
                assertThat(decode(codec, archive).error).isInstanceOf(CompressedDataDamaged.class);
            }
        }
        assertThat(decode(codec, CodecSamples.concat(piece, zeros)).error)
                .hasMessageContaining("bytes after a")
                .satisfies(e -> assertThat(((CompressedDataDamaged) e).offset())
                        .isBetween((long) piece.length, piece.length + 8L));
        byte[] other = encoded(codec == Codec.GZIP ? Compression.ZSTD : Compression.GZIP, new byte[10]);
        assertThat(decode(codec, CodecSamples.concat(piece, other)).error).hasMessageContaining("bytes after a");
    }

    @Test
    void namesTheWrongChecksumAndLength() {
        byte[] member = encoded(Compression.GZIP, Content.TEXT.bytes(1_000));
        byte[] checksum = member.clone();
        checksum[member.length - 8]++;
        assertThat(decode(Codec.GZIP, checksum).error).hasMessageContaining("wrong checksum");
        byte[] length = member.clone();
        length[member.length - 1]++;
        assertThat(decode(Codec.GZIP, length).error).hasMessageContaining("wrong length");
        byte[] header = foreignMember(new byte[5], 0x1f);
        header[4]++;
        assertThat(decode(Codec.GZIP, header).error).hasMessageContaining("header with a wrong checksum");

        byte[] frame = encoded(Compression.ZSTD, Content.TEXT.bytes(1_000));
        frame[frame.length - 1]++;
        assertThat(decode(Codec.ZSTD, frame).error).hasMessageContaining("checksum");
    }

    @Test
    void refusesWindowsThatWouldTakeTooMuchMemory() {
        byte[] raw = Content.ZEROS.bytes(1 << 20);
        assertThat(decode(Codec.ZSTD, streamedFrame(raw, 23)).raw).isEqualTo(raw);
        assertThat(decode(Codec.ZSTD, streamedFrame(raw, 24)).error)
                .isInstanceOf(CompressedDataDamaged.class)
                .hasMessageContaining("needs a window of more than 8 MiB");
    }

    // Demand, memory, ends.

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void aBombExpandsByOneChunkForEachElementDemanded(Codec codec) {
        int size = 32 << 20;
        byte[] bomb = bomb(codec, size);
        assertThat(bomb.length).isLessThan(size / 900);
        var peak = new AtomicLong();
        Flux.just(input(Placement.DIRECT, bomb))
                .transform(stage(codec))
                .doOnNext(chunk -> {
                    peak.accumulateAndGet(allocator.metric().usedDirectMemory(), Math::max);
                    assertThat(chunk.readableBytes()).isLessThanOrEqualTo(CHUNK);
                    chunk.release();
                })
                .as(flux -> StepVerifier.create(flux, 0))
                .expectSubscription()
                .thenRequest(1)
                .expectNextCount(1)
                .thenRequest(2)
                .expectNextCount(2)
                .thenCancel()
                .verify();
        assertThat(peak.get()).isLessThanOrEqualTo(CHUNK);
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void refusesABombInMembersOrFrames(Codec codec) {
        byte[] piece = bomb(codec, 16 << 20, 'x');
        var out = new AtomicLong();
        Flux.range(0, 300)
                .map(i -> input(Placement.DIRECT, piece))
                .transform(stage(codec))
                .doOnNext(chunk -> {
                    out.addAndGet(chunk.readableBytes());
                    chunk.release();
                })
                .then()
                .as(StepVerifier::create)
                .verifyErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(CompressedDataDamaged.class)
                        .hasMessageContaining("expands to more than %d times its size"
                                .formatted(codec == Codec.GZIP ? 1_000 : 10_000)));
        assertThat(out).hasValueBetween(4L << 30, (4L << 30) + (1 << 20));
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void readsAFileThatWasFilledUpWithZeros(Codec codec) {
        byte[] piece = bomb(codec, 16 << 20);
        Flux.range(0, 20)
                .map(i -> input(Placement.DIRECT, piece))
                .transform(stage(codec))
                .map(chunk -> {
                    int length = chunk.readableBytes();
                    chunk.release();
                    return (long) length;
                })
                .reduce(0L, Long::sum)
                .as(StepVerifier::create)
                .expectNext(20L * (16 << 20))
                .verifyComplete();
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void asksForABufferOnlyWhenAllBeforeItIsGivenOut(Codec codec) {
        byte[] archive = bomb(codec, 3 * CHUNK);
        TestPublisher<ByteBuf> source = TestPublisher.create();
        var asked = new AtomicLong();
        var received = new AtomicLong();
        var completed = new AtomicBoolean();
        var subscriber = new BaseSubscriber<ByteBuf>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {}

            @Override
            protected void hookOnNext(ByteBuf chunk) {
                received.addAndGet(chunk.readableBytes());
                chunk.release();
            }

            @Override
            protected void hookOnComplete() {
                completed.set(true);
            }
        };
        source.flux().doOnRequest(asked::addAndGet).transform(stage(codec)).subscribe(subscriber);
        assertThat(asked).as("without demand").hasValue(0);

        subscriber.request(1);
        assertThat(asked).hasValue(1);
        source.next(input(Placement.DIRECT, archive));
        subscriber.request(1);
        assertThat(received.get()).isBetween(1L, 2L * CHUNK);
        assertThat(asked).as("while there is more of the first").hasValue(1);

        subscriber.request(100);
        assertThat(received).hasValue(3 * CHUNK);
        assertThat(asked).hasValue(2);
        source.complete();
        assertThat(completed).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void passesOnTheErrorOfItsSource(Codec codec) {
        byte[] archive = bomb(codec, 3 * CHUNK);
        TestPublisher<ByteBuf> source = TestPublisher.create();
        var error = new IllegalStateException("reset");
        source.flux()
                .transform(stage(codec))
                .doOnNext(ByteBuf::release)
                .as(flux -> StepVerifier.create(flux, 1))
                .then(() -> source.next(input(Placement.DIRECT, archive)))
                .expectNextCount(1)
                .then(() -> source.error(error))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(error));
        source.assertWasSubscribed();
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void cancelsItsSource(Codec codec) {
        TestPublisher<ByteBuf> source = TestPublisher.create();
        source.flux()
                .transform(stage(codec))
                .as(StepVerifier::create)
                .then(() -> source.next(input(Placement.HEAP, Arrays.copyOf(bomb(codec, CHUNK), 5))))
                .thenCancel()
                .verify();
        source.assertCancelled();
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void survivesACancelFromAnotherThreadAtAnyMoment(Codec codec) throws Exception {
        byte[] archive = bomb(codec, 200 * CHUNK);
        var random = new Random(1);
        for (int round = 0; round < 100; round++) {
            var some = new CountDownLatch(1 + round % 5);
            var running = Flux.just(input(Placement.DIRECT, archive))
                    .transform(stage(codec))
                    .subscribeOn(TestThreads.FILES)
                    .subscribe(chunk -> {
                        chunk.release();
                        some.countDown();
                    });
            some.await();
            for (int spin = random.nextInt(300); spin > 0; spin--) {
                Thread.onSpinWait();
            }
            running.dispose();
            // The worker may still be in its last step: it frees what it holds when that ends.
            while (inputs.get(0).refCnt() > 0 || allocator.metric().usedDirectMemory() > 0) {
                Thread.onSpinWait();
            }
            inputs.clear();
        }
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, names = "NONE", mode = Mode.EXCLUDE)
    void leaksNothingWhenCancelledAnywhere(Codec codec) {
        byte[] archive = bomb(codec, 3 * CHUNK);
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 1_500; seed++) {
                List<ByteBuf> pieces = cut(archive, new Random(seed));

                cancel.run(seed, pieces, stage(codec), ByteBuf::release);

                assertThat(pieces).as("seed %d", seed).allMatch(piece -> piece.refCnt() == 0);
                assertThat(allocator.metric().usedDirectMemory())
                        .as("seed %d", seed)
                        .isZero();
                inputs.clear();
            }
        }
    }

    @Test
    void canBeSubscribedAgain() {
        byte[] archive = encoded(Compression.GZIP, Content.TEXT.bytes(1_000));
        Flux<ByteBuf> decoded = Flux.defer(() -> Flux.just(input(Placement.DIRECT, archive)))
                .transform(stage(Codec.GZIP))
                .doOnNext(ByteBuf::release);
        decoded.as(StepVerifier::create).expectNextCount(1).verifyComplete();
        decoded.as(StepVerifier::create).expectNextCount(1).verifyComplete();
    }

    // Tools.

    private void decodesTo(Codec codec, List<ByteBuf> in, byte[] expected, Random random) {
        var raw = new ByteArrayOutputStream();
        Flux.fromIterable(in)
                .transform(stage(codec))
                .limitRate(1 + random.nextInt(3))
                .doOnNext(chunk -> {
                    assertThat(chunk.readableBytes()).isBetween(1, CHUNK);
                    raw.writeBytes(CodecSamples.bytes(chunk));
                    chunk.release();
                })
                .blockLast();
        assertThat(raw.toByteArray()).isEqualTo(expected);
    }

    private static final class Outcome {
        final byte[] raw;
        final @Nullable Throwable error;

        Outcome(byte[] raw, @Nullable Throwable error) {
            this.raw = raw;
            this.error = error;
        }
    }

    private Outcome decode(Codec codec, byte[] archive) {
        var raw = new ByteArrayOutputStream();
        var error = Flux.just(input(Placement.DIRECT, archive))
                .transform(stage(codec))
                .doOnNext(chunk -> {
                    raw.writeBytes(CodecSamples.bytes(chunk));
                    chunk.release();
                })
                .then()
                .materialize()
                .block();
        assertThat(allocator.metric().usedDirectMemory()).isZero();
        return new Outcome(raw.toByteArray(), error == null ? null : error.getThrowable());
    }

    private Function<Flux<ByteBuf>, Flux<ByteBuf>> stage(Codec codec) {
        return codec == Codec.GZIP ? Decoders.gzip("archive", allocator) : Decoders.zstd("archive", allocator);
    }

    private ByteBuf input(Placement placement, byte[] bytes) {
        ByteBuf buffer = placement.of(bytes);
        inputs.add(buffer);
        return buffer;
    }

    private List<ByteBuf> cut(byte[] archive, Random random) {
        var parts = new ArrayList<ByteBuf>();
        int at = 0;
        while (at < archive.length) {
            int most = random.nextInt(10) == 0 ? 70_000 : 3_000;
            int length = Math.min(random.nextInt(most), archive.length - at);
            Placement placement = List.of(Placement.values()).get(random.nextInt(6));
            parts.add(input(placement, Arrays.copyOfRange(archive, at, at + length)));
            at += length;
        }
        return parts;
    }

    private static byte[] slab(Random random) {
        int[] sizes = {0, 1, 100, 5_000, 65_535, 65_536, CHUNK, CHUNK + 1, 300_000};
        return List.of(Content.values()).get(random.nextInt(4)).bytes(sizes[random.nextInt(sizes.length)]);
    }

    private static Compression fast(Codec codec) {
        return new Compression(codec, 1);
    }

    private static byte[] encoded(Compression compression, byte[] raw) {
        try (SlabEncoder encoder = SlabEncoders.forCompression(compression).orElseThrow()) {
            return CodecSamples.encoded(encoder, raw);
        }
    }

    private static byte[] named(int level, byte[] raw) {
        try (SlabEncoder encoder =
                SlabEncoders.forCompression(new Compression(Codec.GZIP, level)).orElseThrow()) {
            ByteBuf slab = Placement.DIRECT.of(raw);
            ByteBuf out = Unpooled.directBuffer(encoder.bound(raw.length));
            encoder.encodeFirst(slab, out, "1.tar");
            byte[] member = CodecSamples.bytes(out);
            slab.release();
            out.release();
            return member;
        }
    }

    /** A member as others write it: any of FTEXT, FHCRC, FEXTRA, FNAME, FCOMMENT, a time, several blocks. */
    private static byte[] foreignMember(byte[] raw, int flags) {
        var header = new ByteArrayOutputStream();
        header.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, (byte) flags, 1, 2, 3, 4, 2, 3});
        if ((flags & 0x04) != 0) {
            byte[] extra = flags % 3 == 0 ? new byte[0] : new byte[300];
            header.write(extra.length & 0xff);
            header.write(extra.length >> 8);
            header.writeBytes(extra);
        }
        if ((flags & 0x08) != 0) {
            header.writeBytes("name\0".getBytes(StandardCharsets.US_ASCII));
        }
        if ((flags & 0x10) != 0) {
            header.writeBytes("a comment\0".getBytes(StandardCharsets.US_ASCII));
        }
        if ((flags & 0x02) != 0) {
            var crc = new CRC32();
            crc.update(header.toByteArray());
            header.write((int) crc.getValue() & 0xff);
            header.write((int) crc.getValue() >> 8 & 0xff);
        }
        var deflater = new Deflater(6, true);
        byte[] body = new byte[raw.length + raw.length / 100 + 1_000];
        deflater.setInput(raw);
        int length = deflater.deflate(body, 0, body.length, Deflater.FULL_FLUSH);
        deflater.finish();
        length += deflater.deflate(body, length, body.length - length);
        deflater.end();
        var crc = new CRC32();
        crc.update(raw);
        byte[] trailer = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .putInt(raw.length)
                .array();
        return CodecSamples.concat(header.toByteArray(), Arrays.copyOf(body, length), trailer);
    }

    /** A frame of unknown size, without a checksum, with a window as large as told. */
    private static byte[] streamedFrame(byte[] raw, int windowLog) {
        try (var context = new ZstdCompressCtx()) {
            context.setLevel(1).setWindowLog(windowLog).setContentSize(false).setChecksum(false);
            ByteBuffer in = ByteBuffer.allocateDirect(raw.length).put(raw).flip();
            ByteBuffer out = ByteBuffer.allocateDirect(raw.length + raw.length / 100 + 1_000);
            ByteBuffer none = ByteBuffer.allocateDirect(0);
            while (in.hasRemaining()) {
                context.compressDirectByteBufferStream(out, in, EndDirective.CONTINUE);
            }
            assertThat(context.compressDirectByteBufferStream(out, none, EndDirective.END))
                    .isTrue();
            byte[] frame = new byte[out.flip().remaining()];
            out.get(frame);
            return frame;
        }
    }

    private static byte[] skippableFrame() {
        return new byte[] {0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
    }

    private static byte[] bomb(Codec codec, int size) {
        return bomb(codec, size, 0);
    }

    private static byte[] bomb(Codec codec, int size, int filling) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) filling);
        ByteBuf same = ByteBufAllocator.DEFAULT.directBuffer(size, size).writeBytes(bytes);
        try (SlabEncoder encoder = SlabEncoders.forCompression(new Compression(codec, codec == Codec.GZIP ? 9 : 1))
                .orElseThrow()) {
            ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(encoder.bound(size));
            encoder.encode(same, out);
            byte[] bomb = CodecSamples.bytes(out);
            out.release();
            return bomb;
        } finally {
            same.release();
        }
    }

    private static void bits(Set<Integer> bits, int fromByte, int toByte) {
        for (int bit = fromByte * 8; bit < toByte * 8; bit++) {
            bits.add(bit);
        }
    }
}
