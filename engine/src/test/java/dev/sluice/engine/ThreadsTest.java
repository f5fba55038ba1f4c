package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThreadsTest {

    private final List<Throwable> shown = new ArrayList<>();
    private final List<Throwable> broken = new ArrayList<>();
    private final ThreadGroup group = new ThreadGroup("threads-test") {
        @Override
        public void uncaughtException(Thread thread, Throwable error) {
            shown.add(error);
        }
    };

    /** Where the engine was closed while something was cleaned up; the operator is told by Reactor, and copes. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void showsNoTraceOfWorkThatCameTooLate(boolean mayBlock) throws InterruptedException {
        endWith(new RejectedExecutionException("closed"), mayBlock);

        assertThat(shown).isEmpty();
        assertThat(broken).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void showsDefectsAndTellsOfWhatBreaksTheJvm(boolean mayBlock) throws InterruptedException {
        var defect = new IllegalStateException("a defect");
        var missing = new NoClassDefFoundError("a/Class");

        endWith(defect, mayBlock);
        endWith(missing, mayBlock);

        assertThat(shown).containsExactly(defect);
        assertThat(broken).containsExactly(missing);
    }

    private <E extends Throwable> void endWith(E error, boolean mayBlock) throws InterruptedException {
        var threads = new Threads("threads-test", mayBlock, broken::add);
        var starter = new Thread(group, () -> {
            Thread thread = threads.newThread(() -> ThreadsTest.<RuntimeException>fail(error));
            thread.start();
            joined(thread);
        });
        starter.start();
        starter.join();
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void fail(Throwable error) throws E {
        throw (E) error;
    }

    private static void joined(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
