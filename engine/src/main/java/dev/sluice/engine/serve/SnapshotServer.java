package dev.sluice.engine.serve;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.flow.Handover;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Located;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.DataDirectorySource;
import dev.sluice.engine.target.DirectoryClaim;
import dev.sluice.engine.target.OpenDirectories;
import dev.sluice.engine.wire.IdMap;
import dev.sluice.engine.wire.MetastoreAnswer;
import dev.sluice.engine.wire.PathList;
import dev.sluice.engine.wire.SnapshotRequest;
import dev.sluice.engine.wire.SnapshotRequest.DatabaseInfo;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreBackup;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import dev.sluice.engine.wire.SnapshotRequest.PolicyInfo;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import dev.sluice.engine.wire.SnapshotRequest.ShardExport;
import dev.sluice.engine.wire.SnapshotRequest.ShardUpload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.FutureMono;
import reactor.netty.tcp.TcpResources;
import reactor.netty.tcp.TcpServer;

/**
 * Answers the snapshot RPC over the directories of a stopped server, for Sluice and the original {@code influxd backup}
 * and {@code influxd restore} alike. All requests that read are answered (types 0, 1, 3, 4, 5), and those that write (6, 7)
 * if that is asked for; all others, and what cannot be answered, get what influxd gives: a close without one byte, and
 * a line in the log.
 *
 * <p>What differs from a running influxd:
 *
 * <ul>
 *   <li>An answer that was begun and cannot be ended goes down with a reset. influxd ends it as if it were complete.
 *   <li>A time range (type 5) leaves out files that lie outside of it, with their tombstones, and sends all others whole:
 *       a superset of what influxd sends, which cuts files down to the blocks in the range.
 *   <li>Points that stand only in the write-ahead log, where a stopped server leaves what its cache held, are sent as one
 *       more data file (see {@link dev.sluice.engine.source.WriteAheadLog}), whatever time is asked for: influxd writes
 *       its cache to a file before it answers. What is damaged in the log stands in our own log.
 *   <li>An upload that was not installed, whole and with its end marker, ends with a reset. influxd closes as if it had
 *       been, and installs what ends at a border of two files.
 *   <li>Databases and policies get no name that climbs out of the data directory; {@link OpenDirectories} says what else
 *       differs.
 *   <li>A shard is listed if the metadata has it and its directory or a log exists, even if a server could not open it.
 * </ul>
 *
 * <p>The metadata is read once, when the server starts. Files are sent by the kernel, as fast as the client reads; an
 * upload is read as fast as the disk takes it.
 */
public final class SnapshotServer {

    private static final Logger log = LoggerFactory.getLogger(SnapshotServer.class);

    private static final Limits LIMITS = new Limits(Duration.ofSeconds(30), 256);

    /** How long a stop waits for files under way to be closed or removed. */
    private static final Duration GRACE = Duration.ofSeconds(3);

    private static final int DISK_THREADS = 4;
    private static final int DISK_QUEUE = 100_000;
    private static final int IDLE_SECONDS = 60;

    private final OpenDirectories directories;
    private final boolean writable;
    private final ServedShards shards;
    private final Scheduler disk;
    private final Limits limits;
    private final Set<Mono<Void>> conversations = ConcurrentHashMap.newKeySet();

    private SnapshotServer(
            OpenDirectories directories, boolean writable, ServedShards shards, Scheduler disk, Limits limits) {
        this.directories = directories;
        this.writable = writable;
        this.shards = shards;
        this.disk = disk;
        this.limits = limits;
    }

    /**
     * What keeps a server within bounds.
     *
     * @param request how long a client may take for it; influxd gives the first byte as long, and the rest for ever
     * @param connections about as many at a time, see {@link Door}
     */
    record Limits(Duration request, int connections) {}

    /**
     * Starts a server that only reads. Cold: each subscription starts one of its own.
     *
     * <p>Errors: {@link NotThere} if a directory or {@code meta.db} is missing, {@link InvalidRequest} if
     * {@code meta.db} is not a metastore or the address cannot be listened on, {@link DirectoriesInUse} if a process has
     * files open there: what a running server has in its log and its memory would be missing from every answer.
     *
     * @param bind port 0 picks a free one
     * @param directories of the stopped server
     * @param scratch where data files are made of a write-ahead log while its shard is sent
     */
    public static Mono<RunningServer> bind(ServerAddress bind, End.Data directories, Path scratch) {
        return bind(TcpServer.create(), bind, directories, scratch, false, LIMITS);
    }

