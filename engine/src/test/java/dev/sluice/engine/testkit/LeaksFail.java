package dev.sluice.engine.testkit;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class after which a buffer is found that nobody released; registered for all by
 * {@code META-INF/services}. A leak is found when its buffer is collected, so it may be one of a class before.
 */
public final class LeaksFail implements AfterAllCallback {

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> leaks = LeakDetector.look();
        if (!leaks.isEmpty()) {
            throw new AssertionError("%d buffers leaked, up to the end of %s:%n%s"
                    .formatted(leaks.size(), context.getDisplayName(), String.join(System.lineSeparator(), leaks)));
        }
    }
}
