package dev.sluice.engine.tar;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import reactor.core.publisher.Flux;

/** Recorded archives, archives made here, and ways to cut them. */
final class Archives {

    static final ShardRef SHARD = new ShardRef("telemetry", "autogen", 1);

    private Archives() {}

    static byte[] recorded(String path) {
        try (var in = Archives.class.getResourceAsStream("/fixtures/backups/" + path)) {
            if (in == null) {
                throw new FileNotFoundException(path);
            }
            return path.endsWith(".gz") ? new GZIPInputStream(in).readAllBytes() : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file for {@link #of}. */
    record Entry(String path, int size) {
        byte[] body() {
            byte[] body = new byte[size];
            new Random(size).nextBytes(body);
            return body;
        }
    }

    static Entry entry(String path, int size) {
        return new Entry(path, size);
    }

    static byte[] of(Entry... entries) {
        var out = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            out.writeBytes(header(entry.path(), entry.size()));
            out.writeBytes(entry.body());
            out.writeBytes(new byte[-entry.size() & 511]);
        }
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    static byte[] header(String path, long size) {
        ByteBuf header = TarHeaders.encode(
                UnpooledByteBufAllocator.DEFAULT, path, size, Instant.parse("2026-11-23T00:24:20Z"), 0644);
        try {
            return ByteBufUtil.getBytes(header);
        } finally {
            header.release();
        }
    }

    /** Puts the right sum into a header that was changed. */
    static byte[] sealed(byte[] header) {
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
        }
        byte[] text = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, header, 148, 8);
        return header;
    }

    static byte[] joined(byte[]... pieces) {
        var out = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            out.writeBytes(piece);
        }
        return out.toByteArray();
    }

    /** Pooled direct buffers as a socket yields them; the borders are given as offsets. */
    static List<ByteBuf> cut(byte[] bytes, int... borders) {
        var pieces = new ArrayList<ByteBuf>();
        int from = 0;
        for (int i = 0; i <= borders.length; i++) {
            int to = i < borders.length ? borders[i] : bytes.length;
            pieces.add(PooledByteBufAllocator.DEFAULT.directBuffer(16).writeBytes(bytes, from, to - from));
            from = to;
        }
        return pieces;
    }

    static int[] randomBorders(byte[] bytes, Random random) {
        return random.ints(random.nextInt(40), 0, bytes.length + 1).sorted().toArray();
    }

    /** Gives the pieces; what it is not asked for it releases, as a transport does. */
    static Flux<ByteBuf> source(List<ByteBuf> pieces) {
        return Flux.fromIterable(pieces).doOnDiscard(ByteBuf.class, ByteBuf::release);
    }

    /** What the parts say, told apart from how the input was cut; releases them. */
    static final class Story {
        final List<String> lines = new ArrayList<>();
        final ByteArrayOutputStream content = new ByteArrayOutputStream();
        private long bytes;

        void tell(ShardPart part) {
            if (part instanceof ShardPart.Bytes data) {
                bytes += data.data().readableBytes();
                content.writeBytes(ByteBufUtil.getBytes(data.data()));
            } else if (part instanceof ShardPart.FileStart start) {
                lines.add("%s %d %s".formatted(start.name(), start.size(), start.modified()));
            } else if (part instanceof ShardPart.FileEnd) {
                lines.add("end after " + bytes);
                bytes = 0;
            } else if (part instanceof ShardPart.ShardEnd end) {
                lines.add("files " + end.files());
            }
            part.release();
        }
    }

    /** Reads to the end and returns the error, if any. */
    static Throwable readAll(List<ByteBuf> pieces, ShardRef shard, Story story) {
        try {
            source(pieces)
                    .transform(TarReader.parts(shard))
                    .doOnNext(story::tell)
                    .blockLast();
            return new NoError();
        } catch (RuntimeException e) {
            return e;
        }
    }

    /** Stands for success where a throwable is expected. */
    static final class NoError extends Throwable {
        private static final long serialVersionUID = 1L;
    }

    static byte[] drain(Flux<ByteBuf> bytes) {
        var out = new ByteArrayOutputStream();
        bytes.doOnNext(piece -> {
                    out.writeBytes(ByteBufUtil.getBytes(piece));
                    piece.release();
                })
                .blockLast();
        return out.toByteArray();
    }
}
