package dev.sluice.engine.source;

import dev.sluice.engine.flow.Detour;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.store.ScratchDirectory;
import io.netty.buffer.ByteBufUtil;
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
     * @param parts of the shard, taken over; subscribed to once for each subscription
     * @param scratch where the directory is made
     * @param use of the files, which may still be under work when it is cancelled
     */
    public static <T> Flux<T> using(
            Flux<ShardPart> parts, Path scratch, Scheduler blocking, Function<ShardSpool, Publisher<T>> use) {
        return ScratchDirectory.using(scratch, NEED, blocking, room -> {
            var spool = new ShardSpool(room);
            room.closeFirst(spool::close);
            return parts.transform(Detour.of(spool::written, ShardPart::release))
                    .thenMany(Flux.defer(() -> use.apply(spool)));
        });
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

    /** Takes over the part, as what is written of it lies on the heap: nothing to free, whoever cancels when. */
    private Flux<ShardPart> written(ShardPart part) {
        byte[] content = part instanceof ShardPart.Bytes bytes ? ByteBufUtil.getBytes(bytes.data()) : new byte[0];
        part.release();
        return room.<Void>call(directory -> {
                    if (part instanceof ShardPart.FileStart start) {
                        begin(directory, start.name());
                    } else if (part instanceof ShardPart.Bytes) {
                        append(ByteBuffer.wrap(content));
                    } else {
                        close();
                    }
                    return null;
                })
                .thenMany(Flux.empty());
    }

    private void begin(Path directory, String name) throws IOException {
        Path file = directory.resolve(name).normalize();
        if (!directory.equals(file.getParent())) {
            throw new IOException("not the name of a file: " + name);
        }
        open = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        files.add(file);
    }

    private void append(ByteBuffer content) throws IOException {
        while (content.hasRemaining() && open != null) {
            open.write(content);
        }
    }

    private void close() throws IOException {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
