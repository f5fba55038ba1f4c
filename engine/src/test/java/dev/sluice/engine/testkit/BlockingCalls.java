package dev.sluice.engine.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What blocked a thread that must not be blocked: an event loop, a thread of a parallel scheduler. {@link
 * BlockHoundRemembers} puts it here, and it fails the build, see {@link BlockingFails}. Knows nothing of BlockHound, which
 * not all have who use these tests.
 *
 * <p>The call is remembered and goes on. An error thrown in its place, as is BlockHound's habit, strikes where nobody
 * expects one, in the midst of taking a lock: the lock's line then has one who waits but is not there, an element that a
 * queue has taken is told to nobody, and some other thread sleeps for ever, in some later test. And who catches all errors
 * hides it.
 */
public final class BlockingCalls {

    /** More would not tell more. */
    private static final int REMEMBERED = 20;

    private static final Queue<Throwable> FOUND = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger SEEN = new AtomicInteger();

    private BlockingCalls() {}

    /** Told by the thread itself, in the midst of the call: must not block. */
    static void found(String method) {
        if (SEEN.incrementAndGet() <= REMEMBERED) {
            FOUND.add(new Throwable("%s blocked %s".formatted(method, Thread.currentThread())));
        }
    }

    /** Gives the calls since the last look, each with its stack. */
    public static List<Throwable> look() {
        var found = new ArrayList<Throwable>();
        for (Throwable call = FOUND.poll(); call != null; call = FOUND.poll()) {
            found.add(call);
        }
        SEEN.set(0);
        return found;
    }
}
