package dev.sluice.engine.testkit;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Netty's allocator takes a lock of its own for a moment when it grows, on event loops too; that is not ours to mend,
 * and an error from there would look like a connection that was lost. Registered by {@code META-INF/services}.
 */
public final class NettyMayAllocate implements BlockHoundIntegration {

    @Override
    public void applyTo(BlockHound.Builder builder) {
        builder.allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator", "allocate");
    }
}
