package dev.sluice.engine.transfer;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.line.RecordSplitter;
import dev.sluice.engine.line.RecordSplitter.Kind;
import dev.sluice.engine.line.TimeField;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file of line protocol with its statements and context lines, and puts points into batches.
 *
 * <p>Points of one series and one span of time always come into batches of the same lane: where lanes are delivered in
 * order, the last of several values for one point wins, as it does in the file.
 *
 * <p>No two requests begin a shard at the same time: influxd can lose sight of what one of them wrote, as the memory for
 * a shard's newest points is made by its first write and not yet there for a second one. So the first batch goes alone,
 * and later ones have the first point of each hour that is new taken out, to go ahead of them.
 *
 * <p>One thread at a time. {@link #feed}, then {@link #next()} until it gives nothing, then again; after the last
 * bytes {@link #end()}.
 */
final class LineReader {

    /** Points of one series within this span go over one lane: 2^40 ns are 18 minutes. */
    private static final int SPAN_BITS = 40;

    /** Of a record that is too long, bytes that are kept. */
    private static final int BEGINNING = 1 << 16;

    /** What some editors begin a file of UTF-8 with; no part of the text. */
    private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private static final String CONTEXT_DATABASE = "CONTEXT-DATABASE:";
    private static final String CONTEXT_POLICY = "CONTEXT-RETENTION-POLICY:";

    /** What influx_inspect writes, and Sluice. Its times are nanoseconds. */
    private static final String EXPORT = "# INFLUXDB EXPORT:";

    /** Points that are looked at for a field that the server drops; whoever writes one does so in the first ones too. */
    private static final int LOOKED_AT = 1_000;

    private static final Pattern STATEMENT = Pattern.compile(
            "\\s*(CREATE|ALTER|DROP|DELETE|GRANT|REVOKE|SET|SHOW|SELECT|KILL|EXPLAIN)\\s+[^=\\s]+(\\s.*|;)?",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private static final Pattern POINT_LIKE = Pattern.compile("#\\S.* .*=.* -?\\d+", Pattern.DOTALL);

    /** What comes out. */
    sealed interface Step {
        /** Execute this, then go on. */
        record Statement(String text, long line) implements Step {}

        /**
         * Deliver this.
         *
         * @param first has to be delivered before anything else is; null if there is no such thing. It may be the batch
         *     itself
         */
        record Batch(LineBatch batch, @Nullable LineBatch first) implements Step {}

        /** Warn of this. */
        record Warning(String message, String hint) implements Step {}

        /** This record cannot be sent. */
        record Unsendable(Place place, String text, long line, String reason) implements Step {}
    }

    private enum Phase {
        /** Nothing but comments so far. */
        START,
        STATEMENTS,
        POINTS
    }

    /**
     * Where a reader stands: enough to begin there again.
     *
     * @param names how context lines are to be read from there on
     */
    record Position(long offset, long line, String phase, String database, String policy, ContextNames names) {
        static final Position START = new Position(0, 1, Phase.START.name(), "", "", ContextNames.TRIMMED);
    }

    private final String file;
    private final ImportOptions options;
    private final RecordSplitter splitter;
    private final int lanes;
    private final int batchLines;
    private final long nanos;
    private final boolean made;
    private final LineBatch.Pool batches;
    private final @Nullable LineBatch[] open;
    private final Queue<Step> ready = new ArrayDeque<>();
    private ContextNames names;
    private Phase phase;
    private String database;
    private String policy;
    private boolean policySinceData;
    private boolean ended;
    private int marked; // bytes of the mark that came so far; negative when it is behind, or there is none
    private @Nullable Place place;
    private int keyHash;
    private Hours begun = new Hours();
    private @Nullable Place begunIn;
    private boolean anyGiven;
    private int toLookAt;

    /** @param exact whether the text is made here: names in context lines stand there as they are, with all their blanks */
    LineReader(String file, ImportOptions options, LineBatch.Pool batches, Position from, boolean exact) {
        this.file = file;
        this.options = options;
        this.made = exact;
        this.names = exact ? ContextNames.EXACT : from.names();
        this.batches = batches;
        this.splitter = new RecordSplitter(options.lineBytes(), from.offset(), from.line());
        this.lanes = options.concurrency();
        this.batchLines =
                (int) Math.min(options.batchLines(), options.pointsPerSecond().orElse(Integer.MAX_VALUE));
        this.nanos = options.nanos();
        this.open = new LineBatch[lanes];
        this.phase = Phase.valueOf(from.phase());
        this.database = from.database();
        this.policy = from.policy();
        this.toLookAt = exact ? 0 : LOOKED_AT;
        this.marked = from.offset() == 0 ? 0 : -1;
        splitter.plain(phase != Phase.POINTS);
    }

    /** Copies the bytes; they stay the caller's, and are read. */
    void feed(ByteBuf bytes) {
        while (marked >= 0 && bytes.isReadable()) {
            if (bytes.getByte(bytes.readerIndex()) != MARK[marked]) {
                endOfMark();
            } else {
                bytes.skipBytes(1);
                if (++marked == MARK.length) {
                    splitter.leftOut(marked);
                    marked = -1;
                }
            }
        }
        splitter.feed(bytes);
    }

    /** It was none: its bytes are text. */
    private void endOfMark() {
        if (marked > 0) {
            splitter.feed(Unpooled.wrappedBuffer(MARK, 0, marked));
        }
        marked = -1;
    }

    /** The file is at its end. */
    void end() {
        endOfMark();
        splitter.end();
        ended = true;
    }

    /** What is to be done next; null when more bytes are needed, or all is read. */
    @Nullable
    Step next() {
        while (ready.isEmpty()) {
            if (!splitter.next()) {
                if (ended) {
                    flush();
                }
                return ready.poll();
            }
            read();
        }
        return ready.poll();
    }

    /** How far the file has been read into batches. */
    long offset() {
        return splitter.endOffset();
    }

    /** Where to begin again if all that was given out is done: before the oldest point that waits in a batch. */
    Position position() {
        long offset = splitter.endOffset();
        long line = splitter.nextLine();
        String at = database;
        String under = policy;
        ContextNames read = names;
        for (LineBatch batch : waiting()) {
            if (batch.firstOffset() < offset) {
                offset = batch.firstOffset();
                line = batch.firstLine();
                at = batch.place().database();
                under = batch.place().policy();
                read = batch.names();
            }
        }
        return new Position(offset, line, phase.name(), at, under, read);
    }

    private List<LineBatch> waiting() {
        var waiting = new ArrayList<LineBatch>();
        for (LineBatch batch : open) {
            if (batch != null) {
                waiting.add(batch);
            }
        }
        for (Step step : ready) {
            if (step instanceof Step.Batch full) {
                waiting.add(full.batch());
            }
        }
        return waiting;
    }

    private void read() {
        Kind kind = splitter.kind();
        switch (kind) {
            case BLANK -> {}
            case COMMENT -> comment(text());
            case RECORD -> {
                if (phase == Phase.POINTS) {
                    point();
                } else {
                    statement(text());
                }
            }
            case UNCLOSED -> unsendable(splitter.length(), "its quotes are not closed");
            case TOO_LONG ->
                unsendable(
                        Math.min(splitter.length(), BEGINNING),
                        "it is longer than %d bytes; only its beginning is shown".formatted(options.lineBytes()));
        }
    }

    private void comment(String text) {
        String line = text.stripLeading();
        if (line.startsWith(EXPORT) && nanos != 1) {
            throw new InvalidRequest(
                    "%s is an export, whose timestamps are nanoseconds, not '%s'".formatted(file, options.precision()),
                    "Leave -precision out.");
        }
        if (line.startsWith("# DDL")) {
            phase = Phase.STATEMENTS;
            names = names.after(line, made);
            splitter.plain(true);
            return;
        }
        if (line.startsWith("# DML")) {
            phase = Phase.POINTS;
            names = names.after(line, made);
            splitter.plain(false);
            return;
        }
        String body = line.substring(1).stripLeading();
        if (body.startsWith(CONTEXT_DATABASE)) {
            String name = names.read(body.substring(CONTEXT_DATABASE.length()));
            if (!name.equals(database)) {
                if (!policySinceData) {
                    policy = "";
                }
                database = name;
                place = null;
            }
            points();
        } else if (body.startsWith(CONTEXT_POLICY)) {
            policy = names.read(body.substring(CONTEXT_POLICY.length()));
            policySinceData = true;
            place = null;
            points();
        } else if (phase == Phase.POINTS && POINT_LIKE.matcher(text).matches()) {
            unsendable(
                    splitter.length(),
                    "a server takes it for a comment: a measurement whose name begins with # cannot be written");
        }
    }

    private void points() {
        if (phase == Phase.START) {
            phase = Phase.POINTS;
            splitter.plain(false);
        }
    }

    private void statement(String text) {
        if (phase == Phase.START && !STATEMENT.matcher(text).matches()) {
            phase = Phase.POINTS;
            splitter.plain(false);
            splitter.again();
            return;
        }
        if (text.toUpperCase(Locale.ROOT).contains("CREATE")) {
            names = names.with(text);
        }
        ready.add(new Step.Statement(text.strip(), splitter.line()));
    }

    private void point() {
        Place to = place;
        if (to == null) {
            to = context();
            place = to;
            flush();
            if (!to.equals(begunIn)) {
                begun = new Hours();
                begunIn = to;
            }
        }
        policySinceData = false;
        if (toLookAt > 0) {
            toLookAt--;
            lookForTime();
        }
        long time = lanes == 1 ? 0 : nanos * time(splitter.array(), splitter.offsetInArray(), splitter.length());
        int lane = lanes == 1 ? 0 : lane(splitter.array(), splitter.offsetInArray(), time);
        LineBatch batch = open[lane];
        if (batch != null && batch.size() + splitter.length() >= options.batchBytes()) {
            give(batch);
            batch = null;
        }
        if (batch == null) {
            batch = batches.begin(to, lane, splitter.offset(), splitter.line());
            batch.under(names);
            open[lane] = batch;
        }
        if (lanes > 1) {
            batch.inHour(Hours.of(time), begun);
        }
        batch.add(splitter.array(), splitter.offsetInArray(), splitter.length(), splitter.line(), options.batchBytes());
        if (batch.count() >= batchLines || batch.size() >= options.batchBytes()) {
            open[lane] = null;
            give(batch);
        }
    }

    private void lookForTime() {
        if (TimeField.isIn(splitter.array(), splitter.offsetInArray(), splitter.length(), splitter.keyLength())) {
            toLookAt = 0;
            ready.add(
                    new Step.Warning(
                            "%s, line %d: a server drops a field called 'time', and says that all is well"
                                    .formatted(file, splitter.line()),
                            "It keeps the other fields of such points. Give the field another name, and import the file again."));
        }
    }

    private void give(LineBatch batch) {
        int[] firsts = batch.begin(begun);
        LineBatch first = !anyGiven ? batch : firsts.length > 0 ? batch.takeOut(firsts) : null;
        anyGiven = true;
        ready.add(new Step.Batch(batch, first));
    }

    private Place context() {
        String to = database.isEmpty() ? options.database().orElse("") : database;
        if (to.isEmpty() && options.bucket().isEmpty()) {
            throw new InvalidRequest(
                    "%s has a point in line %d before any line '# CONTEXT-DATABASE:'".formatted(file, splitter.line()),
                    "Name the database with -database, and a retention policy with --retention if it is not the default.");
        }
        return new Place(to, policy.isEmpty() ? options.policy().orElse("") : policy);
    }

    private void unsendable(int length, String reason) {
        Place at = place == null ? new Place(database, policy) : place;
        ready.add(new Step.Unsendable(at, text(length), splitter.line(), reason));
    }

    private void flush() {
        for (int lane = 0; lane < lanes; lane++) {
            LineBatch batch = open[lane];
            if (batch != null) {
                open[lane] = null;
                give(batch);
            }
        }
    }

    private String text() {
        return text(splitter.length());
    }

    private String text(int length) {
        return new String(splitter.array(), splitter.offsetInArray(), length, StandardCharsets.UTF_8);
    }

    /** Equal for equal series and times, whatever the fields are. */
    private int lane(byte[] bytes, int from, long time) {
        if (!splitter.sameKey()) {
            int hash = 1;
            int key = from + splitter.keyLength();
            for (int i = from; i < key; i++) {
                hash = 31 * hash + bytes[i];
            }
            keyHash = hash;
        }
        long span = time >> SPAN_BITS;
        long mixed = (keyHash + span * 0x9E3779B97F4A7C15L) * 0xBF58476D1CE4E5B9L;
        return (int) Long.remainderUnsigned(mixed ^ (mixed >>> 32), lanes);
    }

    /** The number at the end of a record, 0 if there is none. */
    private static long time(byte[] bytes, int from, int length) {
        int end = from + length;
        while (end > from && bytes[end - 1] == ' ') {
            end--;
        }
        long value = 0;
        long unit = 1;
        int i = end - 1;
        while (i >= from && bytes[i] >= '0' && bytes[i] <= '9') {
            value += unit * (bytes[i] - '0');
            unit *= 10;
            i--;
        }
        boolean negative = i >= from && bytes[i] == '-';
        if (i == end - 1 || i < from || bytes[negative ? i - 1 : i] != ' ') {
            return 0;
        }
        return negative ? -value : value;
    }
}
