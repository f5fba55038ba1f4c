package dev.sluice.engine.target;

import dev.sluice.engine.format.StreamJson;
import dev.sluice.engine.format.StreamLayout;
import dev.sluice.engine.format.StreamShardEnd;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.Checksum;
import dev.sluice.engine.tar.TarHeaders;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;

/** One attempt at a shard on its way into a stream's tar: an entry for each file, an end record. */
final class StreamEntries {

    private static final int BLOCK = 512;
    private static final int END_MARKER = 2 * BLOCK;
    private static final int MODE = 0644;
    /** Of what has the hashes of passwords. */
    private static final int SECRET = 0600;
    /** Headers and records are small and may be dropped on a cancel: they live on the heap, and nobody has to count. */
    private static final ByteBufAllocator HEAP = new UnpooledByteBufAllocator(false, true);

    private static final ByteBuf ZEROS = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(128 * 1024).writeZero(128 * 1024).asReadOnly());

    private final ShardRef shard;
    private final int attempt;
    private final Digest.Algorithm algorithm;
    private final Instant now;
    private final List<StreamShardEnd.File> files = new ArrayList<>();
    private Checksum digest;
    private StreamShardEnd.@Nullable File open;
    private long missing;
    private long sourceBytes = END_MARKER;
    private long bytes;
    private boolean ended;

    /** @param now for what has no time of its own */
    StreamEntries(ShardRef shard, int attempt, Digest.Algorithm algorithm, Instant now) {
        this.shard = shard;
        this.attempt = attempt;
        this.algorithm = algorithm;
        this.now = now;
        this.digest = Checksum.of(algorithm);
    }

    /**
     * The bytes of the entries. When the parts fail and some of their bytes have gone out already, what was begun is
     * brought to an orderly end: the open entry padded, the end record saying that none of this counts.
     *
     * @param leave whether nothing has gone out, and nothing will any more
     * @param failed is told at once, before the rest goes out
     */
    Flux<ByteBuf> bytes(Flux<ShardPart> parts, BooleanSupplier leave, Consumer<Throwable> failed) {
        return parts.<ByteBuf>handle(this::write)
                .concatWith(Flux.defer(() -> ended
                        ? Flux.empty()
                        : Flux.error(new IllegalStateException("parts completed without the end of the shard"))))
                .onErrorResume(why -> {
                    if (leave.getAsBoolean()) {
                        return Flux.error(why);
                    }
                    failed.accept(why);
                    return padding().concatWith(Flux.defer(() -> Flux.just(voidRecord(why))));
                })
                .doOnNext(buffer -> bytes += buffer.readableBytes());
    }

    /** Bytes of the tar so far. */
    long bytes() {
        return bytes;
    }

    /** Length of the shard's tar as it came. */
    long sourceBytes() {
        return sourceBytes;
    }

    /** The files that went out whole. */
    List<StreamShardEnd.File> files() {
        return files;
    }

    /** Path of the file that was under way, or was the last. */
    List<String> paths() {
        List<String> paths = new ArrayList<>();
        files.forEach(file -> paths.add(StreamLayout.file(shard, file.name())));
        StreamShardEnd.File cut = open;
        if (cut != null) {
            paths.add(StreamLayout.file(shard, cut.name()));
        }
        return paths;
    }

    private void write(ShardPart part, SynchronousSink<ByteBuf> sink) {
        if (part instanceof ShardPart.FileStart start) {
            sourceBytes += start.tarBytes();
            start.release();
            open = new StreamShardEnd.File(start.name(), start.size(), none());
            missing = start.size();
            digest = Checksum.of(algorithm);
            sink.next(TarHeaders.encode(
                    HEAP, StreamLayout.file(shard, start.name()), start.size(), start.modified(), MODE));
        } else if (part instanceof ShardPart.Bytes data) {
            missing -= data.data().readableBytes();
            for (ByteBuffer view : data.data().nioBuffers()) {
                digest.update(view);
            }
            sink.next(data.data());
        } else if (part instanceof ShardPart.FileEnd) {
            StreamShardEnd.File file = begun();
            open = null;
            files.add(new StreamShardEnd.File(file.name(), file.size(), digest.digest()));
            int padding = padding(file.size());
            if (padding > 0) {
                sink.next(ZEROS.retainedSlice(0, padding));
            }
        } else {
            ended = true;
            sink.next(record(Optional.empty()));
        }
    }

    private StreamShardEnd.File begun() {
        StreamShardEnd.File file = open;
        if (file == null || missing != 0) {
            throw new IllegalStateException("part out of order");
        }
        return file;
    }

    /** Zeros up to the end of the open entry. */
    private Flux<ByteBuf> padding() {
        return Flux.defer(() -> {
            StreamShardEnd.File cut = open;
            long zeros = cut == null ? 0 : missing + padding(cut.size());
            return Flux.generate(() -> zeros, (left, sink) -> {
                if (left == 0) {
                    sink.complete();
                    return left;
                }
                int length = (int) Math.min(left, ZEROS.capacity());
                sink.next(ZEROS.retainedSlice(0, length));
                return left - length;
            });
        });
    }

    private ByteBuf voidRecord(Throwable why) {
        return record(Optional.of(String.valueOf(why.getMessage())));
    }

    private ByteBuf record(Optional<String> problem) {
        var end = new StreamShardEnd(shard, attempt, files, problem);
        return entry(StreamLayout.end(shard, attempt), StreamJson.encode(end), now);
    }

    private Digest none() {
        return Checksum.of(algorithm).digest();
    }

    /** A whole entry in one buffer. */
    static ByteBuf entry(String path, byte[] content, Instant modified) {
        return entry(path, content, modified, MODE);
    }

    /** The same, which whoever unpacks it keeps from others. */
    static ByteBuf secret(String path, byte[] content, Instant modified) {
        return entry(path, content, modified, SECRET);
    }

    private static ByteBuf entry(String path, byte[] content, Instant modified, int mode) {
        ByteBuf header = TarHeaders.encode(HEAP, path, content.length, modified, mode);
        int length = content.length + padding(content.length);
        ByteBuf entry = HEAP.heapBuffer(header.readableBytes() + length);
        entry.writeBytes(header).writeBytes(content).writeZero(padding(content.length));
        header.release();
        return entry;
    }

    /** What ends the tar. */
    static ByteBuf endMarker() {
        return ZEROS.retainedSlice(0, END_MARKER);
    }

    private static int padding(long size) {
        return (int) (-size & (BLOCK - 1));
    }
}
