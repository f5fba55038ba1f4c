package dev.sluice.bench.jmh;

import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.CheckResult;
import dev.sluice.engine.tsm.FileCheck;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmIndexCheck;
import dev.sluice.engine.tsm.TsmWriter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
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

/** A whole TSM file through its checks, on one thread: in one pass from direct buffers, and index first. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class TsmCheckBenchmark {

    private static final long START = 1_600_000_000_000_000_000L;
    private static final int VALUES = 1000;
    private static final int BUFFER = 64 << 10;

    /** Path of a TSM file, or the kind to make up: what most of its blocks hold. */
    @Param({"decimals", "noise", "integers", "strings", "wide"})
    public String file = "";

    @Param({"PASSING", "BLOCKS"})
    public CheckDepth depth = CheckDepth.PASSING;

    private ByteBuf data = Unpooled.EMPTY_BUFFER;
    private List<ByteBuf> buffers = List.of();
    private byte[] bytes = {};

    /** Millions of bytes, which JMH shows per second. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Bytes {
        public double rawMB;
    }

    @Setup
    public void load() throws IOException {
        data = file.startsWith("/")
                ? BenchData.load(file)
                : Unpooled.directBuffer().writeBytes(madeUp(file));
        buffers = BenchData.slabs(data, BUFFER);
        bytes = ByteBufUtil.getBytes(data);
    }

    @TearDown
    public void close() {
        data.release();
    }

    @Benchmark
    public CheckResult onePass(Bytes counter) {
        FileCheck check = FileCheck.of("x.tsm", data.readableBytes(), depth).orElseThrow();
        buffers.forEach(check::feed);
        return sound(check.end(), counter);
    }

    @Benchmark
    public CheckResult indexFirst(Bytes counter) throws IOException {
        try (var channel = new SeekableInMemoryByteChannel(bytes)) {
            return sound(TsmIndexCheck.check("x.tsm", channel, depth == CheckDepth.VALUES), counter);
        }
    }

    private static CheckResult sound(CheckResult result, Bytes counter) {
        if (result.damaged()) {
            throw new IllegalStateException("not a sound file: " + result.findings());
        }
        counter.rawMB += result.bytes() / 1e6;
        return result;
    }

    private static byte[] madeUp(String kind) throws IOException {
        var random = new SplittableRandom(1);
        var out = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(out))) {
            int keys = kind.equals("wide") ? 100_000 : 3000;
            for (int key = 0; key < keys; key++) {
                String name = "cpu,host=host-%06d,region=eu-west-1#!~#usage_user".formatted(key);
                writer.write(name.getBytes(StandardCharsets.UTF_8), block(kind, random));
            }
            writer.finish();
        }
        return out.toByteArray();
    }

    private static TsmBlock block(String kind, SplittableRandom random) {
        int n = kind.equals("wide") ? 60 : VALUES;
        long[] times = new long[n];
        for (int i = 0; i < n; i++) {
            long jitter = kind.equals("strings") ? random.nextLong(9_000_000_000L) : 0;
            times[i] = START + i * 10_000_000_000L + jitter;
        }
        switch (kind) {
            case "integers" -> {
                long[] values = new long[n];
                for (int i = 1; i < n; i++) {
                    values[i] = values[i - 1] + random.nextInt(5000);
                }
                return TsmBlock.ofIntegers(times, values);
            }
            case "strings" -> {
                byte[][] values = new byte[n][];
                for (int i = 0; i < n; i++) {
                    values[i] = ("GET /api/v1/items/" + random.nextInt(1000)).getBytes(StandardCharsets.UTF_8);
                }
                return TsmBlock.ofStrings(times, values);
            }
            default -> {
                double[] values = new double[n];
                double walk = 50;
                for (int i = 0; i < n; i++) {
                    walk += random.nextDouble() - 0.5;
                    values[i] = kind.equals("noise") ? random.nextDouble() : Math.rint(walk * 100) / 100;
                }
                return TsmBlock.ofFloats(times, values);
            }
        }
    }
}
