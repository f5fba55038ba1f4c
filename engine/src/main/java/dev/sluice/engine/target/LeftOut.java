package dev.sluice.engine.target;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.line.InfluxQl;
import dev.sluice.engine.line.QueryNames;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.ContinuousQuery;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Grant;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.Privilege;
import dev.sluice.engine.meta.Metastore.Subscription;
import dev.sluice.engine.meta.Metastore.User;
import dev.sluice.engine.model.Notice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a server cannot be given over its backup port: continuous queries and privileges are created again over HTTP
 * where that is known; of all else the report has the statement. Users cannot be created: only the hashes of their
 * passwords are known.
 */
final class LeftOut {

    private final Metastore source;
    private final LiveOptions options;
    private final Optional<InfluxHttp> http;

    LeftOut(Metastore source, LiveOptions options, Optional<InfluxHttp> http) {
        this.source = source;
        this.options = options;
        this.http = http;
    }

    /** Whether there is anything that {@link #bringBack} would ask the HTTP API for. */
    boolean needsHttp(Collection<DatabaseImport> databases) {
        return http.isPresent()
                && (source.users().stream().anyMatch(user -> !user.privileges().isEmpty())
                        || databases.stream().flatMap(this::queries).findAny().isPresent());
    }

    /**
     * Creates what can be created, and says what became of it. Never fails; cold.
     *
     * @param created databases that this restore has made: they get all of it
     * @param merged databases that were there before: continuous queries only, as somebody may have taken privileges away
     *     on purpose, and the subscriptions of policies that this restore has made in them
     * @param before what the server had
     * @param server what it has by now
     */
    Mono<List<Notice>> bringBack(
            Collection<DatabaseImport> created, Collection<DatabaseImport> merged, Metastore before, Metastore server) {
        Flux<Notice> queries = Flux.fromStream(() -> Stream.concat(created.stream(), merged.stream()))
                .concatMap(
                        database -> Flux.fromStream(() -> queries(database))
                                .concatMap(query -> query(database, query, server), 0),
                        0);
        Flux<Notice> users =
                Flux.fromIterable(source.users()).concatMap(user -> user(user, created, merged, server), 0);
        // Those of databases that are made came with them. Later than all points: what is restored is not sent on.
        Flux<Notice> subscriptions = Flux.fromIterable(options.subscriptions() ? merged : List.of())
                .concatMap(
                        database -> Flux.fromIterable(source.find(database.source())
                                        .map(Database::policies)
                                        .orElse(List.of()))
                                .filter(database::takes)
                                .concatMap(policy -> subscriptions(database, policy, before, server), 0),
                        0);
        return queries.concatWith(subscriptions).concatWith(users).collectList();
    }

    private Flux<Notice> subscriptions(DatabaseImport database, Policy policy, Metastore before, Metastore server) {
        String name = database.policyTarget(policy.name());
        Optional<Policy> there = policy(database.target(), name, server);
        if (policy(database.target(), name, before).isPresent() || there.isEmpty()) {
            return Flux.empty();
        }
        return Flux.fromIterable(policy.subscriptions())
                .filter(wanted -> there.get().subscriptions().stream()
                        .noneMatch(has -> has.name().equals(wanted.name())))
                .concatMap(wanted -> subscription(database.target(), name, wanted), 0);
    }

    private static Optional<Policy> policy(String database, String name, Metastore of) {
        return of.find(database).flatMap(found -> found.find(name));
    }

    private Mono<Notice> subscription(String database, String policy, Subscription wanted) {
        String statement = "CREATE SUBSCRIPTION %s ON %s.%s DESTINATIONS %s %s"
                .formatted(
                        InfluxQl.quoted(wanted.name()),
                        InfluxQl.quoted(database),
                        InfluxQl.quoted(policy),
                        wanted.mode(),
                        wanted.destinations().stream().map(InfluxQl::string).collect(Collectors.joining(", ")));
        String told = "subscription '%s' of %s/%s".formatted(wanted.name(), database, policy);
        return http.map(api -> api.execute(statement)
                        .thenReturn(Notice.note(told + " is created again", ""))
                        .onErrorResume(
                                SluiceException.class,
                                e -> Mono.just(Notice.missing(
                                        "%s could not be created: %s".formatted(told, e.getMessage()),
                                        "Run: " + statement))))
                .orElseGet(() -> Mono.just(Notice.warning(told + " is not restored", "Run: " + statement)));
    }

    private Stream<ContinuousQuery> queries(DatabaseImport database) {
        return source.find(database.source()).stream().flatMap(info -> info.continuousQueries().stream());
    }

    /** A continuous query with the names that its database and the policies in it get. */
    static String renamed(DatabaseImport database, String query) {
        boolean same = database.target().equals(database.source())
                && database.policyTarget().isEmpty();
        if (same) {
            return query;
        }
        return new QueryNames(
                        database.source(),
                        database.target(),
                        policy -> database.policy().map(policy::equals).orElse(true)
                                ? database.policyTarget(policy)
                                : policy)
                .renamed(query);
    }

