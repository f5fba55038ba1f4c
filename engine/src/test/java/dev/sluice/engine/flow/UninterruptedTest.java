package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class UninterruptedTest {

    private static final int PATIENCE_SECONDS = 20;

    private final Scheduler one = Uninterrupted.on(Schedulers.newBoundedElastic(1, 100, "uninterrupted"));

    @AfterEach
    void stop() {
        one.dispose();
    }

    /** Disposes of work while it is done. */
    private void goesOnUndisturbed(Function<Runnable, Disposable> started) throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var ended = new CompletableFuture<String>();
        Disposable work = started.apply(() -> {
            begun.countDown();
            try {
                goOn.await();
                ended.complete("undisturbed");
            } catch (InterruptedException e) {
                ended.complete("interrupted");
            }
        });
        assertThat(begun.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        work.dispose();
        goOn.countDown();
        assertThat(ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo("undisturbed");
    }

    @Test
    void workThatWasBegunGoesOn() throws Exception {
        goesOnUndisturbed(one::schedule);
    }

    @Test
    void soDoesThatOfALineThatIsGivenBack() throws Exception {
        goesOnUndisturbed(work -> {
            Scheduler.Worker worker = one.createWorker();
            worker.schedule(work);
            return worker;
        });
    }

    @Test
    void soDoesThatOfAFlow() throws Exception {
        goesOnUndisturbed(work -> Mono.fromRunnable(work).subscribeOn(one).subscribe());
    }

    @Test
    void whatWaitsIsDropped() throws Exception {
        var goOn = new CountDownLatch(1);
        var done = new AtomicBoolean();
        one.schedule(() -> awaitSurely(goOn));
        Disposable waiting = one.schedule(() -> done.set(true));
        Scheduler.Worker worker = one.createWorker();
        worker.schedule(() -> done.set(true));

        waiting.dispose();
        worker.dispose();
        goOn.countDown();

        var behind = new CountDownLatch(1);
        one.schedule(behind::countDown);
        assertThat(behind.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(done).isFalse();
    }

    @Test
    void aLineThatIsGivenBackTakesNoMore() {
        Scheduler.Worker worker = one.createWorker();
        worker.dispose();

        assertThat(worker.isDisposed()).isTrue();
        assertThatThrownBy(() -> worker.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void withoutThreadsNothingBegins() {
        Scheduler.Worker worker = one.createWorker();
        one.dispose();

        assertThat(one.isDisposed()).isTrue();
        assertThatThrownBy(() -> one.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> worker.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
        worker.dispose();
        assertThat(worker.isDisposed()).isTrue();
    }

    /** As an engine that is closed waits for files to be removed. */
    @Test
    void aGracefulEndWaitsForWhatWasTakenAndTakesNoMore() throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var done = new AtomicBoolean();
        one.schedule(() -> {
            begun.countDown();
            awaitSurely(goOn);
        });
        Scheduler.Worker worker = one.createWorker();
        worker.schedule(() -> done.set(true));
        one.schedule(() -> {}).dispose();
        begun.await();

        CompletableFuture<Void> over = one.disposeGracefully().toFuture();

        assertThat(over).isNotDone();
        assertThat(one.isDisposed()).isTrue();
        assertThatThrownBy(() -> one.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> worker.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
        goOn.countDown();
        assertThat(over).succeedsWithin(Duration.ofSeconds(PATIENCE_SECONDS));
        assertThat(done).isTrue();
        assertThat(one.disposeGracefully().toFuture()).succeedsWithin(Duration.ofSeconds(PATIENCE_SECONDS));
    }

    /** What is dropped is nothing to wait for, wherever it is when its line ends. */
    @Test
    void aGracefulEndDoesNotWaitForWhatIsDropped() {
        for (int i = 0; i < 200; i++) {
            Scheduler threads = Uninterrupted.on(Schedulers.newBoundedElastic(2, 1_000, "dropped"));
            Scheduler.Worker worker = threads.createWorker();
            threads.schedule(worker::dispose);
            try {
                for (int n = 0; n < 100; n++) {
                    worker.schedule(() -> {});
                }
            } catch (RejectedExecutionException e) {
                // it has ended
            }

            assertThat(threads.disposeGracefully().toFuture()).succeedsWithin(Duration.ofSeconds(PATIENCE_SECONDS));
        }
    }

    private static void awaitSurely(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
