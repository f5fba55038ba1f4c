package dev.sluice.engine.stage;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.flow.Detour;
import dev.sluice.engine.flow.Uninterrupted;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarHeaders;
import dev.sluice.engine.tsm.Scratch;
import dev.sluice.engine.tsm.Tombstone;
import dev.sluice.engine.tsm.TsmRewriter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Takes out of TSM files what their tombstones delete, and the tombstones with it: for a server that takes files without
 * them, so that deleted points would come back (observed on 1.6.7, 1.8.10 and 1.12.4).
 *
 * <p>In an archive {@code X.tombstone} comes before {@code X.tsm}. Such a pair is written to a scratch directory and
 * rewritten there; all other files pass as they are, without a copy. At most one pair and its result lie there for each
 * shard under way, and they are gone when the shard has passed, failed, or was cancelled.
 */
public final class ApplyTombstones implements ShardStage {

    private static final Logger log = LoggerFactory.getLogger(ApplyTombstones.class);
    private static final String TSM = ".tsm";
    private static final String TOMBSTONE = ".tombstone";
    private static final int CHUNK = 256 * 1024;
    private static final int MODE = 0644;

    /** Parts that are made here may be dropped by a cancel between two threads: the collector frees them then. */
    private static final ByteBufAllocator HEAP = new UnpooledByteBufAllocator(false, true);

    private final Path directory;
    private final Scheduler blocking;

    /**
     * @param directory for scratch files; exists
     * @param blocking where files are read and written
     */
    public ApplyTombstones(Path directory, Scheduler blocking) {
        this.directory = directory;
        this.blocking = blocking;
    }

    @Override
    public Flux<ShardPart> apply(ShardRef shard, Flux<ShardPart> parts, Consumer<Notice> tell) {
        return Flux.defer(() -> {
            // One thread for all that is done with the scratch: closing it comes after what is under way.
            Scheduler one = Schedulers.single(blocking);
            var state = new State(shard, tell, one);
            return parts.transform(Detour.of(state::detour, ShardPart::release))
                    .doFinally(signal -> afterAll(one, state));
        });
    }

    private static void afterAll(Scheduler one, State state) {
        Uninterrupted.surely(one, () -> {
            state.close();
            one.dispose();
        });
    }

    private final class State {
        private final ShardRef shard;
        private final Consumer<Notice> tell;
        private final Scheduler one;
        private final Map<String, Path> tombstones = new HashMap<>();
        private final Set<String> passed = new HashSet<>();
        private final List<Path> scratch = new ArrayList<>();

        private ShardPart.@Nullable FileStart file;
        private @Nullable FileChannel writing;
        private @Nullable Path spool;
        private int files;
        private long removed;
        private int touched;

        private State(ShardRef shard, Consumer<Notice> tell, Scheduler one) {
            this.shard = shard;
            this.tell = tell;
            this.one = one;
        }

        /** What comes in the place of a part; null for one that passes. */
        @Nullable
        Flux<ShardPart> detour(ShardPart part) {
            if (part instanceof ShardPart.FileStart start) {
                return start(start);
            }
            if (part instanceof ShardPart.Bytes bytes) {
                return writing == null ? null : spool(bytes.data());
            }
            if (part instanceof ShardPart.FileEnd) {
                return writing == null ? null : fileEnd();
            }
            return Flux.just(end());
        }

        private @Nullable Flux<ShardPart> start(ShardPart.FileStart start) {
            boolean deletions = start.name().endsWith(TOMBSTONE);
            if (!deletions && !(start.name().endsWith(TSM) && tombstones.containsKey(base(start.name())))) {
                files++;
                passed.add(start.name());
                return null;
            }
            start.release();
            if (deletions && passed.contains(base(start.name()) + TSM)) {
                return Flux.error(new ArchiveDamaged(
                        shard.toString(),
                        "has %s behind its file, where nothing can be deleted any more; it has to come before"
                                .formatted(start.name()),
                        0));
            }
            file = start;
            return onScratch(() -> {
                Path path = Files.createTempFile(directory, "sluice-", ".scratch");
                scratch.add(path);
                spool = path;
                writing = FileChannel.open(path, StandardOpenOption.WRITE);
                return List.of();
            });
        }

        /** On the heap, as this is no buffer's way but a detour of few files: nothing to free, whoever cancels when. */
        private Flux<ShardPart> spool(ByteBuf data) {
            byte[] copy = new byte[data.readableBytes()];
            data.readBytes(copy).release();
            return onScratch(() -> {
                ByteBuffer rest = ByteBuffer.wrap(copy);
                while (rest.hasRemaining()) {
                    writer().write(rest);
                }
                return List.of();
            });
        }

