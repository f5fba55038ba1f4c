package dev.sluice.engine.transfer;

import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.Until;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.source.Source;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Writes a source's points into a server over HTTP: an export whose text an import reads, as fast as the server takes it.
 * One run.
 *
 * <p>The text never rests. What is ahead of the server is what an export and an import each allow themselves.
 */
public final class LineCopy {

    private final LineExport export;
    private final InfluxHttp http;
    private final ImportOptions options;
    private final Scheduler workers;
    private final Scheduler files;
    private final Scheduler clock;

    /**
     * A copy.
     *
     * @param export of points with merged fields and with statements, so that places are there before their points
     * @param workers where bodies are compressed
     * @param files where rejects are written; may block
     * @param clock tells the time and wakes up those who wait
     */
    public LineCopy(
            LineExport export,
            InfluxHttp http,
            ImportOptions options,
            Scheduler workers,
            Scheduler files,
            Scheduler clock) {
        this.export = export;
        this.http = http;
        this.options = options;
        this.workers = workers;
        this.files = files;
        this.clock = clock;
    }

    /**
     * Runs it; the last event is {@link TransferEvent.Copied}. A cancel ends every request and closes the source.
     *
     * @param mapping names that databases and policies have on the server
     * @param scratch room for the largest shard
     * @param stop its error ends it as a cancel does, and is passed on behind what was written by then
     */
    public Flux<TransferEvent> run(Source from, Selection selection, Mapping mapping, Path scratch, Mono<?> stop) {
        var written = new AtomicReference<@Nullable ImportReport>();
        var lines = new AtomicReference<@Nullable LineImport>();
        var out = new LineExport.Out.ToReader(http.endpoint().toString(), text -> {
            LineImport begun = LineImport.within(
                    export.telling(),
                    Input.of("the points of " + from.describe(), text),
                    http,
                    options,
                    workers,
                    files,
                    clock);
            lines.set(begun);
            return begun.work(Mono.never()).doOnNext(written::set).map(ImportReport::bytes);
        });
        Mono<TransferEvent.Copied> work = export.read(from, selection, mapping, scratch, out)
                .map(read -> new TransferEvent.Copied(read, Objects.requireNonNull(written.get())));
        Mono<?> told = stop.doOnError(e -> Optional.ofNullable(lines.get()).ifPresent(LineImport::tellWhatIsWritten));
        return export.told(Until.stopped(told, work), out);
    }
}