    /**
     * Starts a server that takes restores into the directories as well. They are made if they are not there, and may be
     * empty.
     *
     * <p>Errors: those of {@link #bind}, and {@link DirectoriesInUse} if a restore works on them, or another such server.
     */
    public static Mono<RunningServer> bindWritable(ServerAddress bind, End.Data directories, Path scratch) {
        // Not by epoll: what comes before a client's FIN can be lost there while it is not asked for (observed, Netty
        // 4.2).
        TcpServer portable = TcpServer.create().runOn(TcpResources.get(), false);
        return bind(portable, bind, directories, scratch, true, LIMITS);
    }

    static Mono<RunningServer> bind(
            TcpServer tcp, ServerAddress bind, End.Data directories, Path scratch, boolean writable, Limits limits) {
        return Mono.defer(() -> {
            var connections = new DefaultChannelGroup("sluice-serve", GlobalEventExecutor.INSTANCE, true);
            Scheduler disk = Uninterrupted.on(
                    Schedulers.newBoundedElastic(DISK_THREADS, DISK_QUEUE, threads(connections), IDLE_SECONDS));
            return Handover.of(() -> Opened.of(directories, writable), Opened::release, disk)
                    .flatMap(opened -> new SnapshotServer(
                                    new OpenDirectories(directories, opened.metastore(), disk, Clock.systemUTC()),
                                    writable,
                                    new ServedShards(directories, scratch, disk),
                                    disk,
                                    limits)
                            .listen(tcp, bind, connections, opened)
                            .onErrorResume(e -> opened.released().then(Mono.error(e)))
                            .doOnCancel(() -> Schedulers.boundedElastic().schedule(opened::release)))
                    .doOnError(e -> dispose(disk))
                    .doOnCancel(() -> dispose(disk));
        });
    }

    /**
     * What a server answers from.
     *
     * @param claim keeps restores by another way out of what is written to here
     */
    private record Opened(Metastore metastore, Optional<DirectoryClaim> claim) {

        static Opened of(End.Data directories, boolean writable) throws IOException {
            DataDirectorySource.refuseRunning(directories);
            if (!writable) {
                return new Opened(load(directories), Optional.empty());
            }
            make(directories);
            return claim(directories.metaDir()).heldBy(claim -> {
                claim.problem().ifPresent(notice -> log.warn("{} {}", notice.message(), notice.hint()));
                return new Opened(loadOrBegin(directories), Optional.of(claim));
            });
        }

        private static DirectoryClaim claim(Path meta) {
            try {
                return DirectoryClaim.take(meta);
            } catch (IOException e) {
                throw new StoreFailed(
                        "cannot write to %s: %s".formatted(meta, FileTrouble.inWords(e)),
                        "Name directories that you may write to.",
                        e);
            }
        }

        /** Blocks; again without effect. */
        void release() {
            claim.ifPresent(DirectoryClaim::release);
        }

        /** The same, elsewhere; completes when others may come in. */
        Mono<Void> released() {
            return Mono.<Void>fromRunnable(this::release).subscribeOn(Schedulers.boundedElastic());
        }
    }

    /**
     * Reactor hands errors of the JVM, no memory for one, to no subscriber but throws them up to the thread: a client would
     * wait for an answer for ever. Which one it was nobody knows then, so all are cut.
     */
    private static ThreadFactory threads(ChannelGroup connections) {
        var made = new AtomicInteger();
        return work -> {
            var thread = new Thread(work, "sluice-serve-" + made.incrementAndGet());
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((failed, error) -> {
                log.error(
                        "every answer under way is cut: {}{}",
                        error.toString(),
                        error instanceof OutOfMemoryError ? "; JAVA_OPTS=-Xmx512m gives more memory" : "");
                connections.forEach(Channel::close);
            });
            return thread;
        };
    }

    private static void make(End.Data directories) {
        try {
            Files.createDirectories(directories.data());
            Files.createDirectories(directories.metaDir());
        } catch (IOException e) {
            throw new StoreFailed(
                    "cannot make %s and %s: %s"
                            .formatted(directories.data(), directories.metaDir(), FileTrouble.inWords(e)),
                    "Name directories that you may write to.",
                    e);
        }
    }

