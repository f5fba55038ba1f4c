package dev.sluice.engine.event;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import java.time.Duration;

/** How it ended for one shard. Each shard of the catalog has exactly one in the report. */
public sealed interface ShardOutcome {

    /** The shard, by its names in the source. */
    ShardRef ref();

    /** Whether something that was asked for is missing because of this. */
    boolean missing();

    /** Why it is missing, as a manifest keeps it; empty if it is not. */
    default String reason() {
        return "";
    }

    /**
     * Stored whole and checked.
     *
     * @param attempts 1 if the first one succeeded
     */
    record Stored(ShardReceipt receipt, int attempts, Duration elapsed) implements ShardOutcome {
        @Override
        public ShardRef ref() {
            return receipt.ref();
        }

        @Override
        public boolean missing() {
            return false;
        }
    }

    /** Not taken, as it did not change since the instant asked for. */
    record Unchanged(ShardRef ref) implements ShardOutcome {
        @Override
        public boolean missing() {
            return false;
        }
    }

    /** The server dropped it between listing and reading. */
    record DroppedMeanwhile(ShardRef ref) implements ShardOutcome {
        @Override
        public boolean missing() {
            return true;
        }

        @Override
        public String reason() {
            return "the server dropped it while the backup ran";
        }
    }

    /** Promised, but the source does not have it. */
    record NotOffered(ShardRef ref, Absence absence) implements ShardOutcome {
        @Override
        public boolean missing() {
            return true;
        }

        @Override
        public String reason() {
            return absence.why();
        }
    }

    /**
     * Not read, as the target does not take it.
     *
     * @param why a sentence for people
     */
    record Refused(ShardRef ref, String why) implements ShardOutcome {
        @Override
        public boolean missing() {
            return true;
        }

        @Override
        public String reason() {
            return why;
        }
    }

    /** Given up after the last attempt; the copy went on because it was told to. */
    record Failed(ShardRef ref, SluiceException why, int attempts) implements ShardOutcome {
        @Override
        public boolean missing() {
            return true;
        }

        @Override
        public String reason() {
            return String.valueOf(why.getMessage());
        }
    }
}
