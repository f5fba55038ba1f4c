package dev.sluice.engine;

import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.model.Verification;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Restore a backup to a live server, or to several at once.
 *
 * @param from the backup
 * @param mapping new names; the database's only with a selected database, the policy's only with a selected policy
 * @param servers all of them get the same; each shard is read once
 * @param http the HTTP APIs of the servers in their order, for what their backup ports cannot do; none, or one for each
 * @param keepExpired policies in which a shard has expired already keep their data for ever
 * @param subscriptions whether policies get theirs back: the server begins to send at once
 * @param intoExisting whether databases that exist take the shards too, and who wins then; empty: they stay as they are
 * @param cleanup whether a restore that fails drops the databases that it has created; needs {@code http}
 * @param scratch where files with deletions are rewritten
 * @param chain put increments of influxd together, oldest first
 * @param allowIncomplete of a stream that is cut short or damaged, restore what had arrived whole
 * @param skipErrors go on without a shard that failed for good, and name it in the report
 * @param checkBlocks look at every block of every TSM file while it passes; damage is told, and copied as it is
 * @param retries attempts after the first, for each shard
 */
public record RestoreRequest(
        End from,
        List<ServerAddress> servers,
        Selection selection,
        Mapping mapping,
        Verification verification,
        List<HttpAccess> http,
        boolean keepExpired,
        boolean subscriptions,
        Optional<Conflict> intoExisting,
        boolean cleanup,
        Path scratch,
        boolean chain,
        boolean allowIncomplete,
        boolean skipErrors,
        boolean checkBlocks,
        int concurrency,
        int retries,
        Timeouts timeouts) {

    /** How many shards are sent side by side unless told otherwise. */
    public static final int DEFAULT_CONCURRENCY = 4;

    public static final int DEFAULT_RETRIES = 5;

    public RestoreRequest {
        servers = List.copyOf(servers);
        http = List.copyOf(http);
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("a server is needed");
        }
        if (!http.isEmpty() && http.size() != servers.size()) {
            throw new IllegalArgumentException(
                    "%d HTTP addresses for %d servers".formatted(http.size(), servers.size()));
        }
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency must be at least 1, was " + concurrency);
        }
        if (retries < 0) {
            throw new IllegalArgumentException("retries must not be negative, was " + retries);
        }
        if (http.isEmpty() && cleanup) {
            throw new IllegalArgumentException("dropping databases needs the HTTP API");
        }
    }

    /** Starts a request with every option at its default. */
    public static Builder of(End from, ServerAddress... servers) {
        return new Builder(from, List.of(servers));
    }

    /** Collects the options; each setter tells its default. */
    public static final class Builder {
        private final End from;
        private final List<ServerAddress> servers;
        private Selection selection = Selection.EVERYTHING;
        private Mapping mapping = Mapping.NONE;
        private Verification verification = Verification.FULL;
        private List<HttpAccess> http = List.of();
        private boolean keepExpired;
        private boolean subscriptions;
        private Optional<Conflict> intoExisting = Optional.empty();
        private boolean cleanup;
        private Path scratch = Path.of(System.getProperty("java.io.tmpdir"));
        private boolean chain;
        private boolean allowIncomplete;
        private boolean skipErrors;
        private boolean checkBlocks = true;
        private int concurrency = DEFAULT_CONCURRENCY;
        private int retries = DEFAULT_RETRIES;
        private Timeouts timeouts = Timeouts.DEFAULT;

        private Builder(End from, List<ServerAddress> servers) {
            this.from = from;
            this.servers = servers;
        }

        /** Default: everything but {@code _internal}. */
        public Builder selection(Selection value) {
            this.selection = value;
            return this;
        }

        /** Default: all keep their names. */
        public Builder mapping(Mapping value) {
            this.mapping = value;
            return this;
        }

        /** Default: {@link Verification#FULL}. */
        public Builder verification(Verification value) {
            this.verification = value;
            return this;
        }

        /** One for each server, in their order. Default: none. */
        public Builder http(HttpAccess... values) {
            this.http = List.of(values);
            return this;
        }

        /** Default: false. */
        public Builder keepExpired(boolean value) {
            this.keepExpired = value;
            return this;
        }

        /** Default: false. */
        public Builder subscriptions(boolean value) {
            this.subscriptions = value;
            return this;
        }

        /** Default: none, databases that exist stay as they are. */
        public Builder intoExisting(Conflict winner) {
            this.intoExisting = Optional.of(winner);
            return this;
        }

        /** Default: false, what was made stays and is named. */
        public Builder cleanup(boolean value) {
            this.cleanup = value;
            return this;
        }

        /** Default: the system's directory for temporary files. */
        public Builder scratch(Path value) {
            this.scratch = value;
            return this;
        }

        /** Default: false, the newest archive of a shard counts. */
        public Builder chain(boolean value) {
            this.chain = value;
            return this;
        }

        /** Default: false, a stream that is cut short or damaged is an error. */
        public Builder allowIncomplete(boolean value) {
            this.allowIncomplete = value;
            return this;
        }

        /** Default: true, every block of every TSM file is checked while it passes. */
        public Builder checkBlocks(boolean value) {
            this.checkBlocks = value;
            return this;
        }

        /** Default: false, the first shard that fails for good ends the restore. */
        public Builder skipErrors(boolean value) {
            this.skipErrors = value;
            return this;
        }

        /** Default: {@value RestoreRequest#DEFAULT_CONCURRENCY} shards side by side. */
        public Builder concurrency(int value) {
            this.concurrency = value;
            return this;
        }

        /** Default: {@value RestoreRequest#DEFAULT_RETRIES} for each shard. */
        public Builder retries(int value) {
            this.retries = value;
            return this;
        }

        /** Default: {@link Timeouts#DEFAULT}. */
        public Builder timeouts(Timeouts value) {
            this.timeouts = value;
            return this;
        }

        public RestoreRequest build() {
            return new RestoreRequest(
                    from,
                    servers,
                    selection,
                    mapping,
                    verification,
                    http,
                    keepExpired,
                    subscriptions,
                    intoExisting,
                    cleanup,
                    scratch,
                    chain,
                    allowIncomplete,
                    skipErrors,
                    checkBlocks,
                    concurrency,
                    retries,
                    timeouts);
        }
    }
}
