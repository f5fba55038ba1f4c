package dev.sluice.engine.store;

import java.util.ArrayDeque;
import java.util.Queue;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Threads as slow as a test wants them: nothing runs before {@link #run()}. */
final class ManualThreads {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final Scheduler scheduler = Schedulers.fromExecutor(tasks::add);

    Scheduler scheduler() {
        return scheduler;
    }

    void run() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }
}
