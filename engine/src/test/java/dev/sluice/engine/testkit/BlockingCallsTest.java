package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class BlockingCallsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Scheduler unblockable = Schedulers.newSingle("unblockable");
    private final Scheduler blockable = Schedulers.newBoundedElastic(1, 10, "blockable");

    @AfterEach
    void stop() {
        unblockable.dispose();
        blockable.dispose();
    }

    private static Mono<Void> pause() {
        return Mono.fromRunnable(() -> LockSupport.parkNanos(1));
    }

    @Test
    void remembersWhoBlockedWhat() {
        pause().subscribeOn(unblockable).block(PATIENCE);

        assertThat(BlockingCalls.look())
                .singleElement()
                .satisfies(call -> assertThat(call)
                        .hasMessageContaining("Unsafe#park")
                        .hasMessageContaining("unblockable-")
                        .hasStackTraceContaining("BlockingCallsTest"));
        assertThat(BlockingCalls.look()).isEmpty();
    }

    @Test
    void saysNothingOfThreadsThatMayBeBlocked() {
        pause().subscribeOn(blockable).block(PATIENCE);

        assertThat(BlockingCalls.look()).isEmpty();
    }

    @Test
    void theLineOfThoseWhoWaitStaysWhole() {
        var permits = new Semaphore(0);
        var waiting = new AtomicReference<@Nullable Thread>();
        var done = Mono.fromRunnable(() -> {
                    waiting.set(Thread.currentThread());
                    permits.acquireUninterruptibly();
                })
                .subscribeOn(unblockable)
                .toFuture();
        while (!done.isDone() && !isParked(waiting.get())) {
            Thread.onSpinWait();
        }
        permits.release();

        assertThat(done).succeedsWithin(PATIENCE);
        assertThat(permits.hasQueuedThreads()).isFalse();
        assertThat(BlockingCalls.look()).isNotEmpty();
    }

    @Test
    void saysNothingOfTheLockOfAnExecutorThatIsShutDownMeanwhile() throws InterruptedException {
        var locked = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        // A thread that is told to end is interrupted under the executor's lock.
        var executor = new ScheduledThreadPoolExecutor(1, work -> new Thread(work) {
            @Override
            public void interrupt() {
                locked.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                super.interrupt();
            }
        });
        executor.prestartAllCoreThreads();
        var shutdown =
                Mono.fromRunnable(executor::shutdown).subscribeOn(blockable).toFuture();
        locked.await();
        var waiting = new AtomicReference<@Nullable Thread>();
        var refused = Mono.fromRunnable(() -> {
                    waiting.set(Thread.currentThread());
                    executor.execute(() -> {});
                })
                .subscribeOn(unblockable)
                .toFuture();
        while (!refused.isDone() && !isParked(waiting.get())) {
            Thread.onSpinWait();
        }
        goOn.countDown();

        assertThat(refused).failsWithin(PATIENCE).withThrowableOfType(ExecutionException.class);
        assertThat(shutdown).succeedsWithin(PATIENCE);
        assertThat(BlockingCalls.look()).isEmpty();
    }

    private static boolean isParked(@Nullable Thread thread) {
        return thread != null && thread.getState() == Thread.State.WAITING;
    }
}
