package dev.sluice.engine;

import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.source.PortableRun;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.source.StreamFile;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.stage.BlockCheck;
import dev.sluice.engine.target.Nowhere;
import dev.sluice.engine.tsm.CheckDepth;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What only looks at a source: its check, its listing, its inspection. */
final class Examinations {

    private final Resources resources;
    private final Ends ends;
    private final Runs runs;

    Examinations(Resources resources, Ends ends, Runs runs) {
        this.resources = resources;
        this.ends = ends;
        this.runs = runs;
    }

    Flux<Event> verify(VerifyRequest request) {
        return Flux.defer(() -> {
            var check = new BlockCheck(request.deep() ? CheckDepth.VALUES : CheckDepth.BLOCKS);
            var options = CopyOptions.of(
                    Task.VERIFY, request.pace(), List.of(resources.onWorkers(), check), true, Compression.NONE);
            var reading = new ReadOptions(
                    request.chain(),
                    true,
                    request.allowIncomplete(),
                    request.selection().equals(Selection.EVERYTHING),
                    !request.deep(),
                    ReadOptions.SCRATCH);
            return ends.source(request.from(), reading, request.pace())
                    .flatMapMany(source -> runs.copy(source, new Nowhere(), options, request.selection()))
                    .concatMap(event ->
                            event instanceof Event.Finished last ? withTotals(last.report(), check) : Flux.just(event));
        });
    }

    private static Flux<Event> withTotals(CopyReport report, BlockCheck check) {
        var totals = Notice.note(
                "%d blocks with %d values are sound, in %d TSM files"
                        .formatted(check.blocks(), check.values(), check.files()),
                "");
        return Flux.just(new Event.Told(totals), new Event.Finished(report.with(totals)));
    }

    Mono<Listing> list(End from, Selection selection) {
        var reading = new ReadOptions(false, true, true);
        return runs.whileOpen(ends.source(from, reading, Pace.DEFAULT)
                .flatMap(source -> source instanceof StreamSource
                        ? listStream(source, selection)
                        : Mono.usingWhen(
                                source.open(selection),
                                session -> source instanceof StreamFile
                                        ? Listings.offered(source.describe(), session)
                                        : runsOf(source)
                                                .zipWith(
                                                        problems(session),
                                                        (runs, problems) -> Listings.of(
                                                                source.describe(), session, runs, problems)),
                                SourceSession::close)));
    }

    /** What is known of shards that cannot be read, without reading any. */
    private static Mono<List<Notice>> problems(SourceSession session) {
        return session.shards()
                .flatMapIterable(shard -> shard
                        .problem()
                        .map(problem -> Notice.missing(
                                "shard %s cannot be restored: %s".formatted(shard.ref(), problem.getMessage()),
                                problem.hint()))
                        .stream()
                        .toList())
                .collectList();
    }

    private static Mono<List<PortableRun>> runsOf(Source source) {
        return source instanceof PortableSource portable ? portable.runs() : Mono.just(List.of());
    }

    private Mono<Listing> listStream(Source source, Selection selection) {
        var options = CopyOptions.of(
                Task.VERIFY, Pace.DEFAULT.withConcurrency(1).withRetries(0), List.of(), true, Compression.NONE);
        var catalog = new AtomicReference<@Nullable Catalog>();
        return runs.copy(source, new Nowhere(catalog::set), options, selection)
                .ofType(Event.Finished.class)
                .last()
                .map(last -> Listings.of(Objects.requireNonNull(catalog.get()), last.report()));
    }

    Mono<Inspection> inspect(InspectRequest request) {
        var reading = new ReadOptions(false, true, false, request.scratch());
        return runs.whileOpen(ends.source(request.from(), reading, request.timeouts(), request.retries())
                .flatMap(source -> Inspections.of(source, request, resources.files())));
    }
}
