package dev.sluice.engine.source;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.format.DirectoryUsers;
import dev.sluice.engine.format.OpenFile;
import dev.sluice.engine.format.ShardFiles;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.store.ScratchDirectory;
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
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/**
 * The directories of a stopped server: metadata from {@code meta.db}, of each shard the data files and tombstones, in the
 * order and with the tar headers of a server's answer.
 *
 * <p>Points that stand only in the write-ahead log come as one more data file (or several, if it is large), with a
 * generation above all others of the shard: what the server would make of its log, deletes applied. That file is
 * made in a scratch directory, which has room for the logs of the shards under way.
 */
public final class DataDirectorySource implements Source {

    private static final long END_MARKER = 1024;
    private static final long BLOCK = 512;

    private final End.Data directories;
    private final ReadOptions options;
    private final Scheduler blocking;
    private final Clock clock;

    /**
     * @param options of which {@code indexFirst} counts, and {@code scratch}: where files are made of logs; it is made
     *     itself if it is not there
     * @param blocking where all work on files is done; its threads may block
     * @param clock tells which shard groups have begun
     */
    public DataDirectorySource(End.Data directories, ReadOptions options, Scheduler blocking, Clock clock) {
        this.directories = directories;
        this.options = options;
        this.blocking = blocking;
        this.clock = clock;
    }

    @Override
    public String describe() {
        return directories.toString();
    }

