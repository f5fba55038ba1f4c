package dev.sluice.engine.tsm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Values of one key as a WAL has them: in the order in which they arrived, the same time more than once. Later ones
 * win.
 */
public final class WalPoints {

    private static final int LARGEST = 64 * TsmBlock.USUAL_VALUES;
    private static final int POINT = 2 * Long.BYTES;
    private static final int STRING = 32; // an array and its reference, without its bytes

    private final BlockType type;
    private long[] times;
    private long[] bits; // of numbers and booleans
    private byte[][] strings;
    private int size;
    private long stringBytes;

    /** @param capacity for so many without growing */
    WalPoints(BlockType type, int capacity) {
        this.type = type;
        times = new long[capacity];
        bits = new long[type == BlockType.STRING ? 0 : capacity];
        strings = new byte[type == BlockType.STRING ? capacity : 0][];
    }

    public BlockType type() {
        return type;
    }

    public int size() {
        return size;
    }

    void add(long time, long value) {
        room();
        times[size] = time;
        bits[size++] = value;
    }

    void add(long time, byte[] value) {
        room();
        times[size] = time;
        strings[size++] = value;
        stringBytes += value.length;
    }

    /**
     * Adds others of the same type, but none that a TSM file cannot hold: NaN, which influxd never accepts.
     *
     * @return how many were left out
     */
    int addAll(WalPoints others) {
        int before = size;
        for (int i = 0; i < others.size; i++) {
            if (type == BlockType.STRING) {
                add(others.times[i], others.strings[i]);
            } else if (type != BlockType.FLOAT || !Double.isNaN(Double.longBitsToDouble(others.bits[i]))) {
                add(others.times[i], others.bits[i]);
            }
        }
        return others.size - (size - before);
    }

    void remove(TimeSet deleted) {
        int kept = 0;
        stringBytes = 0;
        for (int i = 0; i < size; i++) {
            if (deleted.contains(times[i])) {
                continue;
            }
            times[kept] = times[i];
            if (type == BlockType.STRING) {
                strings[kept] = strings[i];
                stringBytes += strings[i].length;
            } else {
                bits[kept] = bits[i];
            }
            kept++;
        }
        size = kept;
    }

    /** Bytes that it takes, about. */
    long memory() {
        return (long) times.length * POINT + (type == BlockType.STRING ? (long) size * STRING + stringBytes : 0);
    }

    /** Ascending in time, of each time the last value; in blocks of any size that fit into memory well. */
    List<TsmBlock> toBlocks() {
        int[] order = lastOfEach();
        var blocks = new ArrayList<TsmBlock>();
        for (int from = 0; from < order.length; from += LARGEST) {
            blocks.add(block(Arrays.copyOfRange(order, from, Math.min(order.length, from + LARGEST))));
        }
        return blocks;
    }

    private TsmBlock block(int[] order) {
        long[] sorted = Arrays.stream(order).mapToLong(i -> times[i]).toArray();
        return switch (type) {
            case FLOAT ->
                TsmBlock.ofFloats(
                        sorted,
                        Arrays.stream(order)
                                .mapToDouble(i -> Double.longBitsToDouble(bits[i]))
                                .toArray());
            case INTEGER -> TsmBlock.ofIntegers(sorted, pick(order));
            case UNSIGNED -> TsmBlock.ofUnsigned(sorted, pick(order));
            case BOOLEAN -> {
                boolean[] values = new boolean[order.length];
                for (int i = 0; i < order.length; i++) {
                    values[i] = bits[order[i]] != 0;
                }
                yield TsmBlock.ofBooleans(sorted, values);
            }
            case STRING ->
                TsmBlock.ofStrings(
                        sorted, Arrays.stream(order).mapToObj(i -> strings[i]).toArray(byte[][]::new));
        };
    }

    private long[] pick(int[] order) {
        return Arrays.stream(order).mapToLong(i -> bits[i]).toArray();
    }

    private int[] lastOfEach() {
        boolean ascending = true;
        for (int i = 1; i < size && ascending; i++) {
            ascending = times[i] > times[i - 1];
        }
        int[] order = new int[size];
        if (ascending) {
            Arrays.setAll(order, i -> i);
            return order;
        }
        Integer[] sorted = new Integer[size];
        Arrays.setAll(sorted, i -> i);
        Arrays.sort(
                sorted, (a, b) -> Long.compare(times[a], times[b])); // stable: later values stay behind earlier ones
        int n = 0;
        for (int i = 0; i < size; i++) {
            boolean last = i + 1 == size || times[sorted[i]] != times[sorted[i + 1]];
            if (last) {
                order[n++] = sorted[i];
            }
        }
        return Arrays.copyOf(order, n);
    }

    private void room() {
        if (size == times.length) {
            int more = Math.max(4, size + size / 2);
            times = Arrays.copyOf(times, more);
            if (type == BlockType.STRING) {
                strings = Arrays.copyOf(strings, more);
            } else {
                bits = Arrays.copyOf(bits, more);
            }
        }
    }
}
