package dev.sluice.engine.testkit;

import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What a source's shards hold: for each shard the files in their order, each with its length and checksum. */
public final class Contents {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Contents() {}

    /** Opens a source, reads all that is selected, and closes it. */
    public static Map<ShardRef, Map<String, String>> of(Source source, Selection selection) {
        var shards = new LinkedHashMap<ShardRef, Map<String, String>>();
        Mono.usingWhen(
                        source.open(selection),
                        session -> session.shards()
                                .concatMap(
                                        read -> files(read.parts()).doOnNext(files -> shards.put(read.ref(), files)), 0)
                                .then(session.end()),
                        SourceSession::close)
                .block(PATIENCE);
        return shards;
    }

    /** The files of one shard of a source. */
    public static Map<String, String> of(Source source, ShardRef ref) {
        return Objects.requireNonNull(of(source, Selection.EVERYTHING).get(ref), ref::toString);
    }

    /** Opens a source, for a look at its catalog. */
    public static SourceSession open(Source source, Selection selection) {
        return Objects.requireNonNull(source.open(selection).block(PATIENCE));
    }

    /** One shard of an open source. */
    public static ShardRead read(SourceSession session, ShardRef ref) {
        return Objects.requireNonNull(
                session.shards().filter(shard -> shard.ref().equals(ref)).blockFirst(PATIENCE), ref::toString);
    }

    /** Name to {@code length:crc32}; the last part must be the end of the shard, with the right number of files. */
    public static Mono<Map<String, String>> files(Flux<ShardPart> parts) {
        return Mono.defer(() -> {
            var collected = new Collected();
            return parts.doOnNext(collected::take).then(Mono.fromSupplier(collected::result));
        });
    }

    private static final class Collected {
        private final Map<String, String> files = new LinkedHashMap<>();
        private @Nullable String name;
        private CRC32 crc = new CRC32();
        private long length;
        private boolean ended;

        void take(ShardPart part) {
            try {
                if (ended) {
                    throw new AssertionError("a part after the end: " + part);
                }
                if (part instanceof ShardPart.FileStart file) {
                    name = file.name();
                    crc = new CRC32();
                    length = 0;
                } else if (part instanceof ShardPart.Bytes bytes) {
                    ByteBuf data = bytes.data();
                    length += data.readableBytes();
                    crc.update(data.nioBuffer());
                } else if (part instanceof ShardPart.FileEnd) {
                    files.put(Objects.requireNonNull(name), length + ":" + Long.toHexString(crc.getValue()));
                } else if (part instanceof ShardPart.ShardEnd end) {
                    ended = true;
                    if (end.files() != files.size()) {
                        throw new AssertionError("%d files announced, %d came".formatted(end.files(), files.size()));
                    }
                }
            } finally {
                part.release();
            }
        }

        Map<String, String> result() {
            if (!ended) {
                throw new AssertionError("no end of the shard");
            }
            return files;
        }
    }
}