    private static Metastore loadOrBegin(End.Data directories) {
        return Files.exists(directories.metaDir().resolve("meta.db"))
                ? load(directories)
                : Metastore.of(new SecureRandom().nextLong() >>> 1, List.of());
    }

    private static Metastore load(End.Data directories) {
        Path dataDir = directories.data();
        if (!Files.isDirectory(dataDir)) {
            throw new NotThere(
                    "data directory %s does not exist".formatted(dataDir),
                    "It is 'dir' in the section [data] of the server's configuration, /var/lib/influxdb/data by default.");
        }
        Path metaDb = directories.metaDir().resolve("meta.db");
        String hint = "It lies in 'dir' of the section [meta] of the server's configuration, "
                + "/var/lib/influxdb/meta by default.";
        try {
            return Metastore.decode(Metadata.of(Files.readAllBytes(metaDb)));
        } catch (NoSuchFileException e) {
            throw new NotThere("%s does not exist".formatted(metaDb), hint);
        } catch (MalformedResponse e) {
            throw new InvalidRequest(
                    "%s is not a metastore: %s, at byte %d".formatted(metaDb, e.problem(), e.offset()),
                    "A server could not start with it either. " + hint);
        } catch (IOException e) {
            throw new StoreFailed("cannot read %s: %s".formatted(metaDb, FileTrouble.reason(e)), hint, e);
        }
    }

    /** Not on an event loop: it takes a lock. */
    private static void dispose(Scheduler disk) {
        Schedulers.boundedElastic().schedule(disk::dispose);
    }

