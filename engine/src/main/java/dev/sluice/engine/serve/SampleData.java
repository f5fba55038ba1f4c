package dev.sluice.engine.serve;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Directories as a stopped server leaves them, filled with made-up metrics of machines and web servers: two databases,
 * three retention policies, twelve shards with two TSM files each. A real influxd opens them as its own.
 */
public final class SampleData {

    private static final Scheduler DISK = Uninterrupted.on(Schedulers.boundedElastic());
    private static final Instant END = Instant.parse("2026-11-23T00:00:00Z"); // a Monday: weeks begin there
    private static final Duration WEEK = Duration.ofDays(7);
    private static final Duration DAY = Duration.ofDays(1);

    /** How much finer the samples of the policy {@code raw} are. */
    private static final int FINER = 6;

    // What one host costs, measured: all of its series at one moment, before the index.
    private static final double BYTES_PER_MOMENT = 38;
    private static final long BYTES_PER_HOST = 3_000_000;
    private static final int MAX_HOSTS = 40;

    private SampleData() {}

    /**
     * What was written.
     *
     * @param dataDir {@code [data] dir}
     * @param metaDir {@code [meta] dir}
     * @param points series and times, however many fields are there
     * @param bytes of all TSM files
     */
    public record Summary(Path dataDir, Path metaDir, int shards, long points, long bytes) {}

    /** Where the samples of a shard come from. */
    private record Plan(ShardRef shard, TimeRange time, SampleShard.Kind kind, int hosts, Duration interval) {}

    /**
     * Writes the directories {@code data} and {@code meta}. The same seed and size give the same files. Cold; works
     * on Reactor's threads that may block, one shard on each processor.
     *
     * <p>Errors: {@link InvalidRequest} if there is a {@code data} or {@code meta} already, {@link StoreFailed}.
     *
     * @param dir an existing directory
     * @param approximateBytes how large all TSM files are together, a megabyte at least
     */
    public static Mono<Summary> write(Path dir, long seed, long approximateBytes) {
        return Mono.defer(() -> {
            Path dataDir = dir.resolve("data");
            Path metaDir = dir.resolve("meta");
            List<Plan> plans = plans(approximateBytes);
            return Mono.fromCallable(() -> {
                        create(dataDir);
                        create(metaDir);
                        return plans;
                    })
                    .flatMapMany(Flux::fromIterable)
                    .flatMap(
                            plan -> Mono.fromCallable(() -> write(dataDir, plan, seed))
                                    .subscribeOn(DISK),
                            Runtime.getRuntime().availableProcessors())
                    .reduce(SampleShard.Written::plus)
                    .flatMap(sum -> Mono.fromCallable(() -> {
                        Files.write(
                                metaDir.resolve("meta.db"),
                                metastore(plans, seed).toMetadata().toByteArray());
                        return new Summary(dataDir, metaDir, plans.size(), sum.points(), sum.bytes());
                    }))
                    .subscribeOn(DISK)
                    .onErrorMap(FileAlreadyExistsException.class, SampleData::taken)
                    .onErrorMap(IOException.class, e -> failed(dir, e));
        });
    }

    private static List<Plan> plans(long approximateBytes) {
        long bytes = Math.max(approximateBytes, 1_000_000);
        int hosts = (int) Math.min(MAX_HOSTS, 2 + bytes / BYTES_PER_HOST);
        long weeks = 6 + 2;
        double moments = weeks * WEEK.toSeconds() + 4.0 * FINER * DAY.toSeconds(); // if there was one each second
        long interval = Math.max(1, Math.round(hosts * moments * BYTES_PER_MOMENT / bytes));
        Duration coarse = Duration.ofSeconds(interval);
        Duration fine = Duration.ofMillis(interval * 1000 / FINER);
        var plans = new ArrayList<Plan>();
        for (int week = 6; week > 0; week--) {
            plans.add(plan(plans, "telemetry", "autogen", WEEK, week, SampleShard.Kind.MACHINES, hosts, coarse));
        }
        for (int day = 4; day > 0; day--) {
            plans.add(plan(plans, "telemetry", "raw", DAY, day, SampleShard.Kind.MACHINES, hosts, fine));
        }
        for (int week = 2; week > 0; week--) {
            plans.add(plan(plans, "web", "autogen", WEEK, week, SampleShard.Kind.WEB, hosts, coarse));
        }
        return plans;
    }

    private static Plan plan(
            List<Plan> before,
            String database,
            String policy,
            Duration group,
            int groupsBack,
            SampleShard.Kind kind,
            int hosts,
            Duration interval) {
        Instant start = END.minus(group.multipliedBy(groupsBack));
        return new Plan(
                new ShardRef(database, policy, before.size() + 1),
                new TimeRange(start, start.plus(group)),
                kind,
                hosts,
                interval);
    }

    private static SampleShard.Written write(Path dataDir, Plan plan, long seed) throws IOException {
        ShardRef shard = plan.shard();
        Path dir = dataDir.resolve(shard.database()).resolve(shard.policy()).resolve(shard.idText());
        Files.createDirectories(dir);
        var sample = new SampleShard(plan.kind(), plan.hosts(), plan.interval(), seed, shard.id());
        Instant start = plan.time().start();
        Instant recent = start.plus(
                Duration.between(start, plan.time().end()).multipliedBy(3).dividedBy(4));
        // As a server has them: a fully compacted file, and a newer one that was the cache not long ago.
        return sample.write(dir.resolve("000000008-000000004.tsm"), new TimeRange(start, recent))
                .plus(sample.write(
                        dir.resolve("000000009-000000001.tsm"),
                        new TimeRange(recent, plan.time().end())));
    }

    private static Metastore metastore(List<Plan> plans, long seed) {
        return Metastore.of(
                seed & Long.MAX_VALUE,
                databases(plans)
                        .map(database -> Database.of(
                                database,
                                policies(plans, database)
                                        .map(policy -> policy(plans, database, policy))
                                        .toArray(Policy[]::new)))
                        .toList());
    }

    private static Stream<String> databases(List<Plan> plans) {
        return plans.stream().map(plan -> plan.shard().database()).distinct();
    }

    private static Stream<String> policies(List<Plan> plans, String database) {
        return plans.stream()
                .filter(plan -> plan.shard().database().equals(database))
                .map(plan -> plan.shard().policy())
                .distinct();
    }

    private static Policy policy(List<Plan> plans, String database, String policy) {
        List<Plan> own = plans.stream()
                .filter(plan -> plan.shard().database().equals(database)
                        && plan.shard().policy().equals(policy))
                .toList();
        TimeRange first = own.get(0).time();
        return Policy.of(
                policy,
                Duration.between(first.start(), first.end()),
                own.stream()
                        .map(plan -> ShardGroup.of(
                                plan.shard().id(), plan.time(), plan.shard().id()))
                        .toArray(ShardGroup[]::new));
    }

    private static void create(Path dir) throws IOException {
        Files.createDirectory(dir);
    }

    private static InvalidRequest taken(FileAlreadyExistsException e) {
        return new InvalidRequest(
                "%s exists already".formatted(e.getFile()),
                "Sample data is never written over something: name an empty directory.");
    }

    private static StoreFailed failed(Path dir, IOException e) {
        return new StoreFailed(
                "cannot write sample data to %s: %s".formatted(dir, FileTrouble.inWords(e)),
                "The directory must exist and be writable, with room on its disk.",
                e);
    }
}
