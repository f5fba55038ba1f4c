package dev.sluice.bench.jmh;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.SlabEncoder;
import dev.sluice.engine.stage.codec.SlabEncoders;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Prints ratio and speed for each encoder and size of slab. Speed is bytes per second of processor time, median of
 * five passes over the file, so that it means the same on a busy machine.
 */
public final class SlabSizes {

    private static final int[] SIZES = {256 << 10, 512 << 10, 1 << 20, 4 << 20, Integer.MAX_VALUE};
    private static final int PASSES = 5;
    private static final List<String> COMPRESSIONS =
            List.of("gzip:0", "gzip:1", "gzip:6", "zstd:-1", "zstd:1", "zstd:3");

    private SlabSizes() {}

    /** @param args paths of files, or none for made-up bytes */
    public static void main(String... args) throws IOException {
        for (String file : args.length == 0 ? new String[] {""} : args) {
            ByteBuf data = BenchData.load(file);
            System.out.printf(
                    "%n%s: %d bytes; ratio, MB/s per core%n%n",
                    file.isEmpty() ? "made-up bytes" : file, data.readableBytes());
            System.out.println("| encoder | 256 KiB | 512 KiB | 1 MiB | 4 MiB | one piece |");
            System.out.println("|---|---|---|---|---|---|");
            encoders().forEach(encoder -> row(encoder, data));
            data.release();
        }
    }

    private static List<SlabEncoder> encoders() {
        var encoders = new ArrayList<SlabEncoder>();
        for (String text : COMPRESSIONS) {
            var compression = Compression.parse(text);
            if (compression.codec() == Codec.GZIP && compression.level() > 0) {
                SlabEncoders.gzipProviders().stream()
                        .filter(provider -> provider.availability().available())
                        .forEach(provider -> encoders.add(SlabEncoders.gzip(compression.level(), List.of(provider))));
            } else {
                encoders.add(BenchData.encoder(compression, ""));
            }
        }
        return encoders;
    }

    private static void row(SlabEncoder encoder, ByteBuf data) {
        var row = new StringBuilder("| " + encoder.name() + " |");
        for (int size : SIZES) {
            row.append(cell(encoder, BenchData.slabs(data, Math.min(size, data.readableBytes()))));
        }
        encoder.close();
        System.out.println(row);
    }

    private static String cell(SlabEncoder encoder, List<ByteBuf> slabs) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        int largest = slabs.get(0).readableBytes();
        ByteBuf out = Unpooled.directBuffer(encoder.bound(largest));
        long raw = 0;
        long stored = 0;
        long[] nanos = new long[PASSES];
        for (int pass = -1; pass < PASSES; pass++) { // the first one warms up
            raw = 0;
            stored = 0;
            long start = threads.getCurrentThreadCpuTime();
            for (ByteBuf slab : slabs) {
                out.clear();
                encoder.encode(slab, out);
                raw += slab.readableBytes();
                stored += out.readableBytes();
            }
            nanos[Math.max(0, pass)] = threads.getCurrentThreadCpuTime() - start;
        }
        out.release();
        Arrays.sort(nanos);
        return " %.4f, %.0f |".formatted((double) raw / stored, raw * 1e3 / nanos[PASSES / 2]);
    }
}
