package dev.sluice.engine.serve;

import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Makes up the series of one shard. Blocks. */
final class SampleShard {

    private static final long NANOS = 1_000_000_000L;
    private static final long DAY = 86_400 * NANOS;
    private static final byte[][] HEALTH = {utf8("ok"), utf8("degraded: fan speed low"), utf8("throttled")};
    private static final byte[][] STATUS = {utf8("200"), utf8("304"), utf8("404"), utf8("503")};

    private final Kind kind;
    private final int hosts;
    private final long interval;
    private final long seed;

    SampleShard(Kind kind, int hosts, Duration interval, long seed, long shard) {
        this.kind = kind;
        this.hosts = hosts;
        this.interval = interval.toNanos();
        this.seed = seed * 31 + shard;
    }

    /** What is measured. */
    enum Kind {
        /** cpu, disk, health, mem, net: sampled on the beat of a clock. */
        MACHINES,
        /** http: recorded a few milliseconds off. */
        WEB
    }

    /** Totals; points count once for all their fields. */
    record Written(long points, long bytes) {
        Written plus(Written other) {
            return new Written(points + other.points, bytes + other.bytes);
        }
    }

    /** The values of one field at these times. */
    @FunctionalInterface
    private interface Field {
        TsmBlock at(long[] times, SplittableRandom random);
    }

    /** Writes one file with all points from start to end, the end excluded. */
    Written write(Path file, TimeRange range) throws IOException {
        long start = range.start().getEpochSecond() * NANOS;
        long end = range.end().getEpochSecond() * NANOS;
        long first = Math.floorDiv(start + interval - 1, interval) * interval;
        long[] beat = new long[(int) ((end - first + interval - 1) / interval)];
        for (int i = 0; i < beat.length; i++) {
            beat[i] = first + i * interval;
        }
        Map<String, Field> fields = new TreeMap<>(); // ASCII only: the order of strings is that of bytes
        int series = 0;
        for (int host = 1; host <= hosts; host++) {
            series += kind == Kind.MACHINES ? machine(host, fields) : web(host, fields);
        }
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                var writer = new TsmWriter(channel)) {
            for (Map.Entry<String, Field> field : fields.entrySet()) {
                String key = field.getKey();
                String line = key.substring(0, key.indexOf('#'));
                long[] times = kind == Kind.MACHINES ? beat : offBeat(beat, random(line, start));
                writer.write(utf8(key), field.getValue().at(times, random(key, start)));
            }
            writer.finish();
            return new Written((long) series * beat.length, channel.size());
        }
    }

    private static int machine(int host, Map<String, Field> fields) {
        String tags = ",dc=%s,host=%s#!~#".formatted(host % 3 == 0 ? "fra" : "ams", name(host));
        fields.put("cpu" + tags + "usage_system", (times, random) -> walk(times, random, 4, 12));
        fields.put("cpu" + tags + "usage_user", (times, random) -> walk(times, random, 22, 45));
        fields.put("mem" + tags + "used_percent", (times, random) -> walk(times, random, 55, 20));
        fields.put("mem" + tags + "used", (times, random) -> level(times, random, 8L << 30, 4096, 1 << 12));
        fields.put("disk" + tags + "free", (times, random) -> level(times, random, 400L << 30, 1 << 20, 40));
        fields.put("net" + tags + "bytes_recv", (times, random) -> counter(times, random, 1_000_000));
        fields.put("net" + tags + "err_in", (times, random) -> counter(times, random, 2));
        fields.put("health" + tags + "on_mains", SampleShard::switches);
        fields.put("health" + tags + "state", (times, random) -> words(times, random, HEALTH, 200));
        return 5;
    }

    private static int web(int host, Map<String, Field> fields) {
        int series = 0;
        for (String path : new String[] {"/", "/api/v1/orders", "/login"}) {
            String tags = ",host=%s,path=%s#!~#".formatted(name(host), path);
            fields.put("http" + tags + "cached", SampleShard::switches);
            fields.put("http" + tags + "latency_ms", (times, random) -> walk(times, random, 35, 30));
            fields.put("http" + tags + "requests", (times, random) -> counter(times, random, 90));
            fields.put("http" + tags + "status", (times, random) -> words(times, random, STATUS, 6));
            series++;
        }
        return series;
    }

    private static String name(int host) {
        return String.format(Locale.ROOT, "web-%02d", host);
    }

    /** A few milliseconds late, each time another few; the same for all fields of a series. */
    private static long[] offBeat(long[] beat, SplittableRandom random) {
        long[] times = beat.clone();
        for (int i = 0; i < times.length; i++) {
            times[i] += random.nextInt(20) * 1_000_000L;
        }
        return times;
    }

    /** A percentage that wanders, higher by day, with two digits. */
    private static TsmBlock walk(long[] times, SplittableRandom random, double base, double swing) {
        double[] values = new double[times.length];
        double drift = 0;
        for (int i = 0; i < values.length; i++) {
            double day = (double) Math.floorMod(times[i], DAY) / DAY;
            drift = drift * 0.995 + (random.nextDouble() - 0.5) * swing * 0.2;
            double value = base + swing * 2 * day * (1 - day) + drift;
            values[i] = Math.rint(Math.max(0, value) * 100) / 100;
        }
        return TsmBlock.ofFloats(times, values);
    }

    /** An amount that moves by whole units now and then. */
    private static TsmBlock level(long[] times, SplittableRandom random, long start, long unit, int reach) {
        long[] values = new long[times.length];
        long value = start;
        for (int i = 0; i < values.length; i++) {
            if (random.nextInt(3) == 0) {
                value += (random.nextInt(2 * reach) - reach) * unit;
            }
            values[i] = Math.max(0, value);
        }
        return TsmBlock.ofIntegers(times, values);
    }

    /** A number that only grows. */
    private static TsmBlock counter(long[] times, SplittableRandom random, int most) {
        long[] values = new long[times.length];
        long value = times[0] / NANOS;
        for (int i = 0; i < values.length; i++) {
            value += random.nextInt(most);
            values[i] = value;
        }
        return TsmBlock.ofIntegers(times, values);
    }

    private static TsmBlock switches(long[] times, SplittableRandom random) {
        boolean[] values = new boolean[times.length];
        boolean value = true;
        for (int i = 0; i < values.length; i++) {
            value ^= random.nextInt(50) == 0;
            values[i] = value;
        }
        return TsmBlock.ofBooleans(times, values);
    }

    /** One of a few words, which stays for {@code stay} points on average; mostly the first. */
    private static TsmBlock words(long[] times, SplittableRandom random, byte[][] words, int stay) {
        byte[][] values = new byte[times.length][];
        byte[] word = words[0];
        for (int i = 0; i < values.length; i++) {
            if (random.nextInt(stay) == 0) {
                word = words[Math.max(0, random.nextInt(2 * words.length) - words.length)];
            }
            values[i] = word;
        }
        return TsmBlock.ofStrings(times, values);
    }

    private SplittableRandom random(String what, long start) {
        return new SplittableRandom(seed * 1_000_003 + what.hashCode() * 31L + start);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
