package dev.sluice.bench.jmh;

import dev.sluice.engine.model.Compression;
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

/** One slab after the other of a file through an encoder, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SlabEncoderBenchmark {

    @Param({"gzip:0", "gzip:1", "gzip:6", "zstd:1", "zstd:3"})
    public String compression = "";

    @Param({"524288", "1048576"})
    public int slabSize;

    /** Path of a file, or empty for made-up bytes. */
    @Param("")
    public String file = "";

    /** Part of a gzip provider's name, or empty for the best. */
    @Param("")
    public String provider = "";

    private ByteBuf data = Unpooled.EMPTY_BUFFER;
    private ByteBuf out = Unpooled.EMPTY_BUFFER;
    private List<ByteBuf> slabs = List.of();
    private int next;

    @SuppressWarnings("NullAway.Init") // JMH calls open() first.
    private SlabEncoder encoder;

    /** Millions of bytes, which JMH shows per second. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Bytes {
        public double rawMB;
        public double storedMB;
    }

    @Setup
    public void open() throws IOException {
        data = BenchData.load(file);
        slabs = BenchData.slabs(data, slabSize);
        encoder = BenchData.encoder(Compression.parse(compression), provider);
        out = Unpooled.directBuffer(encoder.bound(slabSize));
    }

    @TearDown
    public void close() {
        encoder.close();
        out.release();
        data.release();
    }

    @Benchmark
    public int encode(Bytes bytes) {
        ByteBuf slab = slabs.get(next);
        next = (next + 1) % slabs.size();
        out.clear();
        encoder.encode(slab, out);
        bytes.rawMB += slab.readableBytes() / 1e6;
        bytes.storedMB += out.readableBytes() / 1e6;
        return out.readableBytes();
    }
}
