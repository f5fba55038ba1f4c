package dev.sluice.engine.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.testkit.TestThreads;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** What every store promises. */
@Timeout(30)
abstract class StoreContract {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    static final Digest.Algorithm CRC = Digest.Algorithm.CRC32C;

    /** A new, empty store that works on this scheduler. */
    abstract Store store(Scheduler scheduler);

    /** What the store holds beside published files. */
    abstract List<String> leftovers();

    private Store store() {
        return store(TestThreads.FILES);
    }

    @ParameterizedTest
    @EnumSource(Digest.Algorithm.class)
    void givesBackWhatWasPut(Digest.Algorithm algorithm) throws Exception {
        Store store = store();
        for (int seed = 0; seed < 10; seed++) {
            var random = new Random(seed);
            byte[] content = new byte[random.nextInt(1 << random.nextInt(1, 22))];
            random.nextBytes(content);
            List<ByteBuf> pieces = cut(content, random);
            String name = "file" + seed + ".tar.gz";

            StoredFile stored =
                    store.put(name, Flux.fromIterable(pieces), algorithm).block();

            assertThat(stored).isNotNull();
            assertThat(stored.name()).isEqualTo(name);
            assertThat(stored.size()).isEqualTo(content.length);
            assertThat(stored.digest()).isEqualTo(digest(algorithm, content));
            assertThat(stored.syncing().isNegative()).isFalse();
            assertThat(read(store, name)).isEqualTo(content);
            assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
        }
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void takesBuffersOfEveryKind() {
        ByteBuf composite = Unpooled.compositeBuffer()
                .addComponents(true, Unpooled.copiedBuffer("b", UTF_8), Unpooled.copiedBuffer("c", UTF_8));
        ByteBuf slice = PooledByteBufAllocator.DEFAULT
                .directBuffer()
                .writeBytes("xdex".getBytes(UTF_8))
                .skipBytes(1);
        slice.writerIndex(3);

        Store store = store();
        store.put(
                        "a",
                        Flux.just(
                                Unpooled.EMPTY_BUFFER,
                                Unpooled.copiedBuffer("a", UTF_8).asReadOnly(),
                                composite,
                                slice),
                        CRC)
                .block();

        assertThat(new String(read(store, "a"), UTF_8)).isEqualTo("abcde");
        assertThat(List.of(composite, slice)).allMatch(buffer -> buffer.refCnt() == 0);
    }

    @Test
    void takesBackWhatNobodyHasHeardOf() {
        Store store = store();
        StepVerifier.create(store.put("a", Flux.just(Unpooled.copiedBuffer("a", UTF_8)), CRC), 0)
                .expectSubscription()
                .then(() -> await(() -> store.exists("a").blockOptional().orElseThrow()))
                .thenCancel()
                .verify(PATIENCE);

        await(() -> !store.exists("a").blockOptional().orElseThrow());
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void keepsAnEmptyFile() throws Exception {
        Store store = store();

        store.put("empty", Flux.empty(), CRC)
                .as(StepVerifier::create)
                .assertNext(stored -> assertThat(stored.size()).isZero())
                .verifyComplete();

        assertThat(read(store, "empty")).isEmpty();
    }

    @Test
    void leavesNothingWhenTheBytesFail() {
        Store store = store();
        List<ByteBuf> pieces = cut(new byte[1000], new Random(1));

        store.put("a", Flux.fromIterable(pieces).concatWith(Mono.error(new IllegalStateException("reset"))), CRC)
                .as(StepVerifier::create)
                .verifyErrorMessage("reset");

        assertThat(leftovers()).as("when the error arrives").isEmpty();
        assertThat(store.exists("a").block()).isFalse();
        assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
    }

    @Test
    void leavesNothingWhenCancelled() {
        var threads = new ManualThreads();
        Store store = store(threads.scheduler());
        TestPublisher<ByteBuf> bytes = TestPublisher.create();
        ByteBuf written = buffer(10);
        ByteBuf waiting = buffer(10);

        store.put("a", bytes.flux(), CRC)
                .as(StepVerifier::create)
                .then(threads::run)
                .then(() -> bytes.next(written))
                .then(threads::run)
                .then(() -> bytes.next(waiting))
                .thenCancel()
                .verify();
        bytes.assertCancelled();
        threads.run();

        assertThat(leftovers()).isEmpty();
        assertThat(written.refCnt()).isZero();
        assertThat(waiting.refCnt()).isZero();
    }

    @Test
    void neverBeginsWhenCancelledAtOnce() {
        var threads = new ManualThreads();
        Store store = store(threads.scheduler());
        Reservation claimed = reserve(store, threads, "b");
        TestPublisher<ByteBuf> bytes = TestPublisher.create();

        store.put("a", bytes.flux(), CRC).as(StepVerifier::create).thenCancel().verify();
        claimed.put(bytes.flux(), CRC).as(StepVerifier::create).thenCancel().verify();
        threads.run();

        bytes.assertWasNotSubscribed();
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void asksForNoMoreThanItCanWrite() {
        var threads = new ManualThreads();
        Store store = store(threads.scheduler());
        TestPublisher<ByteBuf> bytes = TestPublisher.create();
        var asked = new AtomicLong();
        var stored = new ArrayList<StoredFile>();

        store.put("a", bytes.flux().doOnRequest(asked::addAndGet), CRC).subscribe(stored::add);
        bytes.assertWasNotSubscribed();
        threads.run();
        assertThat(asked).hasValue(2);

        bytes.next(buffer(10), buffer(10));
        assertThat(asked).as("while the disk is busy").hasValue(2);

        threads.run();
        assertThat(asked).as("after both were written").hasValue(4);

        bytes.next(buffer(10));
        threads.run();
        assertThat(asked).hasValue(5);

        bytes.complete();
        assertThat(stored).isEmpty();
        threads.run();
        assertThat(stored).extracting(StoredFile::size).containsExactly(30L);
    }

    @Test
    void refusesATakenNameBeforeItAsksForBytes() {
        Store store = store();
        put(store, "a", "first");
        TestPublisher<ByteBuf> bytes = TestPublisher.create();

        store.put("a", bytes.flux(), CRC)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(StoreFailed.class).hasMessageContaining("is there already"));

        bytes.assertWasNotSubscribed();
        assertThat(new String(read(store, "a"), UTF_8)).isEqualTo("first");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void doesNotReplaceAFileThatAppearedMeanwhile() {
        Store store = store();
        TestPublisher<ByteBuf> slow = TestPublisher.create();
        var subscribed = new AtomicBoolean();

        store.put("a", slow.flux().doOnSubscribe(s -> subscribed.set(true)), CRC)
                .as(StepVerifier::create)
                .then(() -> await(subscribed))
                .then(() -> put(store, "a", "other"))
                .then(() -> slow.next(buffer(10)).complete())
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(StoreFailed.class).hasMessageContaining("is there already"));

        assertThat(new String(read(store, "a"), UTF_8)).isEqualTo("other");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void aFailedNameCanBeTakenAgain() {
        Store store = store();
        store.put("a", Flux.error(new IllegalStateException("reset")), CRC)
                .as(StepVerifier::create)
                .verifyError();

        put(store, "a", "second attempt");

        assertThat(new String(read(store, "a"), UTF_8)).isEqualTo("second attempt");
    }

    @Test
    void aReservedNameIsNobodyElses() {
        Store store = store();
        Reservation mine = store.reserve("a").block();
        assertThat(mine).isNotNull();
        assertThat(mine.name()).isEqualTo("a");

        store.reserve("a").as(StepVerifier::create).verifyComplete();
        store.put("a", Flux.empty(), CRC).as(StepVerifier::create).verifyError(StoreFailed.class);
        assertThat(store.exists("a").block()).isFalse();
        assertThat(names(store)).isEmpty();

        mine.put(Flux.just(buffer(7)), CRC)
                .as(StepVerifier::create)
                .assertNext(stored -> assertThat(stored.size()).isEqualTo(7))
                .verifyComplete();

        assertThat(names(store)).containsExactly("a");
        assertThat(leftovers()).isEmpty();
        store.reserve("a").as(StepVerifier::create).verifyComplete();
        assertThat(leftovers()).as("after a reservation that came too late").isEmpty();
    }

    @Test
    void aReservationCanBeGivenBack() {
        Store store = store();
        Reservation mine = store.reserve("a").block();
        assertThat(mine).isNotNull();

        mine.release().block();
        Reservation theirs = store.reserve("a").block();
        mine.release().block();

        assertThat(theirs).isNotNull();
        store.reserve("a").as(StepVerifier::create).verifyComplete();
        mine.put(Flux.empty(), CRC).as(StepVerifier::create).verifyError(IllegalStateException.class);
    }

    @Test
    void aReservationIsFreeAgainAfterItsBytesFailed() {
        Store store = store();
        Reservation mine = store.reserve("a").block();
        assertThat(mine).isNotNull();

        mine.put(Flux.error(new IllegalStateException("reset")), CRC)
                .as(StepVerifier::create)
                .verifyErrorMessage("reset");

        assertThat(leftovers()).isEmpty();
        assertThat(store.reserve("a").block()).isNotNull();
    }

    @Test
    void listsInOrderAndDeletes() {
        Store store = store();
        put(store, "b", "bb");
        put(store, "a", "a");
        put(store, "日本", "");

        assertThat(store.list().collectList().block())
                .containsExactly(new StoreEntry("a", 1), new StoreEntry("b", 2), new StoreEntry("日本", 0));
        assertThat(store.delete("b").block()).isTrue();
        assertThat(store.delete("b").block()).isFalse();
        assertThat(store.exists("b").block()).isFalse();
        assertThat(store.exists("a").block()).isTrue();
        assertThat(names(store)).containsExactly("a", "日本");
    }

    @Test
    void readsOnDemandAndStopsWhenCancelled() {
        Store store = store();
        store.put("a", Flux.range(0, 20).map(i -> buffer(100_000)), CRC).block();
        var chunks = new ArrayList<ByteBuf>();

        store.get("a")
                .as(bytes -> StepVerifier.create(bytes, 0))
                .thenRequest(1)
                .consumeNextWith(chunks::add)
                .thenRequest(1)
                .consumeNextWith(chunks::add)
                .thenCancel()
                .verify();

        assertThat(chunks).allSatisfy(chunk -> assertThat(chunk.readableBytes()).isBetween(1, 1 << 20));
        chunks.forEach(ByteBuf::release);
        assertThat(chunks).allMatch(chunk -> chunk.refCnt() == 0);
    }

    @Test
    void saysWhenThereIsNoSuchFile() {
        store().get("a")
                .as(StepVerifier::create)
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(NotThere.class).hasMessageContaining("a"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", ".hidden", "../a", "a/b", "/etc/passwd", "a\\b", "a\nb", "a\0b"})
    void refusesNamesThatLeadElsewhere(String name) {
        Store store = store();

        store.get(name).as(StepVerifier::create).verifyError(InvalidRequest.class);
        store.put(name, Flux.empty(), CRC).as(StepVerifier::create).verifyError(InvalidRequest.class);
        store.reserve(name).as(StepVerifier::create).verifyError(InvalidRequest.class);
        store.delete(name).as(StepVerifier::create).verifyError(InvalidRequest.class);
        store.exists(name).as(StepVerifier::create).verifyError(InvalidRequest.class);
    }

    @Test
    void releasesBuffersThatComeUnaskedAndFails() {
        var threads = new ManualThreads();
        Store store = store(threads.scheduler());
        TestPublisher<ByteBuf> bytes = TestPublisher.createNoncompliant(
                TestPublisher.Violation.REQUEST_OVERFLOW, TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        List<ByteBuf> buffers = List.of(buffer(1), buffer(1), buffer(1), buffer(1));

        store.put("a", bytes.flux(), CRC)
                .as(StepVerifier::create)
                .then(threads::run)
                .then(() -> buffers.forEach(bytes::next))
                .then(threads::run)
                .verifyError();

        assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
        assertThat(leftovers()).isEmpty();
    }

    static Reservation reserve(Store store, ManualThreads threads, String name) {
        var claimed = new ArrayList<Reservation>();
        store.reserve(name).subscribe(claimed::add);
        threads.run();
        return claimed.get(0);
    }

    static void put(Store store, String name, String content) {
        store.put(name, Flux.just(Unpooled.copiedBuffer(content, UTF_8)), CRC).block(Duration.ofSeconds(10));
    }

    static ByteBuf buffer(int size) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(size).writeZero(size);
    }

    static List<ByteBuf> cut(byte[] content, Random random) {
        var pieces = new ArrayList<ByteBuf>();
        for (int from = 0; from < content.length; ) {
            int length = Math.min(content.length - from, random.nextInt(1 << random.nextInt(1, 20)));
            pieces.add(PooledByteBufAllocator.DEFAULT.directBuffer(16).writeBytes(content, from, length));
            from += length;
        }
        return pieces;
    }

    static List<String> names(Store store) {
        return store.list().map(StoreEntry::name).collectList().blockOptional().orElseThrow();
    }

    static byte[] read(Store store, String name) {
        var out = new ByteArrayOutputStream();
        store.get(name)
                .doOnNext(chunk -> {
                    out.writeBytes(ByteBufUtil.getBytes(chunk));
                    chunk.release();
                })
                .blockLast();
        return out.toByteArray();
    }

    private static Digest digest(Digest.Algorithm algorithm, byte[] content) throws Exception {
        if (algorithm == Digest.Algorithm.SHA256) {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(content);
            return new Digest(algorithm, HexFormat.of().formatHex(sum));
        }
        var crc = new CRC32C();
        crc.update(content);
        return new Digest(algorithm, "%08x".formatted(crc.getValue()));
    }

    private static void await(AtomicBoolean flag) {
        await(flag::get);
    }

    static void await(BooleanSupplier until) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!until.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
