package dev.sluice.engine.testkit;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Runs a stage as it runs in a backup, and cancels it: buffers come on one thread, as from an event loop; demand comes
 * from a second, as from a disk; a third cancels at a random moment. Who uses it looks whether all is released.
 */
public final class RandomCancel implements AutoCloseable {

    private static final int PATIENCE_SECONDS = 20;

    // The first may not be blocked, as an event loop; the others may.
    private final Scheduler network = Schedulers.newSingle("network");
    private final Scheduler disk = Schedulers.newBoundedElastic(1, Integer.MAX_VALUE, "disk");
    private final Scheduler caller = Schedulers.newBoundedElastic(1, Integer.MAX_VALUE, "caller");

    /**
     * One run, with the moment of the cancel drawn from the seed; comes back when everything has come to rest.
     *
     * @param in what the source has to give; what it was not asked for it releases itself, as a transport does
     * @param release of an element that comes out
     */
    public <T> void run(long seed, List<ByteBuf> in, Function<Flux<ByteBuf>, Flux<T>> stage, Consumer<T> release) {
        var random = new Random(seed);
        int elements = random.nextInt(2 * in.size() + 2);
        int spins = random.nextInt(2_000);
        var source = new Source(in);
        var sink = new Sink<T>(release, elements, spins);
        Flux.from(source).transform(stage).subscribe(sink);
        await(sink.over, "neither the end nor the cancel has come with seed " + seed);
        // What was asked for just before the end: a demand makes the network emit.
        settle(caller, seed);
        settle(disk, seed);
        settle(network, seed);
        source.releaseRest();
    }

    private static void settle(Scheduler thread, long seed) {
        var settled = new CountDownLatch(1);
        thread.schedule(settled::countDown);
        await(settled, "%s did not come to rest with seed %d".formatted(thread, seed));
    }

    private static void await(CountDownLatch latch, String otherwise) {
        try {
            // Second by second: one in which the whole machine stood still counts once, however long it was.
            for (int second = 0; second < PATIENCE_SECONDS; second++) {
                if (latch.await(1, TimeUnit.SECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(otherwise, e);
        }
        throw new AssertionError(otherwise + "; the threads stand here:" + stacks());
    }

    private static String stacks() {
        return Thread.getAllStackTraces().entrySet().stream()
                .map(thread -> "\n" + thread.getKey() + " " + thread.getKey().getState()
                        + Arrays.stream(thread.getValue())
                                .map(frame -> "\n    " + frame)
                                .collect(Collectors.joining()))
                .collect(Collectors.joining());
    }

    @Override
    public void close() {
        network.dispose();
        disk.dispose();
        caller.dispose();
    }

    private final class Source implements Publisher<ByteBuf> {
        private final Queue<ByteBuf> left;
        private volatile boolean cancelled;

        private Source(List<ByteBuf> in) {
            this.left = new ArrayDeque<>(in);
        }

        @Override
        public void subscribe(Subscriber<? super ByteBuf> subscriber) {
            subscriber.onSubscribe(new Subscription() {
                @Override
                public void request(long n) {
                    network.schedule(() -> emit(n, subscriber));
                }

                @Override
                public void cancel() {
                    cancelled = true;
                }
            });
        }

        private void emit(long n, Subscriber<? super ByteBuf> subscriber) {
            for (long i = 0; i < n && !cancelled && !left.isEmpty(); i++) {
                subscriber.onNext(left.remove());
            }
            if (left.isEmpty() && !cancelled) {
                cancelled = true;
                subscriber.onComplete();
            }
        }

        private void releaseRest() {
            left.forEach(ByteBuf::release);
            left.clear();
        }
    }

    private final class Sink<T> extends BaseSubscriber<T> {
        private final Consumer<T> release;
        private final int spins;
        private final CountDownLatch over = new CountDownLatch(1);
        private int left;

        private Sink(Consumer<T> release, int left, int spins) {
            this.release = release;
            this.left = left;
            this.spins = spins;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            demandOrCancel();
        }

        @Override
        protected void hookOnNext(T element) {
            release.accept(element);
            demandOrCancel();
        }

        @Override
        protected void hookOnError(Throwable failure) {
            // Input that is cut short is part of the game.
        }

        @Override
        protected void hookFinally(SignalType end) {
            over.countDown();
        }

        /** The last demand comes at the same time as the cancel. */
        private void demandOrCancel() {
            if (left-- > 0) {
                disk.schedule(() -> request(1));
                return;
            }
            disk.schedule(() -> request(1));
            caller.schedule(() -> {
                for (int i = 0; i < spins; i++) {
                    Thread.onSpinWait();
                }
                cancel();
            });
        }
    }
}
