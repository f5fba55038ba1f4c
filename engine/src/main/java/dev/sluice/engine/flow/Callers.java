package dev.sluice.engine.flow;

import java.util.List;
import java.util.Map;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * Keeps apart from the engine's operators what a caller has set up for those of his own: what is done with elements that
 * are discarded, and which errors are passed over. Reactor hands both up the flow in the context. In here the one would release
 * buffers that are in use, and the other take a broken shard for a whole one. All else in the context is seen.
 */
public final class Callers {

    private static final String HOOKS = "reactor.on";

    private Callers() {}

    /** The flow, as it is without those. */
    public static <T> Flux<T> apart(Flux<T> flow) {
        return flow.contextWrite(Callers::withoutHooks);
    }

    /** The same for one element. */
    public static <T> Mono<T> apart(Mono<T> flow) {
        return flow.contextWrite(Callers::withoutHooks);
    }

    private static Context withoutHooks(Context context) {
        List<Object> hooks = context.stream()
                .map(Map.Entry::getKey)
                .filter(key -> key instanceof String name && name.startsWith(HOOKS))
                .toList();
        Context rest = context;
        for (Object hook : hooks) {
            rest = rest.delete(hook);
        }
        return rest;
    }
}
