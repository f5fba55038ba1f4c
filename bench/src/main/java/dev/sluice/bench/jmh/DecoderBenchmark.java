package dev.sluice.bench.jmh;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.stage.codec.Decoders;
import dev.sluice.engine.stage.codec.SlabEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.List;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import reactor.core.publisher.Flux;

/** A whole compressed file, read in buffers of 64 KiB, back to raw bytes on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DecoderBenchmark {

    private static final int SLAB = 1 << 20;
    private static final int BUFFER = 64 << 10;

    @Param({"gzip:0", "gzip:1", "zstd:1", "zstd:3"})
    public String compression = "";

    /** Path of a file, or empty for made-up bytes. */
    @Param("")
    public String file = "";

    private ByteBuf archive = Unpooled.EMPTY_BUFFER;
    private List<ByteBuf> buffers = List.of();

    /** Millions of bytes, which JMH shows per second. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Bytes {
        public double rawMB;
    }

    @Setup
    public void encode() throws IOException {
        ByteBuf data = BenchData.load(file);
        archive = Unpooled.directBuffer(data.readableBytes() + data.readableBytes() / 100 + SLAB);
        try (SlabEncoder encoder = BenchData.encoder(Compression.parse(compression), "")) {
            for (ByteBuf slab : BenchData.slabs(data, SLAB)) {
                archive.ensureWritable(encoder.bound(slab.readableBytes()));
                encoder.encode(slab, archive);
            }
        }
        data.release();
        buffers = BenchData.slabs(archive, BUFFER);
    }

    @TearDown
    public void close() {
        archive.release();
    }

    @Benchmark
    public long decode(Bytes bytes) {
        long size = 0;
        var decoded = Flux.fromIterable(buffers)
                .map(ByteBuf::retainedSlice)
                .transform(Decoders.forCodec(Compression.parse(compression).codec(), "benchmark"))
                .toIterable();
        for (ByteBuf chunk : decoded) {
            size += chunk.readableBytes();
            chunk.release();
        }
        bytes.rawMB += size / 1e6;
        return size;
    }
}
