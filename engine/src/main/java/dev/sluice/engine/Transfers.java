package dev.sluice.engine;

import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.flow.Until;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Restorable;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.transfer.ExportOptions;
import dev.sluice.engine.transfer.Input;
import dev.sluice.engine.transfer.LineCopy;
import dev.sluice.engine.transfer.LineExport;
import dev.sluice.engine.transfer.LineImport;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Points as line protocol: exports, imports, and copies of points. */
final class Transfers {

    private final Resources resources;
    private final Ends ends;
    private final Runs runs;

    Transfers(Resources resources, Ends ends, Runs runs) {
        this.resources = resources;
        this.ends = ends;
        this.runs = runs;
    }

    Flux<TransferEvent> importLines(ImportRequest request) {
        return runs.transfer(stop -> Flux.using(
                () -> resources.http(
                        new HttpAccess(request.endpoint(), request.credentials()),
                        request.timeouts(),
                        request.options().concurrency()),
                http -> Until.stopped(
                                stop,
                                Mono.fromCallable(() -> lineImport(request, http))
                                        .subscribeOn(resources.files()))
                        .flatMapMany(lines -> lines.run(stop)),
                InfluxHttp::close));
    }

    private LineImport lineImport(ImportRequest request, InfluxHttp http) {
        Optional<Path> path = request.path();
        if (path.isPresent() && Files.isDirectory(path.get())) {
            return LineImport.ofDirectory(
                    path.get(), http, request.options(), resources.workers(), resources.files(), resources.clock());
        }
        Input input = path.map(Input::of)
                .orElseGet(() -> Input.of("standard input", new FileInputStream(FileDescriptor.in).getChannel()));
        return LineImport.of(input, http, request.options(), resources.workers(), resources.files(), resources.clock());
    }

    Flux<TransferEvent> export(ExportRequest request) {
        return Flux.defer(() -> export(request, out(request))); // a cancel closes the channel, which nobody may share
    }

    private static LineExport.Out out(ExportRequest request) {
        return request.out()
                .<LineExport.Out>map(LineExport.Out.ToFile::new)
                .orElseGet(() -> new LineExport.Out.ToChannel(
                        "standard output", new FileOutputStream(FileDescriptor.out).getChannel()));
    }

    private Flux<TransferEvent> export(ExportRequest request, LineExport.Out out) {
        return runs.transfer(stop -> Flux.using(
                () -> resources.line(request.compression()),
                line -> {
                    LineExport export = export(request.from().toString(), request.options(), line);
                    return request.from() instanceof End.Data data
                            ? export.directories(data.data(), data.walDir(), data.meta(), out, stop)
                            : ends.source(request.from(), ReadOptions.STRICT, request.timeouts(), request.retries())
                                    .flatMapMany(source -> export.source(source, request.scratch(), out, stop));
                },
                SlabLine::close));
    }

    Flux<TransferEvent> copyLines(LineCopyRequest request) {
        return runs.transfer(stop -> ends.source(request.from(), request.readOptions(), request.pace())
                .flatMapMany(source -> Flux.using(
                        () -> resources.http(
                                request.to(),
                                ImportRequest.DEFAULT_TIMEOUTS,
                                request.pace().concurrency()),
                        http -> copyLines(request, source, http, stop),
                        InfluxHttp::close)));
    }

    private Flux<TransferEvent> copyLines(LineCopyRequest request, Source source, InfluxHttp http, Mono<?> stop) {
        return Flux.using(
                resources::line,
                line -> new LineCopy(
                                export(source.describe(), request.reading(), line),
                                http,
                                request.writing(),
                                resources.workers(),
                                resources.files(),
                                resources.clock())
                        .run(new Restorable(source), request.selection(), request.mapping(), request.scratch(), stop),
                SlabLine::close);
    }

    private LineExport export(String from, ExportOptions options, SlabLine line) {
        return new LineExport(
                from,
                options,
                line,
                resources.workers(),
                resources.parallelism(),
                resources.files(),
                resources.clock());
    }
}
