package dev.sluice.engine.source;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.stage.codec.Decoders;
import dev.sluice.engine.store.Checksum;
import dev.sluice.engine.store.Store;
import dev.sluice.engine.tar.TarReader;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A shard's archive as a file in a store.
 *
 * @param file its name
 * @param ref the shard whose files it must hold
 * @param digest of the file, where it is known
 * @param indexFirst whether the index of a TSM file is read before its bytes, where the archive is not compressed
 * @param readWhole is told the length of the tar when it was read to its end, before the last part; may throw
 */
record StoredArchive(
        Store store, String file, ShardRef ref, Optional<Digest> digest, boolean indexFirst, LongConsumer readWhole) {

    private static final String HINT =
            "Was the backup copied whole? Compare the file with where it came from, or take the shard from another run.";

    /**
     * The archive's parts, decompressed as its first bytes tell, whatever its name ends in. Read on demand, cold. The
     * digest is checked while bytes pass: the last part comes only if it is right.
     *
     * <p>Everything wrong is {@link FormatDamaged} or {@link dev.sluice.engine.error.CompressedDataDamaged}, neither
     * worth a second attempt: files do not change.
     */
    Flux<ShardPart> parts() {
        return read(indexFirst);
    }

    /** Names of the files in it, by reading it as {@link #parts} does. */
    Mono<List<String>> names() {
        return read(false)
                .<String>handle((part, sink) -> {
                    if (part instanceof ShardPart.FileStart file) {
                        sink.next(file.name());
                    }
                    part.release();
                })
                .collectList();
    }

    private Flux<ShardPart> read(boolean ahead) {
        return codec().flatMapMany(codec -> read(codec, ahead))
                .onErrorMap(ArchiveDamaged.class, e -> damaged("is damaged: " + e.getMessage()))
                .onErrorMap(EmptyAnswer.class, e -> damaged("is empty, without even the end of an archive"));
    }

    private Flux<ShardPart> read(Compression.Codec codec, boolean ahead) {
        return store.get(file)
                .transform(this::checked)
                .transform(Decoders.forCodec(codec, store.describe(file)))
                .transform(this::measured)
                .transform(TarReader.parts(ref))
                .transform(codec == Compression.Codec.NONE && ahead ? this::indexFirst : parts -> parts);
    }

    private Flux<ShardPart> indexFirst(Flux<ShardPart> parts) {
        return store.plain(file)
                .map(tar -> parts.transform(IndexFirst.inTar(tar, 0)))
                .orElse(parts);
    }

    /** By a look at the first chunk, which is read again later: nothing has to be held back meanwhile. */
    private Mono<Compression.Codec> codec() {
        return store.get(file)
                .map(
                        first -> { // before anything that may drop what comes after a cancel
                            try {
                                return Decoders.detect(first);
                            } finally {
                                first.release();
                            }
                        })
                .take(1)
                .next()
                .defaultIfEmpty(Compression.Codec.NONE);
    }

    private Flux<ByteBuf> checked(Flux<ByteBuf> bytes) {
        return digest.map(expected -> Flux.defer(() -> {
                    Checksum sum = Checksum.of(expected.algorithm());
                    return bytes.doOnNext(buffer -> update(sum, buffer)).concatWith(Mono.defer(() -> {
                        Digest found = sum.digest();
                        return found.equals(expected)
                                ? Mono.empty()
                                : Mono.error(
                                        damaged("has the digest %s; its manifest says %s".formatted(found, expected)));
                    }));
                }))
                .orElse(bytes);
    }

    private static void update(Checksum sum, ByteBuf buffer) {
        for (ByteBuffer view : buffer.nioBuffers()) {
            sum.update(view);
        }
    }

    private Flux<ByteBuf> measured(Flux<ByteBuf> raw) {
        return Flux.defer(() -> {
            var length = new AtomicLong();
            return raw.doOnNext(buffer -> length.addAndGet(buffer.readableBytes()))
                    .concatWith(Mono.fromRunnable(() -> readWhole.accept(length.get())));
        });
    }

    private FormatDamaged damaged(String problem) {
        return new FormatDamaged(store.describe(file), problem, HINT);
    }
}
