package dev.sluice.cli.console;

import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Notice;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Draws a {@link ProgressArea} at the bottom of a terminal, over and over; what has to stay is printed above.
 *
 * <p>A frame goes out as one write. Lines are cut by the terminal itself should it have become narrower, as
 * wrapping is off while they are drawn.
 */
public final class TerminalDisplay implements Display {

    private static final long BETWEEN_FRAMES = TimeUnit.MILLISECONDS.toNanos(120);

    private static final String CLEAR_TO_END = "\u001b[J";
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String WRAP_OFF = "\u001b[?7l";
    private static final String WRAP_ON = "\u001b[?7h";
    private static final String YELLOW = "\u001b[33m";
    private static final String PLAIN = "\u001b[0m";

    private final PrintStream err;
    private final Terminal terminal;
    private final LongSupplier nanoTime;
    private final ProgressArea area = new ProgressArea();
    private int drawn;
    private long drawnAt;
    private boolean closed;

    public TerminalDisplay(PrintStream err, Terminal terminal, LongSupplier nanoTime) {
        this.err = err;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
        this.drawnAt = nanoTime.getAsLong() - BETWEEN_FRAMES;
    }

    @Override
    public synchronized void show(Event event) {
        if (closed) {
            return;
        }
        if (event instanceof Event.Started started) {
            above(Wording.started(started));
        } else if (event instanceof Event.Told told) {
            Notice notice = told.notice();
            above(marked(Wording.kind(notice)) + " " + Wording.message(notice)
                    + (notice.hint().isBlank() ? "" : "\n" + Wording.hint(notice.hint())));
        } else if (event instanceof Event.ShardRetried retried) {
            above(marked("retry:") + " " + Wording.retried(retried));
        } else if (event instanceof Event.ShardFinished done && done.outcome().missing()) {
            above(marked("missing:") + " " + Wording.missing(done.outcome()));
        } else if (event instanceof Event.Progress progress) {
            area.add(progress);
            long now = nanoTime.getAsLong();
            if (now - drawnAt >= BETWEEN_FRAMES) {
                drawnAt = now;
                write(frame());
            }
        } else if (event instanceof Event.Finished) {
            close();
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            if (drawn > 0) {
                write(home() + CLEAR_TO_END);
                drawn = 0;
            }
        }
    }

    private void above(String text) {
        StringBuilder out = new StringBuilder();
        if (drawn > 0) {
            out.append(home()).append(CLEAR_TO_END);
            drawn = 0;
        }
        out.append(text).append('\n');
        if (!area.empty()) {
            out.append(frame());
        }
        write(out.toString());
    }

    private String frame() {
        List<String> lines = area.lines(terminal.size());
        StringBuilder out = new StringBuilder(home()).append(WRAP_OFF);
        lines.forEach(line -> out.append(line).append(CLEAR_LINE).append('\n'));
        drawn = lines.size();
        return out.append(WRAP_ON).append(CLEAR_TO_END).toString();
    }

    /** To the first column of the area's first line. */
    private String home() {
        return drawn == 0 ? "" : "\r\u001b[" + drawn + "A";
    }

    private String marked(String word) {
        return terminal.colour() ? YELLOW + word + PLAIN : word;
    }

    private void write(String text) {
        err.print(text);
        err.flush();
    }
}
