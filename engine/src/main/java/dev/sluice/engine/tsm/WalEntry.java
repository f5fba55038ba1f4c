package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.util.List;

/** One entry of a WAL: what one request wrote to the shard, or deleted from what is not in TSM files yet. */
public sealed interface WalEntry {

    /** Values of one key after the other, in the order of the file, which is by chance. */
    final class Write implements WalEntry {

        private final byte[] plain;

        private Write(byte[] plain) {
            this.plain = plain;
        }

        /** @throws TsmDamaged if not all of it is well-formed */
        static Write decode(byte[] plain) {
            var in = new Input(plain);
            while (in.remaining() > 0) {
                BlockType type = type(in);
                int length = in.u16();
                if (length == 0) {
                    throw in.damaged("a key is empty");
                }
                in.part(length);
                for (long left = count(in); left > 0; left--) {
                    in.u64();
                    switch (type) {
                        case BOOLEAN -> in.u8();
                        case STRING -> in.part(WalReader.length(in));
                        default -> in.u64();
                    }
                }
            }
            return new Write(plain);
        }

        /** From the first key on; as often as wanted. */
        public WalCursor values() {
            return new WalCursor(new Input(plain));
        }

        /** Goes through the keys and their values; only one of them is in memory at a time. */
        public void forEach(Visitor visitor) throws IOException {
            WalCursor at = values();
            while (at.nextKey()) {
                visitor.values(at.key(), at.points());
            }
        }

        static BlockType type(Input in) {
            int code = in.u8() - 1; // from 1 on, in the order of TSM's codes
            if (!BlockType.isCode(code)) {
                throw in.damaged("values have the unknown type " + (code + 1));
            }
            return BlockType.ofCode(code);
        }

        /** At most what the rest of the entry has bytes for is believed. */
        static long count(Input in) {
            long count = in.u32() & 0xFFFFFFFFL;
            if (count == 0 || count > in.remaining()) {
                throw in.damaged("a key has %d values".formatted(count));
            }
            return count;
        }
    }

    /** Receives the keys of a write; the same key may come again. */
    @FunctionalInterface
    interface Visitor {

        /** @param key series key, {@code #!~#}, field name */
        void values(byte[] key, WalPoints points) throws IOException;
    }

    /**
     * Deletes what was written before this entry; later entries may write it again.
     *
     * @param keys series key, {@code #!~#}, field name
     * @param times that are deleted
     * @param ranged whether the times stand in the entry, as every server from 1.6 on writes it
     */
    record Delete(List<byte[]> keys, TimeSet times, boolean ranged) implements WalEntry {
        public Delete {
            keys = List.copyOf(keys);
        }
    }
}
