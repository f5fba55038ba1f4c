package dev.sluice.engine.source;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.store.Store;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import reactor.core.publisher.Mono;

/** Manifests and metadata, which are held in memory whole. */
final class SmallFile {

    /** A million shards have some 40 MB of metadata and 200 MB of manifest. */
    static final int LIMIT = 256 << 20;

    private SmallFile() {}

    /** All of the file's bytes; {@link FormatDamaged} if there are more than {@link #LIMIT}. */
    static Mono<byte[]> read(Store store, String name) {
        return store.get(name)
                .collect(ByteArrayOutputStream::new, (all, chunk) -> append(store, name, all, chunk))
                .map(ByteArrayOutputStream::toByteArray);
    }

    private static void append(Store store, String name, ByteArrayOutputStream all, ByteBuf chunk) {
        try {
            if (all.size() + chunk.readableBytes() > LIMIT) {
                throw new FormatDamaged(
                        store.describe(name),
                        "has more than %d bytes, too many for what it should be".formatted(LIMIT));
            }
            byte[] bytes = new byte[chunk.readableBytes()];
            chunk.readBytes(bytes);
            all.writeBytes(bytes);
        } finally {
            chunk.release();
        }
    }
}
