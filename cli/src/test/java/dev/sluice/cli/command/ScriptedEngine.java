package dev.sluice.cli.command;

import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.InspectRequest;
import dev.sluice.engine.Inspection;
import dev.sluice.engine.LineCopyRequest;
import dev.sluice.engine.Listing;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.SampleData;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.serve.RunningServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Plays the engine: tells the events it was given and remembers what it was asked for. */
final class ScriptedEngine implements Engine {

    final List<BackupRequest> backups = new ArrayList<>();
    final List<RestoreRequest> restores = new ArrayList<>();
    final List<CopyRequest> copies = new ArrayList<>();
    final List<LineCopyRequest> lineCopies = new ArrayList<>();
    final List<VerifyRequest> verifications = new ArrayList<>();
    final List<ServeRequest> serves = new ArrayList<>();
    final List<ExportRequest> exports = new ArrayList<>();
    final List<ImportRequest> imports = new ArrayList<>();
    final List<InspectRequest> inspections = new ArrayList<>();
    Flux<TransferEvent> transfers = Flux.empty();
    Flux<Event> events = Flux.empty();

    /** Of a verification, if it is to tell others than {@link #events}. */
    @Nullable
    Flux<Event> verification;

    Mono<RunningServer> server = Mono.empty();
    Mono<Listing> listing = Mono.empty();
    Mono<Inspection> inspection = Mono.empty();
    Mono<SampleData> sample = Mono.empty();
    OptionalLong memory = OptionalLong.empty();
    boolean closed;

    /** What a copy tells when it is interrupted, before its error. */
    Flux<Event> lastWords = Flux.empty();

    private final Sinks.Empty<Void> interruption = Sinks.empty();
    private volatile boolean interrupted;

    @Override
    public Flux<Event> backup(BackupRequest request) {
        backups.add(request);
        return events();
    }

    @Override
    public Flux<Event> restore(RestoreRequest request) {
        restores.add(request);
        return events();
    }

    @Override
    public Flux<Event> copy(CopyRequest request) {
        copies.add(request);
        return events();
    }

    @Override
    public Flux<TransferEvent> copyLines(LineCopyRequest request) {
        lineCopies.add(request);
        return transfers;
    }

    @Override
    public Flux<Event> verify(VerifyRequest request) {
        verifications.add(request);
        return events(verification == null ? events : verification);
    }

    @Override
    public Mono<Listing> list(End from, Selection selection) {
        return listing;
    }

    @Override
    public Mono<Inspection> inspect(InspectRequest request) {
        inspections.add(request);
        return inspection;
    }

    @Override
    public Flux<TransferEvent> export(ExportRequest request) {
        exports.add(request);
        return transfers;
    }

    @Override
    public Flux<TransferEvent> importLines(ImportRequest request) {
        imports.add(request);
        return transfers
                .takeUntilOther(interruption.asMono())
                .concatWith(Flux.defer(() -> interrupted ? Flux.error(new EngineClosed()) : Flux.empty()));
    }

    @Override
    public Mono<RunningServer> serve(ServeRequest request) {
        serves.add(request);
        return server;
    }

    @Override
    public Mono<SampleData> sampleData(Path dir, long seed, long approximateBytes) {
        return sample;
    }

    @Override
    public void interrupt() {
        interrupted = true;
        interruption.tryEmitEmpty();
    }

    @Override
    public void close() {
        closed = true;
    }

    private Flux<Event> events() {
        return events(events);
    }

    private Flux<Event> events(Flux<Event> told) {
        return told.takeUntilOther(interruption.asMono())
                .concatWith(Flux.defer(
                        () -> interrupted ? lastWords.concatWith(Flux.error(new EngineClosed())) : Flux.empty()));
    }
}
