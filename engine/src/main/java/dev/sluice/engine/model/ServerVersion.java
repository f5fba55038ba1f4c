package dev.sluice.engine.model;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The version of an influxd, without what distributors and InfluxDB Enterprise append to it. */
public record ServerVersion(int major, int minor, int patch) implements Comparable<ServerVersion> {

    private static final Pattern TEXT = Pattern.compile("v?(\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,4}))?(?:[^\\d.].*)?");

    private static final Comparator<ServerVersion> ORDER = Comparator.comparingInt(ServerVersion::major)
            .thenComparingInt(ServerVersion::minor)
            .thenComparingInt(ServerVersion::patch);

    /** As {@code X-Influxdb-Version} has it: {@code 1.8.10}, {@code 1.6.7~rc0}, {@code 1.9.6-c1.9.6}; empty for anything else. */
    public static Optional<ServerVersion> parse(String text) {
        Matcher parts = TEXT.matcher(text);
        return parts.matches()
                ? Optional.of(new ServerVersion(
                        Integer.parseInt(parts.group(1)),
                        Integer.parseInt(parts.group(2)),
                        parts.group(3) == null ? 0 : Integer.parseInt(parts.group(3))))
                : Optional.empty();
    }

    /** Whether it is an older one. */
    public boolean isBefore(int major, int minor, int patch) {
        return compareTo(new ServerVersion(major, minor, patch)) < 0;
    }

    /** How many minor versions lie between the two; beyond counting where the major versions differ. */
    public int minorsApart(ServerVersion other) {
        return major == other.major ? Math.abs(minor - other.minor) : Integer.MAX_VALUE;
    }

    @Override
    public int compareTo(ServerVersion other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor + "." + patch;
    }
}
