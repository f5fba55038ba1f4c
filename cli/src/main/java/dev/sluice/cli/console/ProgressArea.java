package dev.sluice.cli.console;

import dev.sluice.engine.event.Event;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * The picture of a copy under way, as lines that fit the terminal: a bar over all shards, then one line for
 * each shard that runs.
 *
 * <p>A server does not tell how large its shards are, so the bar counts shards; one under way counts by its
 * bytes against the mean of those that are done, and never as a whole one.
 */
final class ProgressArea {

    private static final Duration WINDOW = Duration.ofSeconds(5);
    private static final int LEAST_BAR = 10;
    private static final int MOST_BAR = 40;

    private final Deque<Event.Progress> samples = new ArrayDeque<>();

    /** Takes a sample in; one of a shorter time is of another run. */
    void add(Event.Progress progress) {
        if (!samples.isEmpty() && samples.getLast().elapsed().compareTo(progress.elapsed()) > 0) {
            samples.clear();
        }
        samples.addLast(progress);
        Duration from = progress.elapsed().minus(WINDOW);
        while (samples.size() > 2 && samples.getFirst().elapsed().compareTo(from) < 0) {
            samples.removeFirst();
        }
    }

    boolean empty() {
        return samples.isEmpty();
    }

    /** The lines, none wider than the terminal and fewer than it has rows. */
    List<String> lines(Terminal.Size size) {
        Event.Progress now = samples.getLast();
        int columns = Math.max(1, size.columns() - 1); // the last column makes some terminals wrap
        List<String> lines = new ArrayList<>();
        lines.add(total(now, columns));
        int room = Math.max(0, Math.min(size.rows() - 3, 16));
        int shown = now.running().size() <= room ? now.running().size() : Math.max(0, room - 1);
        int nameColumns = now.running().stream()
                .limit(shown)
                .mapToInt(running -> Text.width(running.ref().toString()))
                .max()
                .orElse(0);
        for (Event.Running running : now.running().subList(0, shown)) {
            lines.add(shard(running, nameColumns, columns));
        }
        if (shown < now.running().size() && room > 0) {
            lines.add(Text.tail("  and %d more".formatted(now.running().size() - shown), columns));
        }
        return lines;
    }

    private String total(Event.Progress now, int columns) {
        double part = fraction(now);
        List<String> facts = new ArrayList<>();
        facts.add("%d/%s".formatted(now.done(), Text.count(now.shards(), "shard")));
        facts.add(Text.padLeft(Text.bytes(now.rawBytes()), 8));
        facts.add(Text.padLeft(recentRate(now), 10));
        facts.add(Text.clock(now.elapsed()));
        if (now.done() > 0 && now.done() < now.shards() && now.elapsed().toMillis() >= 2000) {
            long left = (long) (now.elapsed().toMillis() * (1 - part) / part);
            facts.add("~%s left".formatted(Text.clock(Duration.ofMillis(left + 500))));
        }
        String text = String.join("  ", facts);
        while (facts.size() > 1 && Text.width(text) + 2 + LEAST_BAR > columns) {
            facts.remove(facts.size() - 1);
            text = String.join("  ", facts);
        }
        int bar = Math.min(MOST_BAR, columns - Text.width(text) - 2);
        return bar < LEAST_BAR ? Text.tail(text, columns) : bar(part, bar) + "  " + text;
    }

    private static String shard(Event.Running running, int nameColumns, int columns) {
        StringBuilder facts = new StringBuilder(Text.padLeft(Text.bytes(running.rawBytes()), 8));
        if (running.rawBytes() > 0 && running.storedBytes() > 0) {
            facts.append(String.format(
                    Locale.ROOT, "  %3d %%", Math.round(100.0 * running.storedBytes() / running.rawBytes())));
        }
        if (running.attempt() > 1) {
            facts.append("  attempt ").append(running.attempt());
        }
        int room = columns - 4 - facts.length();
        if (room < 8) {
            return columns < 12
                    ? Text.tail(running.ref().toString(), columns)
                    : "  " + Text.tail(running.ref().toString(), columns - 2);
        }
        String name = Text.tail(running.ref().toString(), room);
        return "  " + Text.padRight(name, Math.min(nameColumns, room)) + "  " + facts;
    }

    private static double fraction(Event.Progress now) {
        if (now.shards() == 0) {
            return 1;
        }
        long open = now.running().stream().mapToLong(Event.Running::rawBytes).sum();
        long mean = now.done() == 0 ? 0 : Math.max(0, now.rawBytes() - open) / now.done();
        double done = now.done();
        if (mean > 0) {
            for (Event.Running running : now.running()) {
                done += Math.min(0.9, (double) running.rawBytes() / mean);
            }
        }
        return Math.max(0, Math.min(1, done / now.shards()));
    }

    private String recentRate(Event.Progress now) {
        Event.Progress then = samples.getFirst();
        if (now.elapsed().equals(then.elapsed())) {
            return Text.rate(now.rawBytes(), now.elapsed());
        }
        // a failed attempt takes its bytes back
        return Text.rate(
                Math.max(0, now.rawBytes() - then.rawBytes()), now.elapsed().minus(then.elapsed()));
    }

    private static String bar(double part, int columns) {
        int halves = (int) (part * columns * 2);
        int full = halves / 2;
        String head = halves % 2 == 1 ? "╸" : "";
        return "━".repeat(full) + head + "─".repeat(columns - full - head.length());
    }
}
