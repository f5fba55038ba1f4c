package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.model.BlockSizes;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Checks a TSM file in one pass: header, every block from its checksum to its last value, the index against the
 * blocks, the footer.
 *
 * <p>Only the index at the end knows where blocks start and which key they belong to. But a block delimits itself
 * once its parts are taken apart, and a checksum confirms it, so blocks are followed one after the other until
 * something stands there that is none: the index, or damage, or a gap between blocks, which influxd never writes but
 * reads. Then the bytes after it are tried one by one until a block with a right checksum or the start of the index
 * is found. The index tells later whose block lay in such a stretch, or that none did: a gap is unusual, no damage.
 *
 * <p>Where the index could be read before the file, it says how long each block should be, and if the checksum agrees
 * nobody has to walk the values to find that out ({@link CheckDepth} has it what is not seen then). Where it does not
 * agree the block is followed as if nothing had been said, so that a wrong index or a file that has changed since is found
 * as it always is.
 *
 * <p>Memory does not grow with the file: the index is compared with the blocks by a running digest of both, in which
 * stretches without a sound block are left out. It takes one block, at most {@value #MOST_HELD} bytes; a larger one
 * is told, not judged.
 */
final class TsmCheck implements FileCheck {

    private static final int MOST_HELD = 64 << 20;
    private static final int CHUNK = 1 << 16;
    private static final int FIRST_LOOK = 64; // where a block has its times, if they are regular
    private static final int RECORD = 5; // of the index: the length of the key, the type, the number of blocks
    private static final int MOST_STRETCHES = 64;
    private static final int TRIED = 1 << 18; // bytes that a block found by trying may need
    private static final long MOST_WORK = 1L << 30;

    private final Findings findings;
    private final KeyListener listener;
    private final long size;
    private final long indexEnd;
    private final CheckDepth depth;
    private final BlockSizes.@Nullable Cursor ahead;
    private final BlockScan scan = new BlockScan();
    private final CRC32 crc = new CRC32();

    private byte[] held = new byte[2 * CHUNK + BlockScan.SLACK];
    private int from;
    private int to;
    private int wanted = TsmWriter.HEADER; // bytes to wait for
    private long position; // in the file, of held[from]
    private long received;

    private State state = State.HEADER;
    private long blocks;
    private long values;
    private long keys;
    private long firstBlock = TsmWriter.HEADER;
    private final FactsDigest ofBlocks = new FactsDigest();
    private final FactsDigest ofIndex = new FactsDigest();

    private final Deque<Stretch> undecodable = new ArrayDeque<>();
    private final Stretch[] stretches = new Stretch[MOST_STRETCHES];
    private int stretchCount;
    private int stretch; // the first one that the index has not passed
    private long work;

    private long indexStart;
    private byte[] key = {};
    private int type;
    private int entries; // of this key that are still to come
    private long lastTime;
    private long expected = TsmWriter.HEADER; // where the next block of the index should start

    private enum State {
        HEADER,
        BLOCKS,
        SEARCH,
        INDEX,
        FOOTER,
        /** What comes cannot be told apart any more. */
        LOST,
        END
    }

    /** Bytes without a sound block: a damaged one, several, or a gap. */
    private static final class Stretch {
        final long start;
        final String problem;
        final boolean judged;
        long end = Long.MAX_VALUE;
        boolean owned;

        /** @param judged whether the problem is one of the bytes, not of the means of this check */
        Stretch(long start, String problem, boolean judged) {
            this.start = start;
            this.problem = problem;
            this.judged = judged;
        }
    }

    /** @param size that was announced for the file */
    TsmCheck(String file, long size, CheckDepth depth) {
        this(file, size, depth, (key, type) -> {}, Optional.empty());
    }

    TsmCheck(String file, long size, CheckDepth depth, KeyListener listener, Optional<BlockSizes> ahead) {
        this.listener = listener;
        this.findings = new Findings(file);
        this.size = size;
        this.indexEnd = size - TsmFile.FOOTER;
        this.depth = depth;
        this.ahead = depth == CheckDepth.VALUES || ahead.isEmpty()
                ? null
                : ahead.get().cursor();
    }

    @Override
    public void feed(ByteBuf bytes) {
        int end = bytes.writerIndex();
        int at = bytes.readerIndex();
        while (at < end) {
            at += inPlace(bytes, at, end);
            int count = Math.min(piece(), end - at);
            room(count);
            bytes.getBytes(at, held, to, count);
            to += count;
            received += count;
            at += count;
            advance();
        }
    }

    /** How much is copied at a time: of a block that is known only the rest, so that the next one is met in its place. */
    private int piece() {
        int missing = wanted - (to - from);
        return ahead != null && state == State.BLOCKS && to > from && missing > 0 ? Math.min(missing, CHUNK) : CHUNK;
    }

    /**
     * Looks at blocks that lie whole in what is fed and are as long as the index says, without a copy of their values.
     *
     * @return bytes that are dealt with
     */
    private int inPlace(ByteBuf bytes, int start, int end) {
        if (ahead == null || to > from || state != State.BLOCKS || bytes.nioBufferCount() != 1) {
            return 0;
        }
        from = 0;
        to = 0;
        ByteBuffer view = bytes.nioBuffer(start, end - start);
        int whole = view.limit();
        int at = 0;
        for (int known = known(whole);
                known > 0 && soundInPlace(view.limit(at + known).position(at)); ) {
            at += known;
            position += known;
            received += known;
            known = known(whole - at);
        }
        return at;
    }

    /** The same of one block. */
    private boolean soundInPlace(ByteBuffer block) {
        int start = block.position();
        int length = block.remaining();
        int copied = Math.min(length, FIRST_LOOK);
        block.get(start, held, 0, copied);
        int head = scan.head(held, 0, copied, length);
        if (head == BlockScan.MORE && scan.reached() <= Math.min(length, held.length - BlockScan.SLACK)) {
            block.get(start + copied, held, copied, scan.reached() - copied);
            head = scan.head(held, 0, scan.reached(), length);
        }
        crc.reset();
        crc.update(block.position(start + BlockScan.CRC));
        if (head < 0 || (int) crc.getValue() != (int) Bytes.U32.get(held, 0)) {
            return false;
        }
        accept(length);
        return true;
    }

    /** Size of the block that starts here, as far as the index is known and has it within so many bytes; or 0. */
    private int known(long most) {
        int known = ahead == null ? 0 : ahead.at(position);
        return known <= Math.min(most, indexEnd - position) ? known : 0;
    }

    @Override
    public CheckResult end() {
        if (received < size) {
            findings.damage(null, received, "ends after %d of %d bytes".formatted(received, size));
        } else if (received > size) {
            findings.damage(null, size, "goes on for %d bytes after its end".formatted(received - size));
        } else if (state == State.HEADER) {
            findings.damage(null, 0, "file has only %d bytes".formatted(size));
        } else if (state == State.SEARCH) {
            unreadable(stretches[stretchCount - 1]);
        }
        if (state != State.END) {
            lost();
        }
        return findings.result(received, keys, blocks, values);
    }

    /** Nothing was found behind it. The footer, the last that was held, tells whether the index was there. */
    private void unreadable(Stretch rest) {
        rest.owned = true;
        boolean index = (long) Bytes.U64.get(held, to - TsmFile.FOOTER) == rest.start;
        findings.damage(
                null,
                rest.start,
                index ? "index does not start with a readable record" : rest.problem + ", nothing readable follows");
    }

    private void advance() {
        boolean going = true;
        while (going && (to - from >= wanted || (received >= size && to > from))) {
            going = switch (state) {
                case HEADER -> header();
                case BLOCKS -> block();
                case SEARCH -> search();
                case INDEX -> index();
                case FOOTER -> footer();
                case LOST, END -> {
                    skip(to - from);
                    yield false;
                }
            };
        }
    }

    private boolean header() {
        boolean whole = indexEnd > TsmWriter.HEADER && to - from >= TsmWriter.HEADER;
        if (!whole) {
            findings.damage(null, 0, "file has only %d bytes".formatted(size));
            return lost();
        }
        int magic = (int) Bytes.U32.get(held, from);
        int version = held[from + 4];
        if (magic != TsmWriter.MAGIC || version != TsmWriter.VERSION) {
            findings.damage(null, 0, "file starts with %08x%02x, want 16d116d101".formatted(magic, version));
        }
        skip(TsmWriter.HEADER);
        return next(State.BLOCKS, 1);
    }

    private boolean block() {
        long room = indexEnd - position;
        if (room <= 0) {
            findings.damage(null, position, "file has no index");
            return lost();
        }
        int known = known(MOST_HELD);
        if (known > to - from) {
            return wait(known);
        }
        if (known > 0 && scan.head(held, from, from + known, known) >= 0 && sound(from + known)) {
            return pass(from + known);
        }
        int limit = limit(room);
        int end = scan.head(held, from, limit, room);
        if (end >= 0 && depth == CheckDepth.PASSING && scan.worthGuessing()) {
            int guess = scan.guess(held, limit);
            if (guess >= 0 && sound(guess)) {
                return pass(guess);
            }
            int likely = scan.likelyEnd() - from;
            if (to - from < Math.min(room, likely)) {
                return wait(likely);
            }
        }
        if (end >= 0) {
            end = scan.rest(held, from, limit, room);
        }
        if (end >= 0 && sound(end)) {
            return pass(end);
        }
        boolean all = to - from >= room;
        if (end == BlockScan.MORE && !all && scan.reached() - from <= Math.min(room, MOST_HELD)) {
            return waitForRest(scan.reached() - from);
        }
        return other(end);
    }

    /** No sound block here: the index, or a stretch that nothing is known about. */
    private boolean other(int end) {
        long room = indexEnd - position;
        long needed = 2;
        if (to - from >= needed) {
            needed = 2 + u16(from) + 3L + TsmFile.ENTRY;
        }
        if (to - from < Math.min(needed, room)) {
            return wait((int) needed);
        }
        if (indexStarts(from, limit(room), false)) {
            return startIndex();
        }
        boolean judged = end != BlockScan.MORE || to - from >= room || scan.reached() - from > room;
        String problem = "block is larger than what one pass checks";
        if (judged) {
            problem = end >= 0
                    ? "block has a wrong checksum"
                    : end == BlockScan.BAD ? scan.problem() : "block does not end before the index";
        }
        if (stretchCount == MOST_STRETCHES) {
            findings.damage(null, position, problem + "; too much is damaged to go on");
            return lost();
        }
        stretches[stretchCount++] = new Stretch(position, problem, judged);
        skip(1);
        return next(State.SEARCH, 1);
    }

    /** Tries every byte for the start of a block or of the index. */
    private boolean search() {
        while (true) {
            long room = indexEnd - position;
            if (room <= 0) {
                return wait(Integer.MAX_VALUE);
            }
            if (to - from < Math.min(room, TRIED)) {
                return wait((int) Math.min(room, 2 * TRIED));
            }
            int limit = (int) Math.min(limit(room), from + (long) TRIED);
            if (BlockScan.CRC + from < limit && BlockType.isCode(held[from + BlockScan.CRC])) {
                int end = scan.scan(held, from, limit, room);
                work += Math.min(scan.reached(), limit) - from;
                if (end >= 0 && sound(end)) {
                    stretches[stretchCount - 1].end = position;
                    if (blocks == 0) {
                        firstBlock = position;
                    }
                    return next(State.BLOCKS, 1);
                }
            }
            if (indexStarts(from, limit, true)) {
                return startIndex();
            }
            if (work > MOST_WORK) {
                findings.damage(null, stretches[stretchCount - 1].start, "too much is damaged to go on");
                return lost();
            }
            skip(1);
        }
    }

    private boolean sound(int end) {
        crc.reset();
        crc.update(held, from + BlockScan.CRC, end - from - BlockScan.CRC);
        return (int) crc.getValue() == (int) Bytes.U32.get(held, from);
    }

    /** Goes behind a sound block. */
    private boolean pass(int end) {
        accept(end - from);
        if (depth == CheckDepth.VALUES && scan.type() == BlockType.STRING.code()) {
            try {
                StringCodec.check(new Input(held, scan.valuesAt(), end), scan.count());
            } catch (TsmDamaged e) {
                noteUndecodable(e.problem());
            }
        }
        skip(end - from);
        return next(State.BLOCKS, 1);
    }

    /** What was scanned last is a sound block, and starts here. */
    private void accept(int length) {
        blocks++;
        values += scan.count();
        scan.remember();
        ofBlocks.add(scan.type(), scan.first(), scan.last(), position, length);
    }

    /** A block with a right checksum does not decode; its key comes with the index. */
    private void noteUndecodable(String problem) {
        if (undecodable.size() < MOST_STRETCHES) {
            undecodable.add(new Stretch(position, problem, true));
        } else {
            findings.damage(null, position, problem);
        }
    }

    private void keyless() {
        undecodable.forEach(block -> findings.damage(null, block.start, block.problem));
        undecodable.clear();
    }

    /**
     * Whether the first record of an index may stand there.
     *
     * @param certain whether only an index will do that begins with the first block
     */
    private boolean indexStarts(int at, int limit, boolean certain) {
        if (limit - at < RECORD + TsmFile.ENTRY) {
            return false;
        }
        int length = u16(at);
        int typeAt = at + 2 + length;
        if (length == 0 || typeAt + 3 + TsmFile.ENTRY > limit || !BlockType.isCode(held[typeAt] & 0xFF)) {
            return false;
        }
        int entry = typeAt + 3;
        long min = (long) Bytes.U64.get(held, entry);
        long max = (long) Bytes.U64.get(held, entry + 8);
        long offset = (long) Bytes.U64.get(held, entry + 16);
        long length32 = (int) Bytes.U32.get(held, entry + 24) & 0xFFFFFFFFL;
        long before = position + (at - from);
        boolean inside = offset >= TsmWriter.HEADER && length32 > BlockScan.CRC && offset + length32 <= before;
        boolean first = offset == TsmWriter.HEADER || offset == firstBlock;
        return u16(typeAt + 1) > 0 && min <= max && inside && (first || !certain);
    }

    private boolean startIndex() {
        indexStart = position;
        if (stretchCount > 0 && stretches[stretchCount - 1].end == Long.MAX_VALUE) {
            stretches[stretchCount - 1].end = position;
        }
        return next(State.INDEX, 1);
    }

    private boolean index() {
        if (entries > 0) {
            return entry();
        }
        long room = indexEnd - position;
        if (room == 0) {
            return endIndex();
        }
        int length = to - from >= 2 ? u16(from) : 0;
        int needed = length + RECORD;
        if (needed > room) {
            findings.damage(null, position, "index ends in the middle of a record");
            return lost();
        }
        if (to - from < needed) {
            return wait(needed);
        }
        byte[] next = Arrays.copyOfRange(held, from + 2, from + 2 + length);
        int count = u16(from + length + 3);
        type = held[from + 2 + length] & 0xFF;
        String problem = Arrays.compareUnsigned(key, next) >= 0
                ? "keys of the index do not ascend"
                : !BlockType.isCode(type)
                        ? "index has a key of the unknown type " + type
                        : count == 0 ? "index has a key without blocks" : null;
        if (problem != null) {
            findings.damage(next, position, problem);
            return lost();
        }
        if (Keys.separator(next) < 0) {
            findings.unusual(next, position, "key has no field name");
        }
        key = next;
        keys++;
        listener.key(next, BlockType.ofCode(type));
        entries = count;
        lastTime = Long.MIN_VALUE;
        skip(needed);
        return next(State.INDEX, TsmFile.ENTRY);
    }

    private boolean entry() {
        if (indexEnd - position < TsmFile.ENTRY) {
            findings.damage(key, position, "index ends in the middle of a record");
            return lost();
        }
        if (to - from < TsmFile.ENTRY) {
            return wait(TsmFile.ENTRY);
        }
        long min = (long) Bytes.U64.get(held, from);
        long max = (long) Bytes.U64.get(held, from + 8);
        long offset = (long) Bytes.U64.get(held, from + 16);
        long length = (int) Bytes.U32.get(held, from + 24) & 0xFFFFFFFFL;
        boolean inside = offset >= TsmWriter.HEADER && length > BlockScan.CRC && offset <= indexStart - length;
        if (!inside) {
            findings.damage(key, position, "index has a block of %d bytes at %d".formatted(length, offset));
        } else {
            if (max < min || min < lastTime) {
                findings.damage(key, position, "times of the index do not ascend");
            }
            located(min, max, offset, length);
        }
        // The next block of a key starts after the last time of this one.
        lastTime = max == Long.MAX_VALUE ? max : max + 1;
        entries--;
        skip(TsmFile.ENTRY);
        return next(State.INDEX, entries > 0 ? TsmFile.ENTRY : 1);
    }

    /** Holds an entry of the index against the blocks that were seen. */
    private void located(long min, long max, long offset, long length) {
        while (stretch < stretchCount && stretches[stretch].end <= offset) {
            passed(stretches[stretch++]);
        }
        Stretch here = stretch < stretchCount ? stretches[stretch] : null;
        if (here != null && offset + length > here.start) {
            here.owned = true;
            String problem = offset == here.start ? here.problem : "block lies in a damaged part of the file";
            if (here.judged) {
                findings.damage(key, offset, problem);
            } else {
                findings.unusual(key, offset, problem);
            }
        } else {
            if (offset != expected) {
                findings.damage(key, offset, "index has a block here and not at %d".formatted(expected));
            }
            ofIndex.add(type, min, max, offset, length);
            if (!undecodable.isEmpty() && undecodable.element().start == offset) {
                findings.damage(key, offset, undecodable.remove().problem);
            }
        }
        expected = offset + length;
        if (here != null && expected == here.start) {
            expected = here.end; // unless the index has something in between
        }
    }

    private void passed(Stretch gap) {
        if (!gap.owned) {
            findings.unusual(
                    null, gap.start, "%d bytes belong to no block of the index".formatted(gap.end - gap.start));
        }
        expected = Math.max(expected, gap.end);
    }

    private boolean endIndex() {
        while (stretch < stretchCount) {
            passed(stretches[stretch++]);
        }
        keyless();
        if (!ofBlocks.same(ofIndex)) {
            findings.damage(
                    null,
                    indexStart,
                    "index (%d blocks) does not agree with the blocks (%d) in types, times or places"
                            .formatted(ofIndex.count(), ofBlocks.count()));
        }
        return next(State.FOOTER, TsmFile.FOOTER);
    }

    private boolean footer() {
        if (to - from < TsmFile.FOOTER) {
            return false; // cut short, which end() tells
        }
        long announced = (long) Bytes.U64.get(held, from);
        if (announced != indexStart) {
            findings.damage(
                    null, position, "footer says that the index starts at %d, not %d".formatted(announced, indexStart));
        }
        skip(TsmFile.FOOTER);
        return next(State.END, 1);
    }

    /** Gives up. What lies in stretches can have been anything, so it counts as damage. */
    private boolean lost() {
        while (stretch < stretchCount) {
            Stretch unknown = stretches[stretch++];
            if (!unknown.owned) {
                findings.damage(null, unknown.start, unknown.problem);
            }
        }
        keyless();
        return next(State.LOST, 1);
    }

    private boolean next(State next, int least) {
        state = next;
        wanted = least;
        return true;
    }

    /** Stops until so many bytes are there, or the file has ended. */
    private boolean wait(int least) {
        wanted = least;
        return false;
    }

    /** The same for what is looked at from its start again: at least twice as much as there is. */
    private boolean waitForRest(int least) {
        long most = Math.min(indexEnd - position, MOST_HELD);
        return wait((int) Math.min(most, Math.max(least, 2L * (to - from))));
    }

    /** End in {@link #held} of what can belong to blocks and index. */
    private int limit(long room) {
        return (int) Math.min(to, from + room);
    }

    private int u16(int at) {
        return (short) Bytes.U16.get(held, at) & 0xFFFF;
    }

    private void skip(int count) {
        from += count;
        position += count;
    }

    private void room(int count) {
        if (held.length - to - BlockScan.SLACK >= count) {
            return;
        }
        int length = to - from;
        int needed = length + count + BlockScan.SLACK;
        byte[] target = held.length >= needed && length <= held.length / 2 ? held : new byte[needed + needed / 2];
        System.arraycopy(held, from, target, 0, length);
        held = target;
        from = 0;
        to = length;
    }
}
