package dev.sluice.engine;

import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.source.Restorable;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.stage.ApplyTombstones;
import dev.sluice.engine.stage.FieldLedger;
import dev.sluice.engine.stage.Indexable;
import dev.sluice.engine.stage.ShardStage;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.target.FanOut;
import dev.sluice.engine.target.LiveOptions;
import dev.sluice.engine.target.LiveTarget;
import dev.sluice.engine.target.PointWriter;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.transfer.FieldSamples;
import dev.sluice.engine.transfer.ShardPoints;
import dev.sluice.engine.transport.SnapshotTransport;
import io.netty.buffer.ByteBuf;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Copies to one or more live servers. */
final class Restores {

    private static final int HTTP_CONNECTIONS = 4;

    private final Resources resources;
    private final Ends ends;
    private final Runs runs;

    Restores(Resources resources, Ends ends, Runs runs) {
        this.resources = resources;
        this.ends = ends;
        this.runs = runs;
    }

    Flux<Event> restore(RestoreRequest request) {
        return restore(
                request, ends.source(request.from(), request.readOptions().indexFirst(true), request.pace()));
    }

    Flux<Event> restore(RestoreRequest request, Flux<ByteBuf> stream) {
        if (!(request.from() instanceof End.Stream)) {
            return Flux.error(new InvalidRequest(
                    "a restore of %s does not read the stream that is given".formatted(request.from()),
                    "RestoreRequest.of(new End.Stream(), …) is for a stream; give none for what lies in a directory."));
        }
        return restore(
                request,
                Mono.just(new StreamSource("the stream", stream, resources.workers(), request.allowIncomplete())));
    }

    private Flux<Event> restore(RestoreRequest request, Mono<? extends Source> from) {
        // Slabs are taken when a file is written, which points over HTTP are not.
        return Flux.using(
                () -> clients(request),
                http -> Flux.using(
                        resources::line, line -> restore(request, from, targets(request, http, line)), SlabLine::close),
                http -> http.forEach(InfluxHttp::close));
    }

    private List<InfluxHttp> clients(RestoreRequest request) {
        return request.http().stream()
                .map(access -> resources.http(access, request.pace().timeouts(), HTTP_CONNECTIONS))
                .toList();
    }

    private Flux<Event> restore(RestoreRequest request, Mono<? extends Source> from, Targets targets) {
        // What came is looked at, before anything is taken out of it; what is written anew here is whole.
        List<ShardStage> stages = List.of(
                resources.onWorkers(),
                new Indexable(request.checkBlocks(), request.intoExisting().map(winner -> targets.ledger())),
                new ApplyTombstones(request.scratch(), resources.files()));
        var options = CopyOptions.of(Task.RESTORE, request.pace(), stages, request.skipErrors(), Compression.NONE);
        return from.flatMapMany(
                source -> runs.copy(new Restorable(source), targets.all(), options, request.selection()));
    }

    /**
     * Where a restore goes.
     *
     * @param ledger what is known of the types of fields there
     */
    private record Targets(Target all, FieldLedger ledger) {}

    private Targets targets(RestoreRequest request, List<InfluxHttp> http, SlabLine line) {
        var ledger = new FieldLedger();
        List<Target> targets = new ArrayList<>();
        for (ServerAddress address : request.servers()) {
            Optional<InfluxHttp> api = http.isEmpty() ? Optional.empty() : Optional.of(http.get(targets.size()));
            targets.add(target(request, address, api, api.flatMap(to -> points(request, to, line)), ledger));
        }
        return new Targets(targets.size() == 1 ? targets.get(0) : new FanOut(targets), ledger);
    }

    /** Only where the backup wins: a write replaces what is there. */
    private Optional<PointWriter> points(RestoreRequest request, InfluxHttp http, SlabLine line) {
        return request.intoExisting()
                .filter(Conflict.BACKUP::equals)
                .map(winner -> new ShardPoints(
                        http,
                        ImportRequest.ofStandardInput(http.endpoint())
                                .concurrency(Math.min(
                                        HTTP_CONNECTIONS, request.pace().concurrency()))
                                .retries(request.pace().retries())
                                .build()
                                .options(),
                        request.scratch(),
                        line,
                        resources.workers(),
                        resources.parallelism(),
                        resources.files(),
                        resources.clock()));
    }

    private LiveTarget target(
            RestoreRequest request,
            ServerAddress address,
            Optional<InfluxHttp> http,
            Optional<PointWriter> points,
            FieldLedger ledger) {
        return new LiveTarget(
                new LiveServer(
                        SnapshotTransport.to(address, request.pace().timeouts(), resources.loops()),
                        request.pace().retries()),
                new LiveOptions(
                        request.selection(),
                        request.mapping(),
                        request.verification(),
                        request.keepExpired(),
                        request.subscriptions(),
                        request.intoExisting(),
                        request.cleanup()),
                http,
                points,
                request.intoExisting()
                        .flatMap(winner -> http)
                        .map(api -> new FieldSamples(api, request.scratch(), resources.files(), resources.clock())),
                ledger,
                Clock.systemUTC(),
                resources.workers());
    }
}