    private Mono<Notice> query(DatabaseImport database, ContinuousQuery query, Metastore server) {
        String statement = renamed(database, query.query());
        String name = "continuous query '%s' of database '%s'".formatted(query.name(), database.target());
        String run = "Run: " + statement;
        if (has(server, database, query.name(), statement)) {
            return Mono.empty();
        }
        if (http.isEmpty()) {
            return Mono.just(Notice.warning(name + " is not restored", run));
        }
        if (options.selection().policy().isPresent()
                || options.selection().shard().isPresent()) {
            return Mono.just(Notice.warning(name + " is not restored with a part of its database", run));
        }
        return http.get()
                .execute(statement)
                .thenReturn(Notice.note(name + " is created again", ""))
                .onErrorResume(
                        SluiceException.class,
                        e -> Mono.just(
                                e instanceof HttpRefused refused
                                                && refused.getMessage().contains("already exists")
                                        ? Notice.warning(
                                                name + " exists with another text, and stays as it is",
                                                "The backup has: " + statement)
                                        : Notice.missing(
                                                "%s could not be created: %s".formatted(name, e.getMessage()), run)));
    }

    /** Servers compare in this way too. */
    private static boolean has(Metastore server, DatabaseImport database, String name, String statement) {
        return server.find(database.target()).stream()
                .flatMap(there -> there.continuousQueries().stream())
                .anyMatch(query -> query.name().equals(name) && query.query().equalsIgnoreCase(statement));
    }

    private Flux<Notice> user(
            User user, Collection<DatabaseImport> created, Collection<DatabaseImport> merged, Metastore server) {
        Optional<User> there = server.users().stream()
                .filter(candidate -> candidate.name().equals(user.name()))
                .findFirst();
        if (there.isEmpty()) {
            return missing(user, created, merged);
        }
        List<Grant> here = lacking(user, created, there.get());
        List<Grant> elsewhere = lacking(user, merged, there.get());
        List<Grant> reported = new ArrayList<>(elsewhere);
        Flux<Notice> granted = Flux.empty();
        if (http.isPresent()) {
            granted = Flux.fromIterable(here).concatMap(grant -> grant(user, grant), 0);
        } else {
            reported.addAll(0, here);
        }
        if (!reported.isEmpty()) {
            granted = granted.concatWithValues(Notice.note(
                    "user '%s' has other privileges than in the backup".formatted(user.name()),
                    "To have those of the backup: " + statements(user, reported)));
        }
        if (user.admin() && !there.get().admin()) {
            granted = granted.concatWithValues(Notice.note(
                    "user '%s' is an administrator in the backup and not on the server".formatted(user.name()),
                    "To change that: GRANT ALL PRIVILEGES TO " + InfluxQl.quoted(user.name())));
        }
        return granted;
    }

    private Flux<Notice> missing(User user, Collection<DatabaseImport> created, Collection<DatabaseImport> merged) {
        List<Grant> grants = Stream.concat(created.stream(), merged.stream())
                .flatMap(database -> grants(user, database))
                .toList();
        if (!user.admin() && grants.isEmpty()) {
            return Flux.empty();
        }
        String create = "CREATE USER %s WITH PASSWORD '...'%s"
                .formatted(InfluxQl.quoted(user.name()), user.admin() ? " WITH ALL PRIVILEGES" : "");
        return Flux.just(Notice.note(
                "user '%s' is not restored: a server cannot be given a password's hash".formatted(user.name()),
                "Run: " + create + (grants.isEmpty() ? "" : "; " + statements(user, grants))));
    }

    private Mono<Notice> grant(User user, Grant grant) {
        String statement = statement(user, grant);
        return http.orElseThrow()
                .execute(statement)
                .thenReturn(Notice.note(
                        "user '%s' has %s on database '%s' again"
                                .formatted(user.name(), grant.privilege(), grant.database()),
                        ""))
                .onErrorResume(
                        SluiceException.class,
                        e -> Mono.just(Notice.missing(
                                "user '%s' could not be granted %s on database '%s': %s"
                                        .formatted(user.name(), grant.privilege(), grant.database(), e.getMessage()),
                                "Run: " + statement)));
    }

    /** Privileges of the backup, under new names, that go beyond what the user has on the server. */
    private static List<Grant> lacking(User user, Collection<DatabaseImport> databases, User there) {
        return databases.stream()
                .flatMap(database -> grants(user, database))
                .filter(grant -> !there.admin())
                .filter(grant -> there.privileges().stream()
                        .noneMatch(has -> has.database().equals(grant.database())
                                && (has.privilege() == grant.privilege() || has.privilege() == Privilege.ALL)))
                .toList();
    }

    private static Stream<Grant> grants(User user, DatabaseImport database) {
        return user.privileges().stream()
                .filter(grant -> grant.database().equals(database.source()))
                .filter(grant -> grant.privilege() != Privilege.NONE && grant.privilege() != Privilege.OTHER)
                .map(grant -> new Grant(database.target(), grant.privilege()));
    }

    private static String statements(User user, List<Grant> grants) {
        return String.join(
                "; ", grants.stream().map(grant -> statement(user, grant)).toList());
    }

    private static String statement(User user, Grant grant) {
        return "GRANT %s ON %s TO %s"
                .formatted(grant.privilege(), InfluxQl.quoted(grant.database()), InfluxQl.quoted(user.name()));
    }
}
