package dev.sluice.engine.source;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.store.ScratchDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A shard of a source as files in a scratch directory: index and tombstones of TSM files cannot be read from a stream
 * before the values that they belong to.
 */
public final class ShardSpool {

    private static final String NEED = "A shard of the source has to fit there; --scratch names another directory.";

    private final ScratchDirectory room;
    private final List<Path> files = new ArrayList<>();
    private @Nullable FileChannel open; // touched by the scratch directory's one thread only

    private ShardSpool(ScratchDirectory room) {
        this.room = room;
    }

    /**
     * Reads the shard to its end, then uses its files; they are removed however that ends.
     *
     * @param scratch where the directory is made
     * @param use of the files, which may still be under work when it is cancelled
     */
    public static <T> Flux<T> using(
            ShardRead shard, Path scratch, Scheduler blocking, Function<ShardSpool, Publisher<T>> use) {
        return ScratchDirectory.using(
                scratch,
                NEED,
                blocking,
                room -> Flux.usingWhen(
                        Mono.fromSupplier(() -> new ShardSpool(room)),
                        spool -> shard.parts()
                                .concatMap(part -> Mono.using(() -> part, spool::write, ShardPart::release), 0)
                                .thenMany(Flux.defer(() -> use.apply(spool))),
                        spool -> spool.room.call(directory -> spool.close())));
    }

    /** Data files, in their order. */
    public List<Path> tsm() {
        return files.stream()
                .filter(file -> file.toString().endsWith(".tsm"))
                .sorted()
                .toList();
    }

    /** Does some work, when subscribed to, on the thread that removes the files later. */
    public <T> Mono<T> call(ScratchDirectory.Work<T> work) {
        return room.call(work);
    }

    private Mono<Void> write(ShardPart part) {
        return room.call(directory -> {
            if (part instanceof ShardPart.FileStart start) {
                Path file = directory.resolve(start.name()).normalize();
                if (!directory.equals(file.getParent())) {
                    throw new IOException("not the name of a file: " + start.name());
                }
                open = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                files.add(file);
            } else if (part instanceof ShardPart.Bytes bytes) {
                bytes.data().retain(); // a cancel lets go of it while it is being written
                try {
                    for (ByteBuffer piece : bytes.data().nioBuffers()) {
                        while (piece.hasRemaining() && open != null) {
                            open.write(piece);
                        }
                    }
                } finally {
                    bytes.data().release();
                }
            } else {
                close();
            }
            return null;
        });
    }

    private @Nullable Void close() throws IOException {
        if (open != null) {
            open.close();
            open = null;
        }
        return null;
    }
}
