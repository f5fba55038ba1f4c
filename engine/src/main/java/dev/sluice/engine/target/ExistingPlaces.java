package dev.sluice.engine.target;

import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.http.WriteTarget;
import dev.sluice.engine.line.InfluxQl;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Makes room in a database that exists for shards that it has no place for. The backup port cannot do that, so it takes
 * the HTTP API: retention policies by a statement, shard groups by one point each in a measurement of their own, which is
 * dropped again.
 */
final class ExistingPlaces {

    private static final String PLACEHOLDER = "sluice_placeholder";

    private final ImportPlan plan;
    private final Optional<InfluxHttp> http;
    private final boolean points;
    private final Instant now;

    /**
     * @param points whether what has no place may go as points
     * @param now for what has expired
     */
    ExistingPlaces(ImportPlan plan, Optional<InfluxHttp> http, boolean points, Instant now) {
        this.plan = plan;
        this.http = http;
        this.points = points;
        this.now = now;
    }

    /**
     * Makes what is missing, as far as it can be made; {@link #whyNot} tells of the rest.
     *
     * @param server what the server has now
     */
    Mono<Void> prepare(DatabaseImport merge, Metastore server) {
        return Mono.defer(() -> {
            Database there = server.find(merge.target()).orElseThrow();
            if (http.isEmpty()) {
                return Mono.empty();
            }
            return policies(merge, there).then(groups(merge, there));
        });
    }

    private Mono<Void> policies(DatabaseImport merge, Database there) {
        return Flux.fromStream(plan.locatedOf(merge)
                        .map(Located::policy)
                        .distinct()
                        .filter(policy ->
                                there.find(merge.policyTarget(policy.name())).isEmpty()))
                .concatMap(policy -> http.orElseThrow().execute(create(merge, policy)), 0)
                .then();
    }

    private String create(DatabaseImport merge, Policy policy) {
        boolean forEver = policy.duration().isZero() || (merge.keepExpired() && merge.expires(policy, now));
        return "CREATE RETENTION POLICY %s ON %s DURATION %s REPLICATION %s SHARD DURATION %s"
                .formatted(
                        InfluxQl.quoted(merge.policyTarget(policy.name())),
                        InfluxQl.quoted(merge.target()),
                        forEver ? "INF" : seconds(policy.duration()),
                        Math.max(1, policy.replicaN()),
                        seconds(policy.shardGroupDuration()));
    }

    private static String seconds(Duration duration) {
        return duration.toSeconds() + "s";
    }

    /**
     * One point for each span that no group touches. Where the policy has another shard duration the group would have
     * another span: of no use.
     */
    private Mono<Void> groups(DatabaseImport merge, Database there) {
        Map<String, TreeSet<Instant>> starts = new LinkedHashMap<>();
        plan.locatedOf(merge).forEach(shard -> {
            String policy = merge.policyTarget(shard.policy().name());
            Optional<Policy> known = there.find(policy);
            List<ShardGroup> groups = known.map(Policy::groups).orElse(List.of());
            TimeRange time = shard.group().time();
            boolean alike = known.map(Policy::shardGroupDuration)
                    .map(Duration.between(time.start(), time.end())::equals)
                    .orElse(true);
            if (alike && groups.stream().noneMatch(group -> touches(group, time))) {
                starts.computeIfAbsent(policy, name -> new TreeSet<>()).add(time.start());
            }
        });
        if (starts.isEmpty()) {
            return Mono.empty();
        }
        InfluxHttp api = http.orElseThrow();
        Mono<Void> written = Flux.fromIterable(starts.entrySet())
                .concatMap(
                        entry -> api.write(
                                new WriteTarget.Database(
                                        merge.target(), Optional.of(entry.getKey()), "ns", Optional.empty()),
                                Unpooled.copiedBuffer(lines(entry.getValue()), StandardCharsets.UTF_8),
                                false),
                        0)
                .then();
        Mono<?> dropped = api.query("DROP MEASUREMENT " + PLACEHOLDER, Optional.of(merge.target()));
        // Also where a write got no answer: the server may have it all the same.
        return Mono.usingWhen(Mono.just(api), client -> written, client -> dropped);
    }

    private static String lines(SortedSet<Instant> starts) {
        return starts.stream()
                .map(start ->
                        PLACEHOLDER + " v=0i " + (start.getEpochSecond() * 1_000_000_000L + start.getNano()) + "\n")
                .collect(Collectors.joining());
    }

    private static boolean touches(ShardGroup group, TimeRange time) {
        return group.deletedAt().isEmpty()
                && group.time().start().isBefore(time.end())
                && time.start().isBefore(group.time().end());
    }

    /**
     * The server's shards that a shard without a place has its time in common with, if its points can go to them and to
     * those that the server will make; empty if they cannot.
     */
    Optional<List<ShardRef>> asPoints(DatabaseImport merge, Located shard, Metastore server) {
        String name = merge.policyTarget(shard.policy().name());
        return policy(merge, name, server)
                .filter(policy -> points && !policy.expired(shard.group(), now))
                .map(policy -> policy.groups().stream()
                        .filter(group -> touches(group, shard.group().time()))
                        .flatMap(group -> group.shards().stream())
                        .map(id -> new ShardRef(merge.target(), name, id))
                        .toList());
    }

    private static Optional<Policy> policy(DatabaseImport merge, String name, Metastore server) {
        return server.find(merge.target()).flatMap(database -> database.find(name));
    }

    /** Why there is no place for a shard after all, and what to do. */
    String whyNot(DatabaseImport merge, Located shard, Metastore server) {
        String name = merge.policyTarget(shard.policy().name());
        Optional<Policy> policy = policy(merge, name, server);
        if (policy.isEmpty()) {
            return "database '%s' has no retention policy '%s'; --http lets it be made".formatted(merge.target(), name);
        }
        TimeRange time = shard.group().time();
        Optional<ShardGroup> other = policy.get().groups().stream()
                .filter(group -> touches(group, time))
                .findFirst();
        if (other.isPresent()) {
            return "its group spans %s to %s and the server's %s to %s: where shard durations differ, %s"
                    .formatted(
                            time.start(),
                            time.end(),
                            other.get().time().start(),
                            other.get().time().end(),
                            remedy(merge, shard));
        }
        if (http.isEmpty()) {
            return "the server has no shard group for %s to %s; --http HOST:8086 lets it be made, or its points be written"
                    .formatted(time.start(), time.end());
        }
        return policy.get().expired(shard.group(), now)
                ? "the server makes no shard group for %s to %s: it is older than the policy's duration"
                        .formatted(time.start(), time.end())
                : "the server makes no shard group for %s to %s: it is older than the policy's duration, or shard durations differ: then %s"
                        .formatted(time.start(), time.end(), remedy(merge, shard));
    }

    private String remedy(DatabaseImport merge, Located shard) {
        String policy = merge.policyTarget(shard.policy().name());
        String copy = "sluice copy -shard %s%s%s FROM http://HOST:8086"
                .formatted(
                        shard.ref().idText(),
                        merge.target().equals(merge.source()) ? "" : " -newdb '%s'".formatted(merge.target()),
                        policy.equals(shard.policy().name()) ? "" : " -newrp '%s'".formatted(policy));
        return http.isEmpty()
                ? "points have to go over HTTP: --http HOST:8086 here, or " + copy
                : "points have to go over HTTP, where a write replaces what is there: --on-conflict existing cannot be had. "
                        + "--on-conflict backup writes them, and so does " + copy;
    }
}
