package dev.sluice.engine.serve;

import dev.sluice.engine.model.ServerAddress;
import reactor.core.publisher.Mono;

/** An embedded server that listens. */
public interface RunningServer {

    /** Where it listens, the real port included. */
    ServerAddress address();

    /** Stops listening and ends every conversation; completes when all is closed. */
    Mono<Void> stop();

    /** Completes when the server has stopped, for whatever reason. */
    Mono<Void> onStop();
}
