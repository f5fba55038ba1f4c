package dev.sluice.engine.copy;

import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.ShardRef;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Counts what is under way. Written by the pipelines' threads, read for progress samples. */
final class Tally {

    private final int shards;
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();
    private final LongAdder rawDone = new LongAdder();
    private final LongAdder storedDone = new LongAdder();
    private final Map<ShardRef, Run> running = new ConcurrentHashMap<>();

    Tally(int shards) {
        this.shards = shards;
    }

    /** One attempt at one shard. */
    static final class Run {
        private final ShardRef ref;
        private final int attempt;
        private final LongAdder raw = new LongAdder();
        private final LongAdder stored = new LongAdder();

        private Run(ShardRef ref, int attempt) {
            this.ref = ref;
            this.attempt = attempt;
        }

        void raw(long bytes) {
            raw.add(bytes);
        }

        void stored(long bytes) {
            stored.add(bytes);
        }
    }

    Run begin(ShardRef ref, int attempt) {
        Run run = new Run(ref, attempt);
        running.put(ref, run);
        if (attempt > 1) {
            retries.incrementAndGet();
        }
        return run;
    }

    /** The attempt failed: its bytes no longer count. */
    void drop(Run run) {
        running.remove(run.ref, run);
    }

    /** The attempt came to rest. */
    void keep(Run run) {
        rawDone.add(run.raw.sum());
        storedDone.add(run.stored.sum());
        running.remove(run.ref, run);
    }

    void done() {
        done.incrementAndGet();
    }

    int retries() {
        return retries.get();
    }

    Event.Progress sample(Duration elapsed) {
        List<Event.Running> now = running.values().stream()
                .map(run -> new Event.Running(run.ref, run.attempt, run.raw.sum(), run.stored.sum()))
                .sorted((a, b) -> Long.compareUnsigned(a.ref().id(), b.ref().id()))
                .toList();
        long raw =
                rawDone.sum() + now.stream().mapToLong(Event.Running::rawBytes).sum();
        long stored = storedDone.sum()
                + now.stream().mapToLong(Event.Running::storedBytes).sum();
        return new Event.Progress(elapsed, raw, stored, done.get(), shards, now);
    }
}
