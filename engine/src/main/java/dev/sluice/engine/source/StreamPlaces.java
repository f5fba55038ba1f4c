package dev.sluice.engine.source;

import dev.sluice.engine.flow.Crossing;
import dev.sluice.engine.format.SeekTable;
import dev.sluice.engine.format.StreamLayout;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.stage.codec.Decoders;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.tar.TarReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Where the tar of a stream archive stands in the file that it was kept as: the only one who knows the file's offsets.
 * All others speak of those of the tar, of which some are <em>borders</em> where reading can begin: the starts of zstd
 * frames, or of the tar's blocks if it is not compressed.
 */
final class StreamPlaces {

    private static final int HEAD = 4;
    private static final int BLOCK = 512;
    private static final int END_MARKER = 2 * BLOCK;

    /** How far from the end a manifest is looked for; that is room for a hundred thousand shards. */
    private static final int MOST_OF_MANIFEST = 16 << 20;

    /** Pieces in which it is looked for in a bare tar. */
    private static final int WINDOW = 64 << 10;

    /** How the header block of the manifest begins. */
    private static final byte[] MANIFEST = (StreamLayout.MANIFEST + "\0").getBytes(StandardCharsets.US_ASCII);

    private final PlainFile file;
    private final Scheduler decoding;
    private final boolean indexFirst;
    private final Optional<SeekTable.Frames> frames;
    private final long manifest;
    private final long end;

    private StreamPlaces(
            PlainFile file,
            Scheduler decoding,
            boolean indexFirst,
            Optional<SeekTable.Frames> frames,
            long manifest,
            long end) {
        this.file = file;
        this.decoding = decoding;
        this.indexFirst = indexFirst;
        this.frames = frames;
        this.manifest = manifest;
        this.end = end;
    }

    /**
     * Looks at the file's end; empty if there is no sound seek table behind zstd frames, if nothing there looks like a
     * manifest, or if it is compressed otherwise.
     *
     * @param decoding where it is decompressed and taken apart
     * @param indexFirst whether the index of a TSM file is read before its bytes, if nothing is compressed
     */
    static Mono<StreamPlaces> of(PlainFile file, Scheduler decoding, boolean indexFirst) {
        return file.look(channel -> find(file, decoding, indexFirst, channel)).flatMap(Mono::justOrEmpty);
    }

    /** The border where the manifest begins. */
    long manifest() {
        return manifest;
    }

    /** Whether there are two borders, one behind the other, and not behind the manifest's. */
    boolean hold(long from, long to) {
        return from < to && to <= manifest && isBorder(from) && isBorder(to);
    }

    /** The manifest and the end of the tar, read by {@code reading}. Cold. */
    <T> Flux<T> end(Function<Entries, Flux<T>> reading) {
        return read(file.name(), manifest, end, reading);
    }

    /**
     * The entries between two borders, read by {@code reading}. Cold; nothing beyond the second is read.
     *
     * @param what for messages
     */
    <T> Flux<T> read(String what, long from, long to, Function<Entries, Flux<T>> reading) {
        return Flux.using(
                () -> new Entries(what)
                        .from(tar(what, from, to)
                                .transform(TarReader.files(what))
                                .transform(indexes(from))
                                .subscribeOn(decoding)),
                reading,
                Entries::close);
    }

    private Function<Flux<ShardPart>, Flux<ShardPart>> indexes(long from) {
        return indexFirst && frames.isEmpty() ? IndexFirst.inTar(file, place(from)) : parts -> parts;
    }

    private Flux<ByteBuf> tar(String what, long from, long to) {
        return file.read(place(from), place(to))
                .transform(Crossing.to(decoding, ByteBuf::release))
                .transform(Decoders.forCodec(frames.isPresent() ? Codec.ZSTD : Codec.NONE, what));
    }

    private boolean isBorder(long offset) {
        return frames.map(zstd -> zstd.at(offset) >= 0).orElse(offset % BLOCK == 0);
    }

    private long place(long border) {
        return frames.map(zstd -> zstd.place(zstd.at(border))).orElse(border);
    }

    private static Optional<StreamPlaces> find(
            PlainFile file, Scheduler decoding, boolean indexFirst, FileChannel channel) throws IOException {
        if (channel.size() < HEAD) {
            return Optional.empty();
        }
        Codec codec = Decoders.detect(Unpooled.wrappedBuffer(bytes(channel, 0, HEAD)));
        if (codec == Codec.ZSTD) {
            Optional<SeekTable.Frames> frames = SeekTable.read(channel);
            long manifest = frames.isPresent() ? inFrames(channel, frames.get()) : -1;
            return manifest < 0
                    ? Optional.empty()
                    : Optional.of(new StreamPlaces(
                            file,
                            decoding,
                            indexFirst,
                            frames,
                            manifest,
                            frames.get().offset(frames.get().count())));
        }
        long manifest = codec == Codec.NONE ? inBlocks(channel) : -1;
        return manifest < 0
                ? Optional.empty()
                : Optional.of(new StreamPlaces(file, decoding, indexFirst, Optional.empty(), manifest, channel.size()));
    }

    /** Offset of the last frame that begins with the header of a manifest; negative if there is none. */
    private static long inFrames(FileChannel channel, SeekTable.Frames frames) throws IOException {
        long end = frames.offset(frames.count());
        for (int i = frames.count() - 1; i >= 0 && end - frames.offset(i) <= MOST_OF_MANIFEST; i--) {
            Optional<byte[]> content = SeekTable.content(channel, frames, i);
            if (content.isEmpty()) {
                return -1;
            }
            if (isManifest(content.get(), 0)) {
                return frames.offset(i);
            }
        }
        return -1;
    }

    /** Offset of the last block that is the header of a manifest; negative if there is none. */
    private static long inBlocks(FileChannel channel) throws IOException {
        long end = channel.size();
        if (end % BLOCK != 0 || end < END_MARKER || !isZero(bytes(channel, end - END_MARKER, END_MARKER))) {
            return -1;
        }
        long least = Math.max(0, end - MOST_OF_MANIFEST);
        for (long to = end - END_MARKER; to > least; to -= WINDOW) {
            long from = Math.max(0, to - WINDOW);
            byte[] blocks = bytes(channel, from, (int) (to - from));
            for (int i = blocks.length - BLOCK; i >= 0; i -= BLOCK) {
                if (isManifest(blocks, i)) {
                    return from + i;
                }
            }
        }
        return -1;
    }

    private static boolean isManifest(byte[] bytes, int at) {
        return bytes.length - at >= BLOCK
                && Arrays.equals(bytes, at, at + MANIFEST.length, MANIFEST, 0, MANIFEST.length);
    }

    private static boolean isZero(byte[] bytes) {
        return Arrays.equals(bytes, new byte[bytes.length]);
    }

    private static byte[] bytes(FileChannel channel, long place, int length) throws IOException {
        return PlainFile.bytes(channel, place, length).array();
    }
}
