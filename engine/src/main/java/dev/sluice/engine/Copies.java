package dev.sluice.engine;

import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.source.MetadataOnly;
import dev.sluice.engine.source.OfVersion;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Restorable;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.stage.BlockCheck;
import dev.sluice.engine.stage.Indexable;
import dev.sluice.engine.stage.ShardStage;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.target.DataOptions;
import dev.sluice.engine.target.LiveOptions;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.tsm.CheckDepth;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

/** Copies whose targets are files; a copy to a live server is handed to {@link Restores}. */
final class Copies {

    private static final Notice METADATA_ONLY = Notice.warning(
            "only the metastore is saved and no points: that is what a legacy backup without -db is",
            "Give -db NAME for a database with its points, or -portable for everything.");

    private final Resources resources;
    private final Ends ends;
    private final Runs runs;
    private final Restores restores;

    Copies(Resources resources, Ends ends, Runs runs, Restores restores) {
        this.resources = resources;
        this.ends = ends;
        this.runs = runs;
        this.restores = restores;
    }

    Flux<Event> backup(BackupRequest request) {
        return backup(request, writing -> ends.target(request.to(), writing));
    }

    private Flux<Event> backup(BackupRequest request, Function<Ends.Writing, Target> target) {
        var options = CopyOptions.of(
                Task.BACKUP,
                request.pace(),
                passing(request.checkBlocks()),
                request.skipErrors(),
                request.compression());
        var live = new End.Live(request.server(), request.protocol());
        return ends.source(live, ReadOptions.STRICT, request.pace())
                .map(source -> request.http()
                        .<Source>map(access -> new OfVersion(
                                source, version(access, request.pace().timeouts())))
                        .orElse(source))
                .map(source -> savesMetadataOnly(request) ? new MetadataOnly(source, METADATA_ONLY) : source)
                .flatMapMany(source -> Flux.using(
                        () -> resources.line(request.compression()),
                        line -> runs.copy(
                                source,
                                target.apply(new Ends.Writing(line, request.digest(), request.selection())),
                                options,
                                request.selection()),
                        SlabLine::close));
    }

    private Mono<Optional<ServerVersion>> version(HttpAccess access, Timeouts timeouts) {
        return Mono.using(
                () -> resources.http(access, timeouts, 1),
                http -> http.ping().map(ServerVersion::parse),
                InfluxHttp::close);
    }

    private static boolean savesMetadataOnly(BackupRequest request) {
        return request.to() instanceof End.Legacy
                && request.selection().database().isEmpty()
                && request.selection().shard().isEmpty();
    }

    Flux<ByteBuf> stream(BackupRequest request, Consumer<? super Event> told) {
        if (!(request.to() instanceof End.Stream)) {
            return Flux.error(new InvalidRequest(
                    "a backup to %s is no stream".formatted(request.to()),
                    "BackupRequest.stream starts a request for one; SluiceEngine.backup writes to directories."));
        }
        return Flux.deferContextual(context -> {
            var bytes = Sinks.<Flux<ByteBuf>>one();
            var taken = Sinks.<Void>empty();
            var result = Sinks.<Void>empty();
            Function<Flux<ByteBuf>, Mono<?>> sink = out -> {
                bytes.tryEmitValue(out.doOnComplete(taken::tryEmitEmpty).doOnError(taken::tryEmitError));
                return taken.asMono();
            };
            var run = Disposables.swap();
            return bytes.asMono()
                    .flatMapMany(out -> out)
                    .onErrorResume(broken -> result.asMono().then(Mono.error(broken)))
                    .concatWith(result.asMono().then(Mono.empty()))
                    .doOnSubscribe(subscribed ->
                            run.update(backup(request, writing -> ends.stream("the stream", writing, sink))
                                    .subscribe(
                                            told,
                                            error -> {
                                                result.tryEmitError(error);
                                                bytes.tryEmitError(error);
                                            },
                                            result::tryEmitEmpty,
                                            Context.of(context))))
                    .doOnCancel(run::dispose);
        });
    }

    Flux<Event> copy(CopyRequest request) {
        return ends.settled(request.to()).flatMapMany(to -> {
            if (to instanceof End.Http) {
                return Flux.error(new InvalidRequest(
                        "%s takes points, not shards".formatted(to), "SluiceEngine.copyLines writes points."));
            }
            if (to instanceof End.Live live) {
                return restores.restore(asRestore(request, live));
            }
            return to instanceof End.Data data ? toDirectories(request, data) : toFiles(request, to);
        });
    }

    private static RestoreRequest asRestore(CopyRequest request, End.Live to) {
        return RestoreRequest.of(request.from(), to.address())
                .selection(request.selection())
                .mapping(request.mapping())
                .chain(request.chain())
                .skipErrors(request.skipErrors())
                .allowIncomplete(request.allowIncomplete())
                .checkBlocks(request.checkBlocks())
                .pace(request.pace())
                .keepExpired(request.keepExpired())
                .subscriptions(request.subscriptions())
                .scratch(request.scratch())
                .build();
    }

    private Flux<Event> toDirectories(CopyRequest request, End.Data to) {
        var names = new LiveOptions(
                request.selection(),
                request.mapping(),
                Verification.OFF,
                request.keepExpired(),
                request.subscriptions(),
                Optional.empty(),
                false);
        var target = ends.target(to, new DataOptions(names, request.force(), request.replaceMetastore()));
        List<ShardStage> stages = List.of(resources.onWorkers(), new Indexable(request.checkBlocks()));
        var options = CopyOptions.of(request.task(), request.pace(), stages, request.skipErrors(), Compression.NONE);
        return ends.source(request.from(), request.readOptions().indexFirst(true), request.pace())
                .flatMapMany(source -> runs.copy(new Restorable(source), target, options, request.selection()));
    }

    private Flux<Event> toFiles(CopyRequest request, End to) {
        if (!request.mapping().equals(Mapping.NONE)) {
            return Flux.error(new InvalidRequest(
                    "a backup keeps the names of what is in it",
                    "Give new names when it is restored: -newdb and -newrp are for servers."));
        }
        var options = CopyOptions.of(
                request.task(),
                request.pace(),
                passing(request.checkBlocks()),
                request.skipErrors(),
                Ends.compressionFor(to, request.compression()));
        return ends.source(request.from(), request.readOptions().indexFirst(request.checkBlocks()), request.pace())
                .flatMapMany(source -> Flux.using(
                        () -> resources.line(options.compression()),
                        line -> runs.copy(
                                source,
                                ends.target(to, new Ends.Writing(line, request.digest(), request.selection())),
                                options,
                                request.selection()),
                        SlabLine::close));
    }

    /** What every shard passes on its way to a file. */
    private List<ShardStage> passing(boolean checkBlocks) {
        return checkBlocks ? List.of(resources.onWorkers(), new BlockCheck(CheckDepth.PASSING)) : List.of();
    }
}
