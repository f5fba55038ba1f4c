package dev.sluice.engine.transfer;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.event.ImportReport.Reject;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a server did not take: counted, the first few kept for the report, all of it in a file if one is named. The file
 * is itself one to import, once its lines are mended: context lines first, the reason as a comment before each point.
 * Blocking; safe for many threads. What comes when it is closed already, from somebody who was just at it when the import
 * was cancelled, is written all the same.
 */
final class Rejects implements AutoCloseable {

    private static final int EXAMPLES = 10;
    private static final int SHOWN = 300;

    private final Optional<Path> path;
    private final List<Reject> examples = new ArrayList<>();
    private @Nullable OutputStream out;
    private @Nullable FileChannel channel;
    private @Nullable FileChannel unforced; // has what may not be on the disk yet
    private @Nullable Place place;
    private long count;
    private boolean closed;

    Rejects(Optional<Path> path) {
        this.path = path;
    }

    synchronized void add(String file, long line, Place at, byte[] record, String reason) {
        count++;
        String why = shown(reason);
        if (examples.size() < EXAMPLES) {
            examples.add(new Reject(file, line, why));
        }
        if (path.isEmpty()) {
            return;
        }
        try {
            OutputStream to = open(path.get());
            if (!at.equals(place)) {
                place = at;
                print(to, "# CONTEXT-DATABASE:" + at.database());
                print(to, "# CONTEXT-RETENTION-POLICY:" + at.policy());
            }
            print(to, "# %s, line %d: %s".formatted(file.replaceAll("\\p{Cntrl}", "?"), line, why));
            to.write(record);
            to.write('\n');
            to.flush();
            unforced = channel;
            if (closed) {
                close();
            }
        } catch (IOException e) {
            throw new StoreFailed(
                    "cannot write rejected points to %s: %s".formatted(path.get(), FileTrouble.reason(e)),
                    "Make room, or name another file with --rejects; the import can go on with --resume.",
                    e);
        }
    }

    /** What was added is durable afterwards; blocks, and keeps nobody from adding more. */
    void force() throws IOException {
        FileChannel to;
        synchronized (this) {
            to = unforced;
            unforced = null;
        }
        try {
            if (to != null) {
                to.force(false);
            }
        } catch (ClosedChannelException e) {
            // the close has done it
        }
    }

    synchronized long count() {
        return count;
    }

    synchronized List<Reject> examples() {
        return List.copyOf(examples);
    }

    /** Where they are, if there are any. */
    synchronized Optional<String> location() {
        return count == 0 ? Optional.empty() : path.map(Path::toString);
    }

    private OutputStream open(Path file) throws IOException {
        OutputStream stream = out;
        if (stream == null) {
            FileChannel opened = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            channel = Files.isRegularFile(file) ? opened : null; // a pipe or a device cannot be forced
            stream = new BufferedOutputStream(Channels.newOutputStream(opened));
            out = stream;
            print(stream, ContextNames.EXACT_DML);
        }
        return stream;
    }

    private static void print(OutputStream to, String line) throws IOException {
        to.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static String shown(String reason) {
        String flat = reason.replaceAll("\\p{Cntrl}", " ").strip();
        return flat.length() > SHOWN ? flat.substring(0, SHOWN) + "..." : flat;
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        if (out != null) {
            OutputStream done = out;
            out = null;
            place = null;
            try (done) {
                if (channel != null) {
                    channel.force(false);
                }
            }
        }
    }
}
