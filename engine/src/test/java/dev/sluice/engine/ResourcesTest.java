package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ResourcesTest {

    /** A file system that hangs keeps one thread; the others are freed all the same. */
    @Test
    void closesWhatItCanWhenAFileHangs() throws InterruptedException {
        var resources = new Resources(1 << 20, 1, error -> {});
        var hanging = new CountDownLatch(1);
        var free = new CountDownLatch(1);
        resources.files().schedule(() -> {
            hanging.countDown();
            awaitWhateverComes(free);
        });
        hanging.await();

        resources.close(Duration.ofMillis(1));

        assertThat(resources.workers().isDisposed()).isTrue();
        assertThat(resources.loops().isDisposed()).isTrue();
        free.countDown();
    }

    /** A shard that is checked may take a thread for long; the slabs of others do not wait behind it. */
    @Test
    void workGoesToWhicheverThreadIsFree() throws InterruptedException {
        var resources = new Resources(1 << 20, 2, error -> {});
        var busy = new CountDownLatch(1);
        var enough = new AtomicBoolean();
        resources.workers().schedule(() -> {
            busy.countDown();
            while (!enough.get()) {
                // It burns processor time.
            }
        });
        busy.await();
        var others = new CountDownLatch(8);
        for (long i = others.getCount(); i > 0; i--) {
            resources.workers().schedule(others::countDown);
        }

        assertThat(others.await(20, TimeUnit.SECONDS)).isTrue();
        enough.set(true);
        resources.close();
    }

    /** As a system call does: an interrupt changes nothing. */
    private static void awaitWhateverComes(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                // it goes on
            }
        }
    }
}
