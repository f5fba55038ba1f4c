package dev.sluice.bench.data;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Metrics of hosts as an agent writes them, one tick every ten seconds: CPU percentages out of jiffies, gauges rounded to
 * pages, counters with exponential steps, loads with two decimals, sensors with one, two and all decimals, booleans,
 * and HTTP requests at irregular times with strings. The same seed gives the same data.
 */
final class Metrics {

    static final long TICK_NANOS = 10_000_000_000L;

    private static final int TICKS_A_DAY = 8_640;
    private static final int BATCH_BYTES = 4 << 20;

    private static final String[] REGIONS = {"us-west-1", "us-east-1", "eu-central-1", "ap-southeast-2"};
    private static final String[] TEAMS = {"SF", "NYC", "LON", "CHI"};
    private static final String[] CPU = {
        "usage_user", "usage_system", "usage_iowait", "usage_softirq", "usage_nice", "usage_steal"
    };
    private static final double[] CPU_SCALE = {1, 0.5, 0.2, 0.05, 0.01, 0.01};
    private static final String[] COUNTERS = {
        "reads",
        "writes",
        "read_bytes",
        "write_bytes",
        "read_time",
        "write_time",
        "bytes_sent",
        "bytes_recv",
        "packets_sent",
        "packets_recv",
        "err_in",
        "err_out",
        "drop_in",
        "drop_out"
    };
    private static final double[] COUNTER_SCALE = {50, 80, 2e6, 4e6, 200, 400, 1e6, 3e6, 2000, 3000, 0, 0.01, 0, 0.05};
    private static final double[] LOAD_SMOOTHING = {0.15, 0.03, 0.01};
    private static final String[] PATHS = {
        "/api/v1/query",
        "/api/v1/write",
        "/login",
        "/static/app.js",
        "/health",
        "/api/v2/orders",
        "/api/v2/orders/items",
        "/metrics"
    };
    private static final String[] MESSAGES = {
        "connection reset by peer", "request completed", "cache miss, falling back to origin", "retrying after backoff",
        "slow query detected", "checkpoint complete", "user session expired", "GC pause exceeded threshold"
    };
    private static final int[] STATUS = {200, 200, 200, 200, 204, 301, 404, 500};
    private static final long MEMORY = 2 * 33_567_629_312L;
    private static final long DISK = 1_000_204_886_016L;

    private final Host[] hosts;
    private final StringBuilder out = new StringBuilder(BATCH_BYTES + (1 << 16));

    Metrics(int hosts, long seed) {
        this.hosts = new Host[hosts];
        for (int i = 0; i < hosts; i++) {
            this.hosts[i] = new Host(i, new Random(seed * 1_000_003 + i));
        }
    }

    /** Writes ticks as line protocol, in batches of some MiB. */
    void write(long startNanos, int ticks, Consumer<byte[]> batches) {
        for (int tick = 0; tick < ticks; tick++) {
            double day = Math.sin(tick / (double) TICKS_A_DAY * 2 * Math.PI);
            for (Host host : hosts) {
                host.write(tick, startNanos + tick * TICK_NANOS, day);
            }
            if (out.length() > BATCH_BYTES) {
                flush(batches);
            }
        }
        flush(batches);
    }

    private void flush(Consumer<byte[]> batches) {
        batches.accept(out.toString().getBytes(StandardCharsets.ISO_8859_1));
        out.setLength(0);
    }

    private static double clamp(double value, double least, double most) {
        return Math.max(least, Math.min(most, value));
    }

    private static long page(double bytes) {
        return (long) bytes & -4096;
    }

    private final class Host {
        private final Random random;
        private final String tags;
        private final double[] cpu = new double[CPU.length];
        private final long[] counters = new long[COUNTERS.length];
        private final double[] load = new double[LOAD_SMOOTHING.length];
        private double memoryUsed;
        private double memoryCached;
        private double diskUsed;
        private double temperature;
        private double humidity = 50;
        private double latency = 20;

        private Host(int number, Random random) {
            this.random = random;
            this.tags = String.format(
                    Locale.ROOT,
                    ",host=host_%03d,region=%s,rack=%d,os=Debian12,service=%d,team=%s",
                    number,
                    REGIONS[random.nextInt(REGIONS.length)],
                    random.nextInt(100),
                    random.nextInt(20),
                    TEAMS[random.nextInt(TEAMS.length)]);
            for (int i = 0; i < cpu.length; i++) {
                cpu[i] = random.nextDouble() * 15;
            }
            memoryUsed = random.nextDouble() * 16e9;
            memoryCached = random.nextDouble() * 8e9;
            diskUsed = random.nextDouble() * 500e9;
            for (int i = 0; i < counters.length; i++) {
                counters[i] = random.nextLong() >>> 24;
            }
            temperature = 20 + random.nextDouble() * 10;
        }

