package dev.sluice.engine.source;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.ShardWithdrawn;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.flow.Relay;
import dev.sluice.engine.format.StreamJson;
import dev.sluice.engine.format.StreamLayout;
import dev.sluice.engine.format.StreamShardEnd;
import dev.sluice.engine.model.BlockSizes;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.Checksum;
import dev.sluice.engine.tar.TarHeaders;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/** One attempt at a shard in a stream: the files up to its end record, checked against that. */
final class StreamShard implements ShardRead {

    /** As many files as a shard's archive may have. */
    private static final int MAX_FILES = 1 << 20;

    /** Headers are small and may be dropped on a cancel: they live on the heap, and nobody has to count. */
    private static final ByteBufAllocator HEAP = new UnpooledByteBufAllocator(false, true);

    private static final int MAX_RECORD = 256 << 20;
    private static final int MODE = 0644;

    private final ShardRef ref;
    private final Digest.Algorithm algorithm;
    private final Relay<ShardPart> relay;
    private final Function<String, SluiceException> damaged;
    private final Consumer<StreamShardEnd> whole;
    private final Function<Throwable, Throwable> failure;

    // Two who see every part one after the other: what the relay passes, and what is made of it.
    private final Header start;
    private boolean passingEnd;
    private boolean over;

    private boolean begun;
    private final List<StreamShardEnd.File> files = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final ByteArrayOutputStream record = new ByteArrayOutputStream();
    private Header open;
    private Checksum checksum;

    /** What a header says, without its buffer. */
    record Header(String path, long size, Instant modified, Optional<BlockSizes> ahead) {
        /** Frees the buffer. */
        static Header of(ShardPart.FileStart start) {
            start.release();
            return new Header(start.name(), start.size(), start.modified(), start.ahead());
        }
    }

    /**
     * @param start the header that has been read already: a file of the shard, or its end record
     * @param algorithm of the files' digests
     * @param damaged makes an error of a clause
     * @param whole is told when the attempt was found to be whole
     * @param failure what a failure of the stream means for this shard
     */
    StreamShard(
            ShardRef ref,
            Header start,
            Digest.Algorithm algorithm,
            Relay<ShardPart> relay,
            Function<String, SluiceException> damaged,
            Consumer<StreamShardEnd> whole,
            Function<Throwable, Throwable> failure) {
        this.ref = ref;
        this.start = start;
        this.open = start;
        this.algorithm = algorithm;
        this.checksum = Checksum.of(algorithm);
        this.relay = relay;
        this.damaged = damaged;
        this.whole = whole;
        this.failure = failure;
        this.passingEnd = StreamLayout.isEnd(start.path());
    }

    @Override
    public ShardRef ref() {
        return ref;
    }

    @Override
    public Flux<ShardPart> parts() {
        return Flux.defer(() -> {
            if (begun) {
                return Flux.error(new InvalidRequest(
                        "shard %s cannot be read a second time from a pipe".formatted(ref),
                        "Keep the stream as a file or a directory first: sluice copy - DIR."));
            }
            begun = true;
            return Flux.concat(
                            Flux.<ShardPart>generate(sink -> {
                                begin(start, sink);
                                sink.complete();
                            }),
                            relay.until(this::isLast).handle(this::take))
                    .onErrorMap(failure);
        });
    }

    /** Reads on to where the next shard begins; nothing of this one is wanted. */
    Mono<Void> skip() {
        return Mono.defer(() -> over
                ? Mono.empty()
                : relay.until(this::isLast).doOnNext(ShardPart::release).then());
    }

    private boolean isLast(ShardPart part) {
        if (part instanceof ShardPart.FileStart file) {
            passingEnd = StreamLayout.isEnd(file.name());
        }
        over |= part instanceof ShardPart.FileEnd && passingEnd;
        return over;
    }

    private void take(ShardPart part, SynchronousSink<ShardPart> sink) {
        if (part instanceof ShardPart.FileStart file) {
            begin(Header.of(file), sink);
        } else if (part instanceof ShardPart.Bytes bytes) {
            takeBytes(bytes, sink);
        } else if (part instanceof ShardPart.FileEnd) {
            end(sink);
        } else {
            sink.error(damaged.apply("ends inside shard " + ref));
        }
    }

    private void begin(Header header, SynchronousSink<ShardPart> sink) {
        open = header;
        if (!StreamLayout.shardOf(header.path()).equals(Optional.of(ref))) {
            sink.error(damaged.apply("has '%s' among the files of shard %s".formatted(header.path(), ref)));
        } else if (StreamLayout.isEnd(header.path())) {
            if (header.size() > MAX_RECORD) {
                sink.error(damaged.apply("has an end record of %d bytes for shard %s".formatted(header.size(), ref)));
            }
        } else {
            String name = StreamLayout.nameOf(header.path());
            if (name.isEmpty() || names.size() >= MAX_FILES || !names.add(name)) {
                sink.error(damaged.apply("has the file '%s' twice in shard %s, or far too many".formatted(name, ref)));
                return;
            }
            checksum = Checksum.of(algorithm);
            sink.next(new ShardPart.FileStart(
                    name,
                    header.size(),
                    header.modified(),
                    TarHeaders.encode(HEAP, ref + "/" + name, header.size(), header.modified(), MODE),
                    header.ahead()));
        }
    }

    private void takeBytes(ShardPart.Bytes bytes, SynchronousSink<ShardPart> sink) {
        if (passing()) {
            for (ByteBuffer view : bytes.data().nioBuffers()) {
                checksum.update(view);
            }
            sink.next(bytes);
            return;
        }
        byte[] chunk = new byte[bytes.data().readableBytes()];
        bytes.data().readBytes(chunk);
        bytes.release();
        record.writeBytes(chunk);
    }

    private void end(SynchronousSink<ShardPart> sink) {
        if (passing()) {
            files.add(new StreamShardEnd.File(StreamLayout.nameOf(open.path()), open.size(), checksum.digest()));
            sink.next(new ShardPart.FileEnd());
            return;
        }
        StreamShardEnd end;
        try {
            end = StreamJson.decodeEnd(record.toByteArray());
        } catch (IllegalArgumentException e) {
            sink.error(damaged.apply("has an end record of shard %s that %s".formatted(ref, e.getMessage())));
            return;
        }
        if (!end.shard().equals(ref)) {
            sink.error(damaged.apply("has an end record of shard %s for %s".formatted(end.shard(), ref)));
        } else if (end.problem().isPresent()) {
            sink.error(new ShardWithdrawn(ref.toString(), "it failed when the stream was made, and may come again"));
        } else if (!end.files().equals(files)) {
            sink.error(damaged.apply("has %s".formatted(difference(end))));
        } else {
            whole.accept(end);
            sink.next(new ShardPart.ShardEnd(files.size()));
        }
    }

    private boolean passing() {
        return !StreamLayout.isEnd(open.path());
    }

    private String difference(StreamShardEnd end) {
        for (int i = 0; i < Math.min(files.size(), end.files().size()); i++) {
            StreamShardEnd.File is = files.get(i);
            StreamShardEnd.File should = end.files().get(i);
            if (!is.equals(should)) {
                return "%s with %s, %d bytes, where its end record says %s with %s, %d bytes"
                        .formatted(
                                StreamLayout.file(ref, is.name()),
                                is.digest(),
                                is.size(),
                                should.name(),
                                should.digest(),
                                should.size());
            }
        }
        return "%d files of shard %s where its end record says %d"
                .formatted(files.size(), ref, end.files().size());
    }
}
