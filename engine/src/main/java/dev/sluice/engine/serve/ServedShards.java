package dev.sluice.engine.serve;

import dev.sluice.engine.format.OpenFile;
import dev.sluice.engine.format.ShardFiles;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.WriteAheadLog;
import dev.sluice.engine.store.ScratchDirectory;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * What of a stopped server's shards is sent: data files and tombstones as they lie there, and data files that are made of
 * the write-ahead log while the shard is sent.
 */
final class ServedShards {

    private static final Logger log = LoggerFactory.getLogger(ServedShards.class);

    private final ShardFiles files;
    private final Path walDir;
    private final Path scratch;
    private final Scheduler disk;

    /**
     * @param scratch where files are made of a log
     * @param disk for all work on files; its threads may block
     */
    ServedShards(End.Data directories, Path scratch, Scheduler disk) {
        this.files = new ShardFiles(directories.data());
        this.walDir = directories.walDir();
        this.scratch = scratch;
        this.disk = disk;
    }

    /** Those of which there is a directory or a log, in the order in which they were named. */
    Mono<List<ShardRef>> there(List<ShardRef> known) {
        return onDisk(() -> {
            List<ShardRef> there = new ArrayList<>();
            for (ShardRef shard : known) {
                if (files.exists(shard) || !WriteAheadLog.find(walDir, shard).isEmpty()) {
                    there.add(shard);
                }
            }
            return there;
        });
    }

    /** Whether there is a directory for it. */
    Mono<Boolean> hasDirectory(ShardRef shard) {
        return onDisk(() -> files.exists(shard));
    }

    /** Which files of a shard are asked for; may block. */
    @FunctionalInterface
    interface Listing {
        List<String> names(ShardFiles files, ShardRef shard) throws IOException;
    }

    /**
     * What there is of a shard.
     *
     * @param names of the files that are asked for
     */
    record Found(ShardRef shard, List<String> names, WriteAheadLog log) {}

    /** Signals {@link NoSuchFileException} if there is neither a directory nor a log. */
    Mono<Found> find(ShardRef shard, Listing listing) {
        return onDisk(() -> {
            WriteAheadLog wal = WriteAheadLog.find(walDir, shard);
            boolean logAlone = !wal.isEmpty() && !files.exists(shard);
            return new Found(shard, logAlone ? List.of() : listing.names(files, shard), wal);
        });
    }

    /** The entries of a shard's archive and its end, each sent when it is subscribed to. */
    Flux<Mono<Void>> entries(Found found, Conversation to) {
        Flux<Mono<Void>> listed =
                Flux.fromIterable(found.names()).map(name -> send(() -> files.open(found.shard(), name), to));
        Flux<Mono<Void>> logged = found.log().isEmpty() ? Flux.empty() : Flux.just(sendLog(found.log(), to));
        return listed.concatWith(logged).concatWithValues(Mono.defer(to::sendEnd));
    }

    private Mono<Void> sendLog(WriteAheadLog wal, Conversation to) {
        return ScratchDirectory.<Void>using(
                        scratch,
                        WriteAheadLog.ROOM,
                        disk,
                        room -> room.call(directory -> replay(wal, directory, to))
                                .flatMapIterable(made -> made)
                                .concatMap(file -> send(file, to), 0))
                .then();
    }

    private List<Callable<OpenFile>> replay(WriteAheadLog wal, Path directory, Conversation to) throws IOException {
        List<String> taken = files.exists(wal.shard()) ? files.list(wal.shard()) : List.of();
        WriteAheadLog.Replayed replayed = wal.replay(directory, taken);
        replayed.found().forEach(notice -> log.warn("{}: {}. {}", to, notice.message(), notice.hint()));
        return replayed.names().stream()
                .<Callable<OpenFile>>map(name -> () -> wal.open(directory, name))
                .toList();
    }

    private Mono<Void> send(Callable<OpenFile> file, Conversation to) {
        return Mono.<OpenFile>create(sink -> disk.schedule(() -> {
                    try {
                        sink.success(file.call());
                    } catch (Exception e) {
                        sink.error(e);
                    }
                }))
                .doOnDiscard(OpenFile.class, OpenFile::close) // the client left while it was opened
                .flatMap(to::send);
    }

    private <T> Mono<T> onDisk(Callable<T> work) {
        return Mono.fromCallable(work).subscribeOn(disk);
    }
}
