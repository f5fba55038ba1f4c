package dev.sluice.cli.command;

import dev.sluice.cli.console.Failure;
import dev.sluice.cli.console.JsonDisplay;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.error.SluiceException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Ctrl-C, TERM and HUP, made into a signal that ends a flow. The JVM waits, for some seconds at most, until the
 * command has cleaned up and closes this; then it ends with 130, 143 or 129, by the signal.
 */
final class Interruption implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 5;

    /** Java tells a hook of no signal, but names the thread after it that waits for the hooks. */
    private static final Map<String, Integer> EXIT_CODES =
            Map.of("SIGHUP handler", 129, "SIGINT handler", ExitCode.INTERRUPTED, "SIGTERM handler", 143);

    private final Sinks.Empty<Void> signal = Sinks.empty();
    private final CountDownLatch cleanedUp = new CountDownLatch(1);
    private final Thread hook = new Thread(this::awaitCleanUp, "interruption");
    private volatile boolean requested;
    private volatile int exitCode = ExitCode.INTERRUPTED;

    private Interruption() {}

    static Interruption watch() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    /** For tests: nobody listens to the process's signals. */
    static Interruption manual() {
        return new Interruption();
    }

    /** Completes when the process is told to end. */
    Mono<Void> signal() {
        return signal.asMono();
    }

    /** Lets it end what an engine does. */
    Disposable ends(Engine engine) {
        return signal().doOnTerminate(engine::interrupt).subscribe();
    }

    /** Whether it is why a run has ended with this error. */
    boolean explains(SluiceException error) {
        return error instanceof EngineClosed && requested;
    }

    boolean requested() {
        return requested;
    }

    void request() {
        request(ExitCode.INTERRUPTED);
    }

    /** @param with what the process is going to end with */
    void request(int with) {
        exitCode = with;
        requested = true;
        signal.tryEmitEmpty();
    }

    /**
     * Says to people that it has ended the command, and to programs where they are to be told.
     *
     * @return what the process ends with
     */
    int told(Context context, boolean json, String message) {
        context.err().println("sluice: " + message);
        if (json) {
            context.out().println(JsonDisplay.error(new Failure("Interrupted", message, "", exitCode)));
        }
        return exitCode;
    }

    @Override
    public void close() {
        cleanedUp.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the signal came just now; the hook has nothing left to wait for
            }
        }
    }

    /** Whether the clean-up was done in time or not, the JVM ends now; what may stay are pending files. */
    @SuppressWarnings("ReturnValueIgnored") // either way
    private void awaitCleanUp() {
        request(Thread.getAllStackTraces().keySet().stream()
                .map(thread -> EXIT_CODES.get(thread.getName()))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(ExitCode.INTERRUPTED));
        try {
            cleanedUp.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
