package dev.sluice.engine.testkit;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * BlockHound throws nothing and tells {@link BlockingCalls}. Registered by {@code META-INF/services}.
 *
 * <p>What Reactor allows its schedulers is allowed them at their end, too: who gives a task to an executor that is shut
 * down at that moment meets the executor's own lock, held for some microseconds. A scheduler that a test disposes of has
 * often a task that follows on another. The same lock is met by who takes back a task, as a timer that is cancelled is.
 */
public final class BlockHoundRemembers implements BlockHoundIntegration {

    @Override
    public void applyTo(BlockHound.Builder builder) {
        builder.allowBlockingCallsInside(ScheduledThreadPoolExecutor.class.getName(), "delayedExecute");
        builder.allowBlockingCallsInside(ScheduledThreadPoolExecutor.class.getName() + "$DelayedWorkQueue", "remove");
        builder.blockingMethodCallback(method -> BlockingCalls.found(method.toString()));
    }
}
