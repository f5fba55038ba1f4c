package dev.sluice.engine;

import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Timeouts;

/**
 * The options that all requests which move shards have in common; each setter tells its default.
 *
 * @param <B> the builder itself
 */
public abstract sealed class RequestBuilder<B extends RequestBuilder<B>>
        permits BackupRequest.Builder, CopyRequest.Builder, RestoreRequest.Builder {

    Selection selection = Selection.EVERYTHING;
    Pace pace = Pace.DEFAULT;
    boolean skipErrors;
    boolean checkBlocks = true;

    RequestBuilder() {}

    abstract B self();

    /**
     * Default: everything. What goes to a server or its directories leaves out {@code _internal} even so, unless a
     * database or a shard is named.
     */
    public B selection(Selection value) {
        this.selection = value;
        return self();
    }

    /** Default: {@link Pace#DEFAULT}. */
    public B pace(Pace value) {
        this.pace = value;
        return self();
    }

    /** Default: {@value Pace#DEFAULT_CONCURRENCY} shards side by side. */
    public B concurrency(int value) {
        return pace(pace.withConcurrency(value));
    }

    /** Default: {@value Pace#DEFAULT_RETRIES} for each shard. */
    public B retries(int value) {
        return pace(pace.withRetries(value));
    }

    /** Default: {@link Timeouts#DEFAULT}. */
    public B timeouts(Timeouts value) {
        return pace(pace.withTimeouts(value));
    }

    /** Raw bytes a second from the source, over all shards. Default: no limit. */
    public B rateLimit(long bytesPerSecond) {
        return pace(pace.withRateLimit(bytesPerSecond));
    }

    /** Default: false, the first shard that fails for good ends the run. */
    public B skipErrors(boolean value) {
        this.skipErrors = value;
        return self();
    }

    /** Default: true, every block of every TSM file is checked while it passes. */
    public B checkBlocks(boolean value) {
        this.checkBlocks = value;
        return self();
    }
}
