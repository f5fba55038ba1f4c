package dev.sluice.engine.event;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/** One thing that the engine tells while it copies. The last one of a successful copy is {@link Finished}. */
public sealed interface Event {

    /**
     * The source was opened and the target is ready.
     *
     * @param shards how many will be read
     * @param rawBytes how long they are together, where that is known before
     */
    record Started(Task task, String source, String target, int shards, OptionalLong rawBytes) implements Event {}

    /** Something that a person should know; the copy goes on. */
    record Told(Notice notice) implements Event {}

    /**
     * The source is asked for a shard.
     *
     * @param attempt from 1
     */
    record ShardStarted(ShardRef ref, int attempt) implements Event {}

    /**
     * An attempt failed and another one follows.
     *
     * @param attempt the one that failed, from 1
     * @param pause until the next
     */
    record ShardRetried(ShardRef ref, int attempt, SluiceException why, Duration pause) implements Event {}

    /** The shard's fate is known. */
    record ShardFinished(ShardOutcome outcome) implements Event {}

    /**
     * A sample, a few times a second; left out when the subscriber has no demand.
     *
     * @param rawBytes received so far, failed attempts not counted
     * @param storedBytes written so far, failed attempts not counted
     * @param done shards whose fate is known
     */
    record Progress(Duration elapsed, long rawBytes, long storedBytes, int done, int shards, List<Running> running)
            implements Event {
        public Progress {
            running = List.copyOf(running);
        }
    }

    /** One shard under way. */
    record Running(ShardRef ref, int attempt, long rawBytes, long storedBytes) {}

    /** All shards have their fate and the target is sealed. */
    record Finished(CopyReport report) implements Event {}
}
