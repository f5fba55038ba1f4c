package dev.sluice.engine.source;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.flow.Detour;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.tsm.IndexAhead;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Reads the index of each TSM file before the file's own bytes, where they lie uncompressed in a file that can be read at
 * any place, so that a check knows where the blocks end. That is done on the threads for files.
 *
 * <p>What cannot be read so is no error here: whoever reads all bytes meets it too, and knows better what it means.
 */
final class IndexFirst {

    private IndexFirst() {}

    /** Of a file that lies alone. */
    static Flux<ShardPart> alone(PlainFile file, ShardPart.FileStart start) {
        return hasIndex(start) ? looked(file, 0, start) : Flux.just(start);
    }

    private static boolean hasIndex(ShardPart.FileStart start) {
        return start.name().endsWith(".tsm");
    }

    /**
     * A stage for {@code transform}: parts as they come out of a tar.
     *
     * @param file that has the tar in it
     * @param from where in the file the tar begins, or the part of it that is read
     */
    static Function<Flux<ShardPart>, Flux<ShardPart>> inTar(PlainFile file, long from) {
        return parts -> Flux.defer(() -> {
            var place = new Place(file, from);
            return parts.transform(Detour.of(place::detour, ShardPart::release));
        });
    }

    /** How far one reading of a tar has come. */
    private static final class Place {
        private final PlainFile file;
        private long next; // entry's header

        private Place(PlainFile file, long from) {
            this.file = file;
            this.next = from;
        }

        private @Nullable Flux<ShardPart> detour(ShardPart part) {
            if (!(part instanceof ShardPart.FileStart start)) {
                return null;
            }
            long body = next + start.rawHeader().readableBytes();
            next += start.tarBytes();
            return hasIndex(start) ? looked(file, body, start) : null;
        }
    }

    /** The part is taken over even if nobody waits for it any more. */
    private static Flux<ShardPart> looked(PlainFile file, long at, ShardPart.FileStart start) {
        var held = new AtomicReference<ShardPart.@Nullable FileStart>(start);
        return file.look(channel -> IndexAhead.read(channel::read, at, start.size()))
                .onErrorReturn(SluiceException.class, Optional.empty())
                .<ShardPart>handle((sizes, sink) -> {
                    ShardPart.FileStart part = held.getAndSet(null);
                    if (part != null) {
                        sink.next(sizes.map(part::with).orElse(part));
                    }
                })
                .doFinally(how -> {
                    ShardPart.FileStart part = held.getAndSet(null);
                    if (part != null) {
                        part.release();
                    }
                })
                .flux();
    }
}