    /**
     * Signals {@link DirectoriesInUse} if a process has files open there, {@link NotThere} if a directory or what is
     * selected does not exist, {@link FormatDamaged} if {@code meta.db} is no metastore.
     */
    @Override
    public Mono<SourceSession> open(Selection selection) {
        return Mono.fromCallable(() -> look(selection))
                .onErrorMap(
                        IOException.class,
                        e -> new StoreFailed(
                                "cannot read %s: %s".formatted(directories.data(), FileTrouble.inWords(e)),
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
        List<WriteAheadLog> logs = new ArrayList<>();
        Map<ShardRef, List<Notice>> found = new ConcurrentHashMap<>(); // by shard: another attempt tells it again
        for (Metastore.Located shard : choice.shards().toList()) {
            ShardRef ref = shard.ref();
            WriteAheadLog log = WriteAheadLog.find(directories.walDir(), ref);
            if (!files.exists(ref) && log.isEmpty()) {
                if (shard.group().deletedAt().isEmpty()
                        && !shard.group().time().start().isAfter(clock.instant())) {
                    notThere.add(ref);
                }
                continue;
            }
            List<DataFile> listed = files.exists(ref) ? list(files, ref) : List.of();
            if (selection.since().isPresent()
                    && log.isEmpty()
                    && !listed.isEmpty() // all that was in it may have been deleted, and an older backup has it
                    && files.listSince(ref, selection.since().get()).isEmpty()) {
                continue;
            }
            OptionalLong length = OptionalLong.empty();
            if (log.isEmpty()) {
                length = OptionalLong.of(tarLength(listed));
            } else {
                logs.add(log);
            }
            entries.add(new Catalog.Entry(ref, Optional.of(shard.group().time()), length));
            reads.add(new FilesSession.Read(
                    ref,
                    parts(files.directory(ref), listed, log, notices -> found.put(ref, notices)),
                    log.isEmpty() ? Optional.of(files.directory(ref)) : Optional.empty()));
        }
        return new FilesSession(
                new Catalog(metadata, entries, notThere, told(logs)),
                reads,
                shard -> Absence.noDirectory(),
                () -> entries.stream()
                        .flatMap(entry -> found.getOrDefault(entry.ref(), List.of()).stream())
                        .toList());
    }

    private static List<Notice> told(List<WriteAheadLog> logs) {
        return logs.isEmpty()
                ? List.of()
                : List.of(Notice.note(
                        "%,d bytes of write-ahead log are made into data files, of %s"
                                .formatted(
                                        logs.stream()
                                                .mapToLong(WriteAheadLog::bytes)
                                                .sum(),
                                        Choice.told(logs.stream()
                                                .map(WriteAheadLog::shard)
                                                .toList())),
                        ""));
    }

    /**
     * Refuses if a server works on the directories, as far as that can be told; blocks.
     *
     * @throws DirectoriesInUse with the process
     */
    public static void refuseRunning(End.Data directories) {
        DirectoryUsers.find(List.of(directories.data(), directories.metaDir(), directories.walDir()))
                .ifPresent(process -> {
                    throw new DirectoriesInUse(
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
                    "is not a metastore: %s, at byte %d".formatted(e.problem(), e.offset()),
                    "A server could not start with it either. Look for a backup of it.");
        }
    }

    /**
     * A file as it was listed.
     *
     * @param entry its path in the tar
     */
    private record DataFile(String name, String entry, long size, Instant modified, int mode) {

        static DataFile of(String name, OpenFile file) {
            file.close();
            return new DataFile(name, file.entry(), file.size(), file.modified(), file.mode());
        }

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
            listed.add(DataFile.of(name, files.open(ref, name)));
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

    /** @param tell takes what is found amiss with the log */
    private Flux<ShardPart> parts(
            Path directory, List<DataFile> listed, WriteAheadLog log, Consumer<List<Notice>> tell) {
        return Flux.defer(() -> {
            AtomicInteger count = new AtomicInteger(listed.size());
            return files(directory, listed)
                    .concatWith(log.isEmpty() ? Flux.empty() : logFiles(log, listed, count, tell))
                    .concatWith(Mono.fromSupplier(() -> new ShardPart.ShardEnd(count.get())));
        });
    }

    private Flux<ShardPart> logFiles(
            WriteAheadLog log, List<DataFile> listed, AtomicInteger count, Consumer<List<Notice>> tell) {
        List<String> taken = listed.stream().map(DataFile::name).toList();
        return ScratchDirectory.using(
                options.scratch(),
                WriteAheadLog.ROOM,
                blocking,
                room -> room.call(directory -> replay(log, directory, taken, tell))
                        .flatMapMany(made -> {
                            count.addAndGet(made.files().size());
                            return files(made.directory(), made.files());
                        }));
    }

    /** What was made of a log, and where. */
    private record Made(Path directory, List<DataFile> files) {}

    private static Made replay(WriteAheadLog log, Path directory, List<String> taken, Consumer<List<Notice>> tell)
            throws IOException {
        WriteAheadLog.Replayed replayed = log.replay(directory, taken);
        tell.accept(replayed.found());
        List<DataFile> files = new ArrayList<>();
        for (String name : replayed.names()) {
            files.add(DataFile.of(name, log.open(directory, name)));
        }
        return new Made(directory, files);
    }

    private Flux<ShardPart> files(Path directory, List<DataFile> listed) {
        List<Flux<ShardPart>> all = new ArrayList<>();
        for (DataFile file : listed) {
            PlainFile plain = PlainFile.of(directory.resolve(file.name()), blocking);
            all.add(Flux.defer(() -> start(plain, file)));
            all.add(content(plain, file));
            all.add(Flux.just(new ShardPart.FileEnd()));
        }
        return Flux.concat(all);
    }

    private Flux<ShardPart> start(PlainFile plain, DataFile file) {
        var start = new ShardPart.FileStart(
                file.name(), file.size(), file.modified(), Unpooled.wrappedBuffer(file.header()));
        return options.indexFirst() ? IndexFirst.alone(plain, start) : Flux.just(start);
    }

    private static Flux<ShardPart> content(PlainFile plain, DataFile file) {
        return Flux.defer(() -> {
            long[] missing = {file.size()};
            return plain.read()
                    .handle((ByteBuf chunk, SynchronousSink<ShardPart> sink) -> {
                        missing[0] -= chunk.readableBytes();
                        if (missing[0] < 0) {
                            chunk.release();
                            sink.error(changed(plain, file));
                        } else {
                            sink.next(new ShardPart.Bytes(chunk));
                        }
                    })
                    .concatWith(Mono.defer(() -> missing[0] == 0 ? Mono.empty() : Mono.error(changed(plain, file))));
        });
    }

    private static StoreFailed changed(PlainFile plain, DataFile file) {
        return new StoreFailed(
                "%s changed while it was read".formatted(plain.name()),
                "Is the server really stopped?",
                new IOException("its length is not %d any more".formatted(file.size())));
    }
}
