package dev.sluice.engine.testkit;

import dev.sluice.engine.flow.Uninterrupted;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;

/** Threads for tests as the engine has them: daemons that all share and nobody ends, so that a test can run again. */
public final class TestThreads {

    /** They may block, as for work on files. */
    public static final Scheduler FILES =
            Uninterrupted.on(Schedulers.newBoundedElastic(16, 10_000, "test-files", 60, true));

    /** They may not, and there are few of them, as for what burns processor time. */
    public static final Scheduler WORKERS = Schedulers.newParallel("test-workers", 2, true);

    /** Event loops. */
    public static final LoopResources LOOPS = LoopResources.create("test-net", 2, true);

    private TestThreads() {}
}
