package dev.sluice.bench.jmh;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.SlabEncoder;
import dev.sluice.engine.stage.codec.SlabEncoders;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What the benchmarks work on. */
final class BenchData {

    private static final int MADE_UP = 16 << 20;
    private static final int MOST = 256 << 20;
    private static final double SPREAD = 16;

    private BenchData() {}

    /** The file in direct memory, or for an empty name bytes that compress about as well as compacted TSM. */
    static ByteBuf load(String file) throws IOException {
        if (file.isEmpty()) {
            return madeUp();
        }
        try (FileChannel channel = FileChannel.open(Path.of(file))) {
            int size = (int) Math.min(channel.size(), MOST);
            ByteBuf data = Unpooled.directBuffer(size, size);
            while (data.isWritable()) {
                if (data.writeBytes(channel, data.writerIndex(), data.writableBytes()) < 0) {
                    throw new IOException(file + " became shorter");
                }
            }
            return data;
        }
    }

    /** Gaussian noise with 6 bits of entropy a byte: no repetitions, but some bytes more often than others. */
    private static ByteBuf madeUp() {
        var random = new Random(1);
        byte[] noise = new byte[MADE_UP];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (byte) Math.round(random.nextGaussian() * SPREAD);
        }
        return Unpooled.directBuffer(MADE_UP, MADE_UP).writeBytes(noise);
    }

    /** {@code data} in slabs that share its memory; the last one may be shorter. */
    static List<ByteBuf> slabs(ByteBuf data, int size) {
        var slabs = new ArrayList<ByteBuf>();
        for (int at = 0; at < data.writerIndex(); at += size) {
            slabs.add(data.slice(at, Math.min(size, data.writerIndex() - at)));
        }
        return slabs;
    }

    /** @param provider part of a gzip provider's name, {@code JDK} for one, or empty for the best */
    static SlabEncoder encoder(Compression compression, String provider) {
        if (provider.isEmpty() || compression.codec() != Codec.GZIP || compression.level() == 0) {
            return SlabEncoders.forCompression(compression)
                    .orElseThrow(() -> new IllegalArgumentException("nothing to measure: " + compression));
        }
        return SlabEncoders.gzip(
                compression.level(),
                SlabEncoders.gzipProviders().stream()
                        .filter(candidate -> candidate.name().contains(provider))
                        .toList());
    }
}
