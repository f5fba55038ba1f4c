package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
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
