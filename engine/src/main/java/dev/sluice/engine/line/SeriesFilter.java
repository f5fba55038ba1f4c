package dev.sluice.engine.line;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Which series to take, by measurement and tags; compared as bytes, in the escaped form that series keys have. */
public final class SeriesFilter {

    /** Takes every series. */
    public static final SeriesFilter ALL = of(List.of(), Map.of());

    private final List<byte[]> measurements;
    private final List<byte[]> tags;

    private SeriesFilter(List<byte[]> measurements, List<byte[]> tags) {
        this.measurements = measurements;
        this.tags = tags;
    }

    /**
     * A filter.
     *
     * @param measurements one of them; all if empty
     * @param tags each of them has to be there with this value
     */
    public static SeriesFilter of(List<String> measurements, Map<String, String> tags) {
        List<byte[]> pairs = new ArrayList<>();
        tags.forEach((key, value) -> pairs.add(utf8(escaped(key, true) + "=" + escaped(value, true))));
        return new SeriesFilter(
                measurements.stream().map(name -> utf8(escaped(name, false))).toList(), List.copyOf(pairs));
    }

    /** @param series as keys have it, the first {@code length} bytes */
    public boolean takes(byte[] series, int length) {
        if (measurements.isEmpty() && tags.isEmpty()) {
            return true;
        }
        int end = part(series, 0, length);
        if (!measurements.isEmpty() && measurements.stream().noneMatch(name -> same(name, series, 0, end))) {
            return false;
        }
        int found = 0;
        int from = end;
        while (from < length) {
            int next = part(series, from + 1, length);
            for (byte[] tag : tags) {
                found += same(tag, series, from + 1, next) ? 1 : 0;
            }
            from = next;
        }
        return found == tags.size();
    }

    /** The end of the part that begins at {@code from}: the next comma that no backslash stands before. */
    private static int part(byte[] series, int from, int length) {
        for (int i = from; i < length; i++) {
            if (series[i] == '\\') {
                i++;
            } else if (series[i] == ',') {
                return i;
            }
        }
        return length;
    }

    private static boolean same(byte[] wanted, byte[] series, int from, int to) {
        return Arrays.equals(wanted, 0, wanted.length, series, from, to);
    }

    private static String escaped(String name, boolean tag) {
        String text = name.replace(",", "\\,").replace(" ", "\\ ");
        return tag ? text.replace("=", "\\=") : text;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
