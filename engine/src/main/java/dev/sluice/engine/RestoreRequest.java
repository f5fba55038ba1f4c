package dev.sluice.engine;

import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.source.ReadOptions;
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
        Pace pace) {

    ReadOptions readOptions() {
        return new ReadOptions(chain, skipErrors, allowIncomplete, scratch);
    }

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
        if (http.isEmpty() && verification == Verification.COUNTS) {
            throw new IllegalArgumentException("the server's statistics need the HTTP API");
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
    public static final class Builder extends RequestBuilder<Builder> {
        private final End from;
        private final List<ServerAddress> servers;
        private Mapping mapping = Mapping.NONE;
        private Verification verification = Verification.FULL;
        private List<HttpAccess> http = List.of();
        private boolean keepExpired;
        private boolean subscriptions;
        private Optional<Conflict> intoExisting = Optional.empty();
        private boolean cleanup;
        private Path scratch = ReadOptions.SCRATCH;
        private boolean chain;
        private boolean allowIncomplete;

        private Builder(End from, List<ServerAddress> servers) {
            this.from = from;
            this.servers = servers;
        }

        /** Default: all keep their names. */
        public Builder mapping(Mapping value) {
            this.mapping = value;
            return this;
        }

        /** Default: {@link Verification#FULL}. {@link Verification#COUNTS} needs {@code http}. */
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

        @Override
        Builder self() {
            return this;
        }

        /**
         * The request, with all that was set.
         *
         * @throws IllegalArgumentException if there is no server, or if the HTTP API is needed and there is none for each
         */
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
                    pace);
        }
    }
}
