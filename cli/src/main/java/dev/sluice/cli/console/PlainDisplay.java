package dev.sluice.cli.console;

import dev.sluice.engine.event.Event;
import java.io.PrintStream;
import java.time.Duration;

/** Lines for logs: the start, each shard, warnings, retries, and how far it is every ten seconds. */
public final class PlainDisplay implements Display {

    private static final Duration EVERY = Duration.ofSeconds(10);

    /** With more shards than this, the lines of whole shards would drown the others. */
    private static final int MANY = 200;

    private final PrintStream err;
    private int shards;
    private int finished;
    private Duration nextLine = EVERY;

    public PlainDisplay(PrintStream err) {
        this.err = err;
    }

    @Override
    public void show(Event event) {
        if (event instanceof Event.Started started) {
            shards = started.shards();
            finished = 0;
            err.println(Wording.started(started));
        } else if (event instanceof Event.Told told) {
            Wording.told(told.notice()).forEach(err::println);
        } else if (event instanceof Event.ShardRetried retried) {
            err.println("retry: " + Wording.retried(retried));
        } else if (event instanceof Event.ShardFinished done) {
            finished++;
            if (shards <= MANY || done.outcome().missing()) {
                err.println("[%d/%d] %s".formatted(finished, shards, Wording.outcome(done.outcome())));
            }
        } else if (event instanceof Event.Progress progress
                && progress.elapsed().compareTo(nextLine) >= 0) {
            nextLine = progress.elapsed().plus(EVERY);
            err.println("%d of %s, %s read, %s stored, %s after %s"
                    .formatted(
                            progress.done(),
                            Text.count(progress.shards(), "shard"),
                            Text.bytes(progress.rawBytes()),
                            Text.bytes(progress.storedBytes()),
                            Text.rate(progress.rawBytes(), progress.elapsed()),
                            Text.duration(progress.elapsed())));
        }
    }
}
