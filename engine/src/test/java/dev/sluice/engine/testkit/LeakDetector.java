package dev.sluice.engine.testkit;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Netty's detector, with a memory: what it finds is not only logged but fails the build, see {@link LeaksFail}. Netty
 * makes it when the system property {@code io.netty.customResourceLeakDetector} names it.
 */
public final class LeakDetector<T> extends ResourceLeakDetector<T> {

    private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

    /** As Netty calls it. */
    public LeakDetector(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
    }

    /** As Netty also looks for it. */
    public LeakDetector(Class<?> resourceType, int samplingInterval, long maxActive) {
        this(resourceType, samplingInterval);
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        super.reportTracedLeak(resourceType, records);
        FOUND.add(resourceType + " was not released before it was garbage-collected" + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        super.reportUntracedLeak(resourceType);
        FOUND.add(resourceType + " was not released before it was garbage-collected");
    }

    /** Collects garbage, and gives each leak that was found since the last call. */
    public static List<String> look() {
        collect();
        // An allocation makes the detector look at what the collector has found.
        UnpooledByteBufAllocator.DEFAULT.directBuffer(1).release();
        var found = new ArrayList<String>();
        for (String leak = FOUND.poll(); leak != null; leak = FOUND.poll()) {
            found.add(leak);
        }
        return found;
    }

    /** Comes back when the references of what was garbage have been queued. */
    private static void collect() {
        var queue = new ReferenceQueue<>();
        var garbage = new WeakReference<>(new Object(), queue);
        try {
            for (int i = 0; i < 10 && !garbage.refersTo(null); i++) {
                System.gc();
            }
            queue.remove(1_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
