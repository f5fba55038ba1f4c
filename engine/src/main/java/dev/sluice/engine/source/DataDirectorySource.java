package dev.sluice.engine.source;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.format.DirectoryUsers;
import dev.sluice.engine.format.OpenFile;
import dev.sluice.engine.format.ShardFiles;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.tar.TarHeaders;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/**
 * The directories of a stopped server: metadata from {@code meta.db}, of each shard the data files and tombstones, in the
 * order and with the tar headers of a server's answer.
 *
 * <p>Points that stand only in the write-ahead log are not read: a shard that has some is named as missing a part.
 */
public final class DataDirectorySource implements Source {

    private static final long END_MARKER = 1024;
    private static final long BLOCK = 512;

    private final End.Data directories;
    private final Scheduler blocking;
    private final Clock clock;

    /**
     * @param blocking where all work on files is done; its threads may block
     * @param clock tells which shard groups have begun
     */
    public DataDirectorySource(End.Data directories, Scheduler blocking, Clock clock) {
        this.directories = directories;
        this.blocking = blocking;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return directories.toString();
    }

    /**
     * Signals {@link InvalidRequest} if a process has files open there, {@link NotThere} if a directory or what is
     * selected does not exist, {@link FormatDamaged} if {@code meta.db} is no metastore.
     */
    @Override
    public Mono<SourceSession> open(Selection selection) {
        return Mono.fromCallable(() -> look(selection))
                .onErrorMap(
                        IOException.class,
                        e -> new StoreFailed(
                                "cannot read %s: %s".formatted(directories.data(), e.getMessage()),
                                "Check who owns the directory; the server's files are often readable only to itself.",
                                e))
                .subscribeOn(blocking);
    }

    private SourceSession look(Selection selection) throws IOException {
        if (!Files.isDirectory(directories.data())) {
            throw new NotThere(
                    "data directory %s does not exist".formatted(directories.data()),
                    "It is 'dir' in the section [data] of the server's configuration, /var/lib/influxdb/data by default.");
        }
        refuseRunning(directories);
        Metadata metadata = metadata(directories.metaDir())
                .orElseThrow(
                        () -> new NotThere(
                                "%s does not exist"
                                        .formatted(directories.metaDir().resolve("meta.db")),
                                "It lies in 'dir' of the section [meta] of the server's configuration; write data:DIR?meta=DIR."));
        Choice choice = new Choice(Metastore.decode(metadata), selection, "on this server");
        ShardFiles files = new ShardFiles(directories.data());
        List<Catalog.Entry> entries = new ArrayList<>();
        List<FilesSession.Read> reads = new ArrayList<>();
        List<ShardRef> notThere = new ArrayList<>();
        List<ShardRef> withLog = new ArrayList<>();
        long logBytes = 0;
        for (Metastore.Located shard : choice.shards().toList()) {
            ShardRef ref = shard.ref();
            long log = logOf(ref);
            if (log > 0) {
                withLog.add(ref);
                logBytes += log;
            }
            if (!files.exists(ref)) {
                if (shard.group().deletedAt().isEmpty()
                        && !shard.group().time().start().isAfter(clock.instant())) {
                    notThere.add(ref);
                }
                continue;
            }
            if (selection.since().isPresent()
                    && log == 0
                    && files.listSince(ref, selection.since().get()).isEmpty()) {
                continue;
            }
            List<DataFile> listed = list(files, ref);
            entries.add(new Catalog.Entry(ref, Optional.of(shard.group().time()), OptionalLong.of(tarLength(listed))));
            reads.add(new FilesSession.Read(ref, parts(files, ref, listed)));
        }
        List<Notice> notices = new ArrayList<>();
        if (!withLog.isEmpty()) {
            notices.add(Notice.missing(
                    "%d bytes of write-ahead log are not read: points that stand only there are missing from %s"
                            .formatted(logBytes, Choice.told(withLog)),
                    "Back the server up while it runs: it writes its log to data files then."));
        }
        return new FilesSession(new Catalog(metadata, entries, notThere, notices), reads, List::of);
    }

