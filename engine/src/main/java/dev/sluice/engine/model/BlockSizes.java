package dev.sluice.engine.model;

import java.util.Arrays;

/**
 * How long the blocks of a TSM file are, one after the other from the first one on, known before they come: as the index
 * says, which stands at the end of the file. It may know only of some, from the first to one in the middle.
 *
 * <p>A hint. Nobody has compared it with the blocks, and the file may have changed since: whoever looks at the blocks
 * proves it by their checksums.
 *
 * <p>Immutable; takes one to five bytes a block, {@value #MOST} at most.
 */
public final class BlockSizes {

    /** Bytes that one may take. */
    public static final int MOST = 2 << 20;

    private static final int LONGEST = 5;

    private final byte[] packed;
    private final long first;

    private BlockSizes(byte[] packed, long first) {
        this.packed = packed;
        this.first = first;
    }

    /** Gathers sizes in the order of the blocks. */
    public static final class Builder {
        private final long first;
        private byte[] packed = new byte[1 << 12];
        private int length;

        /** @param first where the first block starts in its file */
        public Builder(long first) {
            this.first = first;
        }

        /**
         * The next block has so many bytes.
         *
         * @return false if there is no room for it, and for none after it
         */
        public boolean add(int size) {
            if (size <= 0) {
                throw new IllegalArgumentException("size must be positive, was " + size);
            }
            if (length > MOST - LONGEST) {
                return false;
            }
            if (length > packed.length - LONGEST) {
                packed = Arrays.copyOf(packed, Math.min(MOST, 2 * packed.length));
            }
            int left = size;
            while (left > 0x7F) {
                packed[length++] = (byte) (left | 0x80);
                left >>>= 7;
            }
            packed[length++] = (byte) left;
            return true;
        }

        public BlockSizes build() {
            return new BlockSizes(Arrays.copyOf(packed, length), first);
        }
    }

    /** Goes along with the file. */
    public Cursor cursor() {
        return new Cursor();
    }

    /** Where in the file one is; for one thread at a time. */
    public final class Cursor {
        private int next;
        private long start = first;
        private int size;

        private Cursor() {
            advance();
        }

        /**
         * Bytes of the block that starts there; 0 if none is known to.
         *
         * @param offset in the file, not before that of the last call
         */
        public int at(long offset) {
            while (size > 0 && start < offset) {
                start += size;
                advance();
            }
            return start == offset ? size : 0;
        }

        private void advance() {
            size = 0;
            for (int shift = 0; next < packed.length; shift += 7) {
                int part = packed[next++];
                size |= (part & 0x7F) << shift;
                if (part >= 0) {
                    return;
                }
            }
        }
    }
}