        private void write(int tick, long time, double day) {
            cpu(time, day);
            memory(time);
            if (tick % 6 == 0) {
                disk(tick, time);
            }
            counters(time, day);
            system(tick, time);
            sensor(time);
            if (random.nextInt(2) == 0) {
                http(time);
            }
        }

        private void cpu(long time, double day) {
            int total = 8000 + random.nextInt(9) - 4;
            int sum = 0;
            line("cpu,cpu=cpu-total");
            for (int i = 0; i < cpu.length; i++) {
                double scale = CPU_SCALE[i];
                cpu[i] = clamp(cpu[i] + random.nextGaussian() * scale + day * 0.01, 0, 60 * scale);
                int jiffies = (int) (cpu[i] / 100 * total);
                sum += jiffies;
                field(CPU[i], 100.0 * jiffies / total);
            }
            field("usage_idle", 100.0 * (total - sum) / total);
            end(time);
        }

        private void memory(long time) {
            memoryUsed = clamp(memoryUsed + random.nextGaussian() * 4e6, 1e9, 30e9);
            memoryCached = clamp(memoryCached + random.nextGaussian() * 1e6, 1e9, 16e9);
            long used = page(memoryUsed);
            long cached = page(memoryCached);
            line("mem");
            field("total", MEMORY);
            field("used", used);
            field("cached", cached);
            field("free", MEMORY - used - cached);
            field("used_percent", 100.0 * used / MEMORY);
            end(time);
        }

        private void disk(int tick, long time) {
            diskUsed = clamp(diskUsed + Math.abs(random.nextGaussian()) * 1e5, 0, 1e12);
            long used = page(diskUsed);
            line("disk,device=sda1,fstype=ext4,path=/");
            field("used", used);
            field("free", DISK - used);
            field("inodes_used", 1_000_000L + tick / 6 % 50);
            field("used_percent", 100.0 * used / DISK);
            end(time);
        }

        private void counters(long time, double day) {
            for (int i = 0; i < counters.length; i++) {
                double step = -Math.log(1 - random.nextDouble()) * COUNTER_SCALE[i] * (1.2 + day);
                counters[i] += i == 2 || i == 3 ? page(step) : (long) step;
            }
            line("diskio,name=sda");
            for (int i = 0; i < 6; i++) {
                field(COUNTERS[i], counters[i]);
            }
            end(time);
            line("net,interface=eth0");
            for (int i = 6; i < COUNTERS.length; i++) {
                field(COUNTERS[i], counters[i]);
            }
            end(time);
        }

        private void system(int tick, long time) {
            line("system");
            for (int i = 0; i < load.length; i++) {
                load[i] += LOAD_SMOOTHING[i] * (Math.max(0, cpu[0] / 8 + random.nextGaussian()) - load[i]);
            }
            field("load1", Math.round(load[0] * 100) / 100.0);
            field("load5", Math.round(load[1] * 100) / 100.0);
            field("load15", Math.round(load[2] * 100) / 100.0);
            field("n_users", 2L);
            field("uptime", 1_000_000L + tick * 10L);
            end(time);
        }

        private void sensor(long time) {
            temperature = clamp(temperature + random.nextGaussian() * 0.1, -10, 80);
            humidity = clamp(humidity + random.nextGaussian() * 0.3, 0, 100);
            line("sensor");
            field("temperature", Math.round(temperature * 10) / 10.0);
            field("humidity", Math.round(humidity * 100) / 100.0);
            field("vibration", random.nextGaussian() * 0.02);
            out.append("ok=true,");
            end(time);
        }

        private void http(long time) {
            latency = clamp(latency * Math.exp(random.nextGaussian() * 0.1), 1, 5000);
            line("http,method=GET");
            field("latency_ms", latency);
            field("status", (long) STATUS[random.nextInt(STATUS.length)]);
            out.append("path=\"").append(PATHS[random.nextInt(PATHS.length)]);
            out.append("\",msg=\"").append(MESSAGES[random.nextInt(MESSAGES.length)]);
            out.append(" id=")
                    .append(Long.toHexString(random.nextLong() >>> 28))
                    .append("\",");
            end(time + (long) (random.nextDouble() * TICK_NANOS));
        }

        private void line(String measurement) {
            out.append(measurement).append(tags).append(' ');
        }

        private void field(String name, double value) {
            out.append(name).append('=').append(value).append(',');
        }

        private void field(String name, long value) {
            out.append(name).append('=').append(value).append("i,");
        }

        private void end(long time) {
            out.setCharAt(out.length() - 1, ' ');
            out.append(time).append('\n');
        }
    }
}