    /**
     * Refuses if a server works on the directories, as far as that can be told; blocks.
     *
     * @throws InvalidRequest with the process
     */
    public static void refuseRunning(End.Data directories) {
        DirectoryUsers.find(List.of(directories.data(), directories.metaDir(), directories.walDir()))
                .ifPresent(process -> {
                    throw new InvalidRequest(
                            "%s has files open in %s".formatted(process, directories.data()),
                            "Stop the server first, or name it by its backup port: influxd://HOST:8088.");
                });
    }

    /**
     * The metastore of a stopped server, decoded once to see that it is one; empty if there is none. Blocks.
     *
     * @throws FormatDamaged if the file is no metastore
     */
    public static Optional<Metadata> metadata(Path metaDir) throws IOException {
        Path file = metaDir.resolve("meta.db");
        try {
            Metadata metadata = Metadata.of(Files.readAllBytes(file));
            Metastore.decode(metadata);
            return Optional.of(metadata);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (MalformedResponse e) {
            throw new FormatDamaged(
                    file.toString(),
                    "is not a metastore: " + e.getMessage(),
                    "A server could not start with it either. Look for a backup of it.");
        }
    }

    private long logOf(ShardRef ref) throws IOException {
        Path directory = directories
                .walDir()
                .resolve(ref.database())
                .resolve(ref.policy())
                .resolve(ref.idText());
        if (!Files.isDirectory(directory)) {
            return 0;
        }
        long bytes = 0;
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file :
                    all.filter(f -> f.getFileName().toString().endsWith(".wal")).toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    /**
     * A file as it was listed.
     *
     * @param entry its path in the tar
     */
    private record DataFile(String name, String entry, long size, Instant modified, int mode) {

        /** Its blocks in the tar. */
        byte[] header() {
            ByteBuf header = TarHeaders.encode(UnpooledByteBufAllocator.DEFAULT, entry, size, modified, mode);
            try {
                byte[] bytes = new byte[header.readableBytes()];
                header.readBytes(bytes);
                return bytes;
            } finally {
                header.release();
            }
        }
    }

    private static List<DataFile> list(ShardFiles files, ShardRef ref) throws IOException {
        List<DataFile> listed = new ArrayList<>();
        for (String name : files.list(ref)) {
            OpenFile file = files.open(ref, name);
            file.close();
            listed.add(new DataFile(name, file.entry(), file.size(), file.modified(), file.mode()));
        }
        return listed;
    }

    private static long tarLength(List<DataFile> files) {
        long length = END_MARKER;
        for (DataFile file : files) {
            length += file.header().length + (file.size() + BLOCK - 1) / BLOCK * BLOCK;
        }
        return length;
    }

    private Flux<ShardPart> parts(ShardFiles files, ShardRef ref, List<DataFile> listed) {
        List<Flux<ShardPart>> all = new ArrayList<>();
        for (DataFile file : listed) {
            all.add(Mono.fromCallable(() -> new ShardPart.FileStart(
                            file.name(), file.size(), file.modified(), Unpooled.wrappedBuffer(file.header())))
                    .cast(ShardPart.class)
                    .flux());
            all.add(content(files.directory(ref), file));
            all.add(Flux.just(new ShardPart.FileEnd()));
        }
        all.add(Flux.just(new ShardPart.ShardEnd(listed.size())));
        return Flux.concat(all);
    }

    private Flux<ShardPart> content(Path directory, DataFile file) {
        return Flux.defer(() -> {
            long[] missing = {file.size()};
            return DirectoryStore.existing(directory, blocking)
                    .flatMapMany(store -> store.get(file.name()))
                    .handle((ByteBuf chunk, SynchronousSink<ShardPart> sink) -> {
                        missing[0] -= chunk.readableBytes();
                        if (missing[0] < 0) {
                            chunk.release();
                            sink.error(changed(directory, file));
                        } else {
                            sink.next(new ShardPart.Bytes(chunk));
                        }
                    })
                    .concatWith(
                            Mono.defer(() -> missing[0] == 0 ? Mono.empty() : Mono.error(changed(directory, file))));
        });
    }

    private static StoreFailed changed(Path directory, DataFile file) {
        return new StoreFailed(
                "%s changed while it was read".formatted(directory.resolve(file.name())),
                "Is the server really stopped?",
                new IOException("its length is not %d any more".formatted(file.size())));
    }
}
