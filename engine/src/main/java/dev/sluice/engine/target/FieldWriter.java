package dev.sluice.engine.target;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.FieldName;
import java.util.Set;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Lets a running server see fields that a shard got by an upload. A server with a TSI index keeps the names of a shard's
 * fields in a file of its own, {@code fields.idx}; an upload does not change it, and neither does a restart, so that
 * queries do not find what stands in the shard's data files (observed on 1.6.7 and 1.8.10). A write of any point adds the
 * names of its fields.
 */
@FunctionalInterface
public interface FieldWriter {

    /**
     * Writes one point of each field again, with the value that it has. Cold.
     *
     * @param shard as the server names it
     * @param parts all of the shard as the server has it now; taken over
     * @return fields of which there was no point to write, or none that the server took; an error if it takes none at all
     */
    Mono<Set<FieldName>> show(ShardRef shard, Set<FieldName> fields, Flux<ShardPart> parts);
}