    private Mono<RunningServer> listen(TcpServer tcp, ServerAddress bind, ChannelGroup connections, Opened opened) {
        var door = new Door(limits.connections());
        return tcp.host(bind.host())
                .port(bind.port())
                .channelGroup(connections)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true) // a client may end its side after the request
                // Not cancelled when the connection goes: the writes under way fail then, and say why.
                .doOnConnection(connection -> {
                    door.entered(connection.channel());
                    hold(new Conversation(connection)).subscribe(null, null, connection::dispose);
                })
                .bind()
                .<RunningServer>map(server -> new Running(
                        new ServerAddress(bind.host(), server.port()),
                        server,
                        connections,
                        Mono.defer(() -> Mono.when(List.copyOf(conversations))),
                        opened,
                        disk))
                .onErrorMap(
                        e -> !(e instanceof SluiceException),
                        e -> new InvalidRequest(
                                "cannot listen on %s: %s".formatted(bind, e.getMessage()),
                                "Another program may have that port, influxd itself for example; port 0 picks a free one."));
    }

    /** A conversation that can be waited for: what an upload has half written is removed before it ends. */
    private Mono<Void> hold(Conversation conversation) {
        Sinks.Empty<Void> ended = Sinks.empty();
        Mono<Void> end = ended.asMono();
        conversations.add(end);
        return converse(conversation).doFinally(signal -> {
            conversation.end();
            conversations.remove(end);
            ended.tryEmitEmpty();
        });
    }

    private Mono<Void> converse(Conversation conversation) {
        return conversation
                .request()
                .timeout(limits.request(), Mono.fromRunnable(() -> log.warn("{}: no request", conversation)))
                .flatMap(request -> answer(conversation, request))
                .onErrorResume(e -> {
                    log.warn("{}: answer was cut: {}", conversation, e.toString());
                    return Mono.empty();
                });
    }

    private Mono<Void> answer(Conversation to, SnapshotRequest request) {
        log.debug("{}: {}", to, request.describe());
        Metastore metastore = directories.metastore();
        if (request instanceof MetastoreBackup) {
            return bytes(to, Mono.just(new MetastoreAnswer(metastore.toMetadata())::encode));
        }
        if (request instanceof DatabaseInfo info) {
            return bytes(
                    to,
                    info.database().isPresent()
                                    && metastore.find(info.database().get()).isEmpty()
                            ? refused(to, request, "no such database")
                            : list(
                                    metastore,
                                    shard -> info.database()
                                            .map(shard.database().name()::equals)
                                            .orElse(true)));
        }
        if (request instanceof PolicyInfo info) {
            return bytes(
                    to,
                    metastore
                                    .find(info.database())
                                    .flatMap(d -> d.find(info.policy()))
                                    .isEmpty()
                            ? refused(to, request, "no such database or retention policy")
                            : list(
                                    metastore,
                                    shard -> shard.database().name().equals(info.database())
                                            && shard.policy().name().equals(info.policy())));
        }
        if (request instanceof ShardBackup backup) {
            return shard(
                    to,
                    request,
                    backup.shardId(),
                    (files, shard) -> backup.since().equals(ShardBackup.ALL)
                            ? files.list(shard)
                            : files.listSince(shard, backup.since()));
        }
        if (request instanceof ShardExport export) {
            return shard(
                    to,
                    request,
                    export.shardId(),
                    (files, shard) -> files.listWithin(shard, export.start(), export.end()));
        }
        if (!writable) {
            return refused(to, request, "this server only reads").then();
        }
        if (request instanceof MetastoreUpdate update) {
            return bytes(
                    to,
                    directories
                            .make(update)
                            .onErrorResume(RestoreRefused.class, e -> nothingMade(to, e))
                            .map(ids -> ids::encode));
        }
        return request instanceof ShardUpload upload ? install(to, upload) : Mono.empty();
    }

    private static Mono<IdMap> nothingMade(Conversation to, RestoreRefused refused) {
        log.warn("{}: {}", to, refused.getMessage());
        return Mono.just(new IdMap(Map.of()));
    }

    /** The answer is the close: a FIN when all is in its place, a reset if nothing is. */
    private Mono<Void> install(Conversation from, ShardUpload upload) {
        Optional<ShardRef> shard =
                directories.metastore().locate(upload.shardId()).map(Located::ref);
        return from.answer(Flux.just(Mono.justOrEmpty(shard)
                .filterWhen(shards::hasDirectory)
                .switchIfEmpty(Mono.error(
                        () -> new NotThere("no such shard: %s".formatted(Long.toUnsignedString(upload.shardId())), "")))
                .flatMap(known -> installInto(known, from))));
    }

    private Mono<Void> installInto(ShardRef shard, Conversation from) {
        return directories
                .install(shard, Uploaded.of(shard, from.body()))
                .doOnNext(names -> log.info("{}: took {} files into shard {}", from, names.size(), shard))
                .then();
    }

    private Mono<Void> bytes(Conversation to, Mono<Encoder> answer) {
        return answer.flatMap(encoder ->
                to.answer(Flux.just(Mono.defer(() -> to.send(encoder.encode(ByteBufAllocator.DEFAULT))))));
    }

    private Mono<Encoder> list(Metastore metastore, Predicate<Located> wanted) {
        return shards.there(metastore.shards().filter(wanted).map(Located::ref).toList())
                .map(there -> new PathList(there)::encode);
    }

    private Mono<Void> shard(Conversation to, SnapshotRequest request, long id, ServedShards.Listing listing) {
        Optional<ShardRef> shard = directories.metastore().locate(id).map(Located::ref);
        if (shard.isEmpty()) {
            return refused(to, request, "no such shard").then();
        }
        return shards.find(shard.get(), listing)
                .onErrorResume(NoSuchFileException.class, e -> refused(to, request, "no directory " + e.getMessage()))
                .flatMap(found -> to.answer(shards.entries(found, to)));
    }

    private static <T> Mono<T> refused(Conversation to, SnapshotRequest request, String why) {
        return Mono.fromRunnable(() -> log.warn("{}: no answer to {}: {}", to, request.describe(), why));
    }

    @FunctionalInterface
    private interface Encoder {
        ByteBuf encode(ByteBufAllocator alloc);
    }

    /** @param ended completes when no conversation is under way any more */
    private record Running(
            ServerAddress address,
            DisposableServer server,
            ChannelGroup connections,
            Mono<Void> ended,
            Opened opened,
            Scheduler disk)
            implements RunningServer {

        @Override
        public Mono<Void> stop() {
            return Mono.defer(() -> {
                server.dispose();
                Mono<Void> all = server.onDispose()
                        .then(FutureMono.from(connections.close()))
                        .onErrorComplete() // a connection that was gone already
                        .then(ended)
                        .then(opened.released())
                        .doFinally(signal -> dispose(disk));
                // Goes on after the grace: as long as something is written, on a disk that hangs, others stay out.
                return Mono.fromFuture(all.toFuture(), true).timeout(GRACE, Mono.empty());
            });
        }

        @Override
        public Mono<Void> onStop() {
            return server.onDispose();
        }
    }
}
