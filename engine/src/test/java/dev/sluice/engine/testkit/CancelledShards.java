package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.time.Duration;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Gives a shard, from a thread of its own, to what takes its parts and brings them to rest, and cancels that at a random
 * moment; {@link RandomCancel} is for stages, which give elements. Every buffer must be released in the end.
 */
public final class CancelledShards {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int PIECE = 1_000;
    private static final int LONGEST_MICROS = 4_000;

    private CancelledShards() {}

    /**
     * Cancels a new taker so many times.
     *
     * @param clean whether nothing is left of it; has to become true each time
     */
    public static void run(
            int times, ShardRef shard, Function<Flux<ShardPart>, ? extends Publisher<?>> taker, BooleanSupplier clean)
            throws InterruptedException {
        byte[] tar = Answers.shard(shard, Answers.files(3, 3, 20_000));
        Scheduler network = Schedulers.newSingle("network");
        try {
            for (int seed = 0; seed < times; seed++) {
                var random = new Random(seed);
                Queue<ByteBuf> buffers = new ConcurrentLinkedQueue<>();
                Flux<ShardPart> parts = Flux.range(0, (tar.length + PIECE - 1) / PIECE)
                        .map(i -> buffer(tar, i * PIECE, buffers))
                        .transform(TarReader.parts(shard))
                        .subscribeOn(network);

                Disposable running = Flux.from(taker.apply(parts)).subscribe(result -> {}, e -> {});
                TimeUnit.MICROSECONDS.sleep(random.nextInt(LONGEST_MICROS));
                running.dispose();

                assertThat(becomes(() -> free(buffers)))
                        .as("seed %d: buffers are free", seed)
                        .isTrue();
                assertThat(becomes(clean)).as("seed %d: nothing is left", seed).isTrue();
            }
        } finally {
            network.dispose();
        }
    }

    private static boolean becomes(BooleanSupplier hoped) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        boolean is = hoped.getAsBoolean();
        while (!is && System.nanoTime() < deadline) {
            TimeUnit.MICROSECONDS.sleep(100);
            is = hoped.getAsBoolean();
        }
        return is;
    }

    private static boolean free(Queue<ByteBuf> buffers) {
        synchronized (buffers) {
            return buffers.stream().allMatch(buffer -> buffer.refCnt() == 0);
        }
    }

    private static ByteBuf buffer(byte[] tar, int from, Queue<ByteBuf> buffers) {
        int length = Math.min(PIECE, tar.length - from);
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer(length).writeBytes(tar, from, length);
        buffers.add(buffer);
        return buffer;
    }
}
