package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a TSM file without the points that are deleted: keys that are gone lose their record, blocks that are gone
 * their entry, blocks that are hit in part are decoded, filtered and encoded again. All others are copied byte for
 * byte, not checked.
 *
 * <p>Memory: a key with its entries and a block; the new index goes to the scratch when it gets large. A file becomes
 * one file, with no more blocks than before. Blocking.
 */
public final class TsmRewriter {

    private final TsmFile file;
    private final ReadAhead ahead;
    private final Deletions deletions;
    private final NewFile target;
    private final Scratch scratch;
    private final BlockScan scan = new BlockScan();
    private @Nullable TsmWriter writer;
    private long keys;
    private long droppedKeys;
    private long copied;
    private long rewritten;
    private long droppedBlocks;
    private long values;

    private TsmRewriter(TsmFile file, ReadAhead ahead, Deletions deletions, NewFile target, Scratch scratch) {
        this.file = file;
        this.ahead = ahead;
        this.deletions = deletions;
        this.target = target;
        this.scratch = scratch;
    }

    /**
     * What was done.
     *
     * @param keys that are in the new file; with none there is no file
     * @param droppedKeys that were in the old file only
     * @param copiedBlocks that are the same in both
     * @param rewrittenBlocks that lost some of their values
     * @param droppedBlocks that lost all of them
     * @param removedValues how many values are gone; those of a dropped block that is damaged do not count
     * @param size of the new file, bytes
     */
    public record Result(
            long keys,
            long droppedKeys,
            long copiedBlocks,
            long rewrittenBlocks,
            long droppedBlocks,
            long removedValues,
            long size) {

        /** Whether nothing was left, so that no file was opened. */
        public boolean isEmpty() {
            return keys == 0;
        }
    }

    /**
     * Whether a deletion may hit a block of the file, as far as the index tells. If none does, the file is already what
     * {@link #rewrite} would make of it.
     */
    public static boolean isNeeded(SeekableByteChannel in, Deletions deletions) throws IOException {
        var cursor = TsmFile.open(in).index();
        while (cursor.next()) {
            TimeSet gone = deletions.of(cursor.key());
            for (BlockEntry entry : gone.isEmpty() ? List.<BlockEntry>of() : cursor.blocks()) {
                if (gone.touches(entry.minTime(), entry.maxTime())) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * Rewrites a file.
     *
     * @param in stays the caller's to close
     * @param target opened when the first value to keep is found, closed at the end
     * @param scratch for an index that gets large
     * @throws TsmDamaged if the file cannot be followed, or a block that must be filtered cannot be decoded; what was
     *     written until then is no whole file
     */
    public static Result rewrite(SeekableByteChannel in, Deletions deletions, NewFile target, Scratch scratch)
            throws IOException {
        TsmFile file = TsmFile.open(in);
        return new TsmRewriter(file, new ReadAhead(in, file.indexStart()), deletions, target, scratch).run();
    }

    private Result run() throws IOException {
        try {
            var cursor = file.index();
            while (cursor.next()) {
                key(cursor, deletions.of(cursor.key()));
            }
            long size = 0;
            if (writer != null) {
                size = writer.size();
                writer.finish();
            }
            return new Result(keys, droppedKeys, copied, rewritten, droppedBlocks, values, size);
        } finally {
            if (writer != null) {
                writer.close();
            }
        }
    }

    private void key(TsmFile.Cursor cursor, TimeSet gone) throws IOException {
        long before = copied + rewritten;
        for (BlockEntry entry : cursor.blocks()) {
            block(cursor.key(), cursor.type(), entry, gone);
        }
        if (copied + rewritten > before) {
            keys++;
        } else {
            droppedKeys++;
        }
    }

    private void block(byte[] key, BlockType type, BlockEntry entry, TimeSet gone) throws IOException {
        ByteBuffer bytes = ahead.bytes(entry.offset(), TsmFile.sizeOf(entry));
        if (gone.covers(entry.minTime(), entry.maxTime())) {
            droppedBlocks++;
            values += count(bytes);
            return;
        }
        if (gone.touches(entry.minTime(), entry.maxTime())) {
            TsmBlock block = TsmFile.values(type, entry, bytes.duplicate());
            TsmBlock left = block.without(gone);
            values += block.size() - (left == null ? 0 : left.size());
            if (left == null) {
                droppedBlocks++;
                return;
            }
            if (left.size() < block.size()) {
                rewritten++;
                writer().writeBlock(key, left);
                return;
            }
        }
        copied++;
        writer().writeEncoded(key, type, entry, bytes);
    }

    private int count(ByteBuffer bytes) {
        int from = bytes.arrayOffset();
        int size = bytes.remaining();
        return scan.head(bytes.array(), from, from + size, size) < 0 ? 0 : scan.count();
    }

    private TsmWriter writer() throws IOException {
        TsmWriter open = writer;
        if (open == null) {
            open = new TsmWriter(target.open(), scratch);
            writer = open;
        }
        return open;
    }
}
