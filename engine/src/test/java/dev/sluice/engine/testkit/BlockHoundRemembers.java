package dev.sluice.engine.testkit;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/** BlockHound throws nothing and tells {@link BlockingCalls}. Registered by {@code META-INF/services}. */
public final class BlockHoundRemembers implements BlockHoundIntegration {

    @Override
    public void applyTo(BlockHound.Builder builder) {
        builder.blockingMethodCallback(method -> BlockingCalls.found(method.toString()));
    }
}
