package dev.sluice.engine.transfer;

import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.line.SeriesFilter;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.ShardSpool;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.target.PointWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Writes shards as points over HTTP, each by way of a scratch directory: an export whose text an import reads.
 *
 * <p>Shards come to rest in the scratch side by side and are written one at a time. In this order nobody waits for a turn
 * while others wait for the parts that he shares with them; and text and batches of one shard are all that is in memory.
 */
public final class ShardPoints implements PointWriter {

    private static final ExportOptions READING = new ExportOptions(
            Optional.empty(),
            Optional.empty(),
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            false,
            true,
            SeriesFilter.ALL,
            OptionalLong.empty(),
            false);

    private final InfluxHttp http;
    private final ImportOptions options;
    private final Path scratch;
    private final SlabLine line;
    private final Scheduler workers;
    private final int parallelism;
    private final Scheduler files;
    private final Scheduler clock;
    private final Permits turns = new Permits(1);

    /**
     * A writer for one server.
     *
     * @param scratch room for as many shards as are under way at the same time
     * @param workers where text is made, and bodies are compressed
     * @param parallelism of the workers
     * @param files where files are read and written; may block
     * @param clock tells the time and wakes up those who wait
     */
    public ShardPoints(
            InfluxHttp http,
            ImportOptions options,
            Path scratch,
            SlabLine line,
            Scheduler workers,
            int parallelism,
            Scheduler files,
            Scheduler clock) {
        this.http = http;
        this.options = options;
        this.scratch = scratch;
        this.line = line;
        this.workers = workers;
        this.parallelism = parallelism;
        this.files = files;
        this.clock = clock;
    }

    @Override
    public Mono<Written> write(
            ShardRef shard,
            String database,
            String policy,
            Flux<ShardPart> parts,
            LongConsumer sent,
            LongConsumer taken) {
        var place = new Place(database, policy);
        return ShardSpool.using(
                        parts, scratch, files, spool -> turns.with(() -> write(shard, place, spool, sent, taken)))
                .single();
    }

    private Mono<Written> write(ShardRef shard, Place place, ShardSpool spool, LongConsumer sent, LongConsumer taken) {
        return Mono.defer(() -> {
            var export = new LineExport(shard.toString(), READING, line, workers, parallelism, files, clock);
            var report = new AtomicReference<@Nullable ImportReport>();
            var out = new LineExport.Out.ToReader(http.endpoint().toString(), text -> {
                var input = Input.of(
                        "the points of shard " + shard, text.doOnNext(piece -> sent.accept(piece.readableBytes())));
                var points = LineImport.within(export.telling(), input, http, options, workers, files, clock);
                return points.work(Mono.never())
                        .doOnError(e -> taken.accept(points.written()))
                        .doOnCancel(() -> taken.accept(points.written()))
                        .doOnNext(report::set)
                        .map(ImportReport::bytes);
            });
            return export.shard(new ShardFiles(place, spool.tsm(), List.of()), out)
                    .map(read -> written(Objects.requireNonNull(report.get()), read.damage()));
        });
    }

    private static Written written(ImportReport report, List<String> damage) {
        List<String> reasons = report.examples().stream()
                .map(ImportReport.Reject::reason)
                .distinct()
                .toList();
        return new Written(report.written(), report.rejected(), reasons, report.bytes(), damage);
    }
}
