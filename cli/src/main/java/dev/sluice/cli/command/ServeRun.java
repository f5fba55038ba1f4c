package dev.sluice.cli.command;

import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.serve.RunningServer;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Serves until the process is told to end. */
final class ServeRun {

    private ServeRun() {}

    static int until(Context context, ServeRequest request) {
        try (Interruption interruption = Interruption.watch();
                Engine engine = context.engines().create(OptionalLong.empty())) {
            return until(context, request, engine, interruption);
        }
    }

    static int until(Context context, ServeRequest request, Engine engine, Interruption interruption) {
        @Nullable
        RunningServer server =
                engine.serve(request).takeUntilOther(interruption.signal()).block();
        if (server == null) {
            return ExitCode.INTERRUPTED;
        }
        context.err()
                .println("Serving %s at %s until interrupted."
                        .formatted(request.directories().data(), server.address()));
        context.err().println("Back it up with: sluice backup -portable -host %s DIR".formatted(server.address()));
        if (request.writable()) {
            context.err().println("Restore to it with: sluice restore -host %s DIR".formatted(server.address()));
        }
        Mono.firstWithSignal(server.onStop(), interruption.signal()).block();
        if (!interruption.requested()) {
            context.err().println("sluice: the server stopped by itself");
            return ExitCode.FAILED;
        }
        server.stop().block(Duration.ofSeconds(4));
        context.err().println("sluice: interrupted; no longer serving");
        return ExitCode.INTERRUPTED;
    }
}
