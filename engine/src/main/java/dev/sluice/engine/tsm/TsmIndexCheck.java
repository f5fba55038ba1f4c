package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Checks a TSM file that can be read at any offset: the index first, then each block where the index says it is.
 * Damage is told with its key, and one damaged block does not hide another. Memory: a block and a key with its
 * entries.
 *
 * <p>Blocking.
 */
public final class TsmIndexCheck {

    private final Findings findings;
    private final boolean deep;
    private final BlockScan scan = new BlockScan();
    private final CRC32 crc = new CRC32();
    private long keys;
    private long blocks;
    private long values;
    private long expected = TsmWriter.HEADER;

    private TsmIndexCheck(String name, boolean deep) {
        findings = new Findings(name);
        this.deep = deep;
    }

    /**
     * Reads the whole file. The channel stays the caller's to close.
     *
     * @param name that findings carry
     * @param deep whether strings are uncompressed and counted as well
     */
    public static CheckResult check(String name, SeekableByteChannel channel, boolean deep) throws IOException {
        return new TsmIndexCheck(name, deep).run(channel);
    }

    private CheckResult run(SeekableByteChannel channel) throws IOException {
        try {
            var file = TsmFile.open(channel);
            var ahead = new ReadAhead(channel, file.indexStart());
            var cursor = file.index();
            while (cursor.next()) {
                keys++;
                if (Keys.separator(cursor.key()) < 0) {
                    findings.unusual(cursor.key(), cursor.blocks().get(0).offset(), "key has no field name");
                }
                for (BlockEntry entry : cursor.blocks()) {
                    place(cursor.key(), entry.offset());
                    block(cursor.key(), cursor.type(), entry, ahead);
                    expected = entry.offset() + entry.size();
                }
            }
            place(new byte[0], file.indexStart());
        } catch (TsmDamaged e) { // of header, footer or index: nothing can be followed from there
            findings.damage(null, e.offset(), e.problem());
        }
        return findings.result(channel.size(), keys, blocks, values);
    }

    private void place(byte[] key, long offset) {
        if (offset > expected) {
            findings.unusual(null, expected, "%d bytes belong to no block of the index".formatted(offset - expected));
        } else if (offset < expected) {
            findings.damage(key, offset, "block overlaps the one before it");
        }
    }

    private void block(byte[] key, BlockType type, BlockEntry entry, ReadAhead ahead) throws IOException {
        if (entry.size() > TsmFile.MAX_BLOCK) {
            findings.unusual(
                    key, entry.offset(), "block of %d bytes is larger than what is read".formatted(entry.size()));
            return;
        }
        ByteBuffer bytes = ahead.bytes(entry.offset(), entry.size());
        String problem = problem(type, entry, bytes);
        if (problem != null) {
            findings.damage(key, entry.offset(), problem);
            return;
        }
        blocks++;
        values += scan.count();
    }

    private @Nullable String problem(BlockType type, BlockEntry entry, ByteBuffer bytes) {
        crc.reset();
        crc.update(bytes.duplicate().position(BlockScan.CRC));
        if ((int) crc.getValue() != bytes.getInt(0)) {
            return "block has a wrong checksum";
        }
        int from = bytes.arrayOffset();
        int to = from + entry.size();
        int end = scan.scan(bytes.array(), from, to, entry.size());
        if (end == BlockScan.BAD) {
            return scan.problem();
        }
        if (end != to) {
            return end == BlockScan.MORE
                    ? "block ends early"
                    : "%d bytes are left over after the values".formatted(to - end);
        }
        if (scan.type() != type.code() || scan.first() != entry.minTime() || scan.last() != entry.maxTime()) {
            return "index has %s values from %d to %d where there are %s from %d to %d"
                    .formatted(
                            type,
                            entry.minTime(),
                            entry.maxTime(),
                            BlockType.ofCode(scan.type()),
                            scan.first(),
                            scan.last());
        }
        if (deep && type == BlockType.STRING) {
            try {
                StringCodec.check(new Input(bytes.array(), scan.valuesAt(), to), scan.count());
            } catch (TsmDamaged e) {
                return e.problem();
            }
        }
        return null;
    }
}