        private FileChannel writer() {
            if (writing == null) {
                throw new IllegalStateException("no file is being written");
            }
            return writing;
        }

        private Flux<ShardPart> fileEnd() {
            ShardPart.FileStart done = file;
            Path path = spool;
            if (done == null || path == null) {
                throw new IllegalStateException("a file ends that has not begun");
            }
            return onScratch(() -> {
                        writer().close();
                        writing = null;
                        return List.<ShardPart>of();
                    })
                    .concatWith(
                            done.name().endsWith(TOMBSTONE)
                                    ? onScratch(() -> {
                                        tombstones.put(base(done.name()), path);
                                        return List.of();
                                    })
                                    : rewritten(done, path));
        }

        /** The file as the deletions leave it, or as it is if none of them hits it. */
        private Flux<ShardPart> rewritten(ShardPart.FileStart done, Path path) {
            passed.add(done.name());
            return call(() -> rewrite(done, path))
                    .flatMapMany(result -> result.isEmpty() ? Flux.empty() : read(done, result.get()));
        }

        private Optional<Path> rewrite(ShardPart.FileStart done, Path path) throws IOException {
            Path list = tombstones.get(base(done.name()));
            Path target = Files.createTempFile(directory, "sluice-", ".scratch");
            scratch.add(target);
            try (var in = FileChannel.open(path)) {
                Tombstone deletions = Tombstone.read(() -> Files.newInputStream(list));
                if (!TsmRewriter.isNeeded(in, deletions)) {
                    return Optional.of(path);
                }
                TsmRewriter.Result result = TsmRewriter.rewrite(
                        in, deletions, () -> FileChannel.open(target, StandardOpenOption.WRITE), Scratch.in(directory));
                removed += result.removedValues();
                touched++;
                return result.isEmpty() ? Optional.empty() : Optional.of(target);
            } catch (TsmDamaged e) {
                throw new ArchiveDamaged(
                        shard.toString(),
                        "has deletions for %s that cannot be applied: %s".formatted(done.name(), e.getMessage()),
                        0);
            }
        }

        private Flux<ShardPart> read(ShardPart.FileStart done, Path path) {
            files++;
            return call(() -> Files.size(path))
                    .<ShardPart>map(size -> new ShardPart.FileStart(
                            done.name(),
                            size,
                            done.modified(),
                            TarHeaders.encode(HEAP, shard + "/" + done.name(), size, done.modified(), MODE)))
                    .concatWith(chunks(path))
                    .concatWithValues(new ShardPart.FileEnd());
        }

        private Flux<ShardPart> chunks(Path path) {
            return Flux.<ShardPart, FileChannel>generate(
                            () -> FileChannel.open(path),
                            (channel, sink) -> {
                                byte[] chunk = new byte[CHUNK];
                                try {
                                    int count = channel.read(ByteBuffer.wrap(chunk));
                                    if (count < 0) {
                                        sink.complete();
                                    } else {
                                        sink.next(new ShardPart.Bytes(Unpooled.wrappedBuffer(chunk, 0, count)));
                                    }
                                } catch (IOException e) {
                                    sink.error(failed(e));
                                }
                                return channel;
                            },
                            ApplyTombstones::close)
                    .subscribeOn(one);
        }

        private ShardPart end() {
            if (touched > 0) {
                tell.accept(Notice.note(
                        "%,d deleted values were taken out of %d files of shard %s, so that they stay deleted"
                                .formatted(removed, touched, shard),
                        ""));
            }
            return new ShardPart.ShardEnd(files);
        }

        private <T> Mono<T> call(Callable<T> work) {
            return Mono.fromCallable(work)
                    .onErrorMap(IOException.class, this::failed)
                    .subscribeOn(one);
        }

        private Flux<ShardPart> onScratch(Callable<List<ShardPart>> work) {
            return call(work).flatMapIterable(parts -> parts);
        }

        private StoreFailed failed(IOException e) {
            return new StoreFailed(
                    "cannot use the scratch directory %s for shard %s: %s"
                            .formatted(directory, shard, FileTrouble.reason(e)),
                    "It needs room for the largest file with deletions, twice for each shard under way; "
                            + "--scratch names another place.",
                    e);
        }

        private void close() {
            if (writing != null) {
                ApplyTombstones.close(writing);
            }
            for (Path path : scratch) {
                try {
                    Files.deleteIfExists(path);
                } catch (IOException e) {
                    log.warn("scratch file {} stays behind", path, e);
                }
            }
        }
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("a scratch file was not closed", e);
        }
    }

    private static String base(String name) {
        return name.substring(0, name.lastIndexOf('.'));
    }
}
