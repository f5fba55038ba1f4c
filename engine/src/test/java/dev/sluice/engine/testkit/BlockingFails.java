package dev.sluice.engine.testkit;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class in which a thread was blocked that must not be; registered for all by {@code META-INF/services}. */
public final class BlockingFails implements AfterAllCallback {

    @Override
    public void afterAll(ExtensionContext context) {
        List<Throwable> calls = BlockingCalls.look();
        if (!calls.isEmpty()) {
            var blocked = new AssertionError("%d calls blocked threads that must not be, up to the end of %s"
                    .formatted(calls.size(), context.getDisplayName()));
            calls.forEach(blocked::addSuppressed);
            throw blocked;
        }
    }
}
