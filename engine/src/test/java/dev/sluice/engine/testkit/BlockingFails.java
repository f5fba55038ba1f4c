package dev.sluice.engine.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class in which a thread was blocked that must not be; registered for all by {@code META-INF/services}. */
public final class BlockingFails implements AfterAllCallback {

    private static final int FRAMES = 40;

    @Override
    public void afterAll(ExtensionContext context) {
        List<Throwable> calls = BlockingCalls.look();
        if (!calls.isEmpty()) {
            var blocked =
                    new AssertionError("%d calls blocked threads that must not be, up to the end of %s; the first: %s"
                            .formatted(calls.size(), context.getDisplayName(), told(calls.get(0))));
            calls.forEach(blocked::addSuppressed);
            throw blocked;
        }
    }

    /** Summaries of a build show one line and no stack. */
    private static String told(Throwable call) {
        return Stream.concat(
                        Stream.of(String.valueOf(call.getMessage())),
                        Arrays.stream(call.getStackTrace())
                                .limit(FRAMES)
                                .map(frame -> "%s.%s:%d"
                                        .formatted(frame.getClassName(), frame.getMethodName(), frame.getLineNumber())))
                .collect(Collectors.joining(" < "));
    }
}
