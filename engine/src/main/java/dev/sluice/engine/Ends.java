package dev.sluice.engine;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.format.DirectoryContent;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.source.DataDirectorySource;
import dev.sluice.engine.source.LegacySource;
import dev.sluice.engine.source.LiveServer;
import dev.sluice.engine.source.LiveSource;
import dev.sluice.engine.source.PortableSource;
import dev.sluice.engine.source.ReadOptions;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.StreamFile;
import dev.sluice.engine.source.StreamSource;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.DirectoryStore;
import dev.sluice.engine.store.Pipes;
import dev.sluice.engine.store.PlainFile;
import dev.sluice.engine.target.DataDirectoryTarget;
import dev.sluice.engine.target.DataOptions;
import dev.sluice.engine.target.LegacyTarget;
import dev.sluice.engine.target.PortableTarget;
import dev.sluice.engine.target.StreamTarget;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.transport.SnapshotTransport;
import io.netty.buffer.ByteBuf;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.resources.LoopResources;

/** Makes sources and targets of what a request names. A new kind of end gets its case here. */
final class Ends {

    private final Runs runs;
    private final LoopResources loops;
    private final Scheduler workers;
    private final Scheduler files;

    /** @param runs end the look at a path as they end all else */
    Ends(Resources resources, Runs runs) {
        this.runs = runs;
        this.loops = resources.loops();
        this.workers = resources.workers();
        this.files = resources.files();
    }

    /** As {@link #source(End, ReadOptions, Timeouts, int)}, at a pace. */
    Mono<Source> source(End end, ReadOptions options, Pace pace) {
        return source(end, options, pace.timeouts(), pace.retries());
    }

    /**
     * The source that an end names; cold. A plain path is looked at first.
     *
     * @param retries of the small questions to a live server
     */
    Mono<Source> source(End end, ReadOptions options, Timeouts timeouts, int retries) {
        return runs.whileOpen(anySource(end, options, timeouts, retries));
    }

    private Mono<Source> anySource(End end, ReadOptions options, Timeouts timeouts, int retries) {
        if (end instanceof End.Directory directory) {
            return DirectoryContent.of(directory.directory(), files)
                    .flatMap(found -> anySource(found, options, timeouts, retries));
        }
        return end instanceof End.StreamFile stream
                ? stream(PlainFile.of(stream.file(), files), stream.file(), options)
                : Mono.fromSupplier(() -> plainSource(end, options, timeouts, retries));
    }

    private Mono<Source> stream(PlainFile file, Path path, ReadOptions options) {
        return Mono.fromCallable(() -> Files.isRegularFile(path)) // a named pipe can be opened once
                .subscribeOn(files)
                .flatMap(regular -> {
                    Source whole =
                            StreamSource.of(file, workers, options.allowIncomplete(), regular && options.indexFirst());
                    return regular && !options.everyByte()
                            ? StreamFile.of(file, workers, options.allowIncomplete(), options.indexFirst())
                                    .cast(Source.class)
                                    .defaultIfEmpty(whole)
                            : Mono.just(whole);
                });
    }

    private Source plainSource(End end, ReadOptions options, Timeouts timeouts, int retries) {
        if (end instanceof End.Live live) {
            var transport =
                    SnapshotTransport.to(live.address(), timeouts, loops).speaking(live.protocol());
            return new LiveSource(new LiveServer(transport, retries), Clock.systemUTC());
        }
        if (end instanceof End.Portable portable) {
            return new PortableSource(
                    DirectoryStore.existing(portable.directory(), files),
                    portable.directory().toString(),
                    options);
        }
        if (end instanceof End.Legacy legacy) {
            return new LegacySource(
                    DirectoryStore.existing(legacy.directory(), files),
                    legacy.directory().toString(),
                    options,
                    Clock.systemUTC());
        }
        if (end instanceof End.Data data) {
            return new DataDirectorySource(data, options, files, Clock.systemUTC());
        }
        if (end instanceof End.Stream) {
            Flux<ByteBuf> stdin = Pipes.read("stdin", () -> new FileInputStream(FileDescriptor.in).getChannel(), files);
            return new StreamSource("stdin", stdin, workers, options.allowIncomplete());
        }
        throw new InvalidRequest("%s cannot be read".formatted(end), "Name a server or the directory of a backup.");
    }

    /** What a target of files needs to know beside its end. */
    record Writing(SlabLine line, Digest.Algorithm digest, Selection selection) {}

    /** An end to write to, of which the format is known: of a plain directory the content tells it. */
    Mono<End> settled(End end) {
        return end instanceof End.Directory directory
                ? runs.whileOpen(DirectoryContent.ofTarget(directory.directory(), files))
                : Mono.just(end);
    }

    /** The directories of a stopped server, to restore to. */
    Target target(End.Data data, DataOptions how) {
        return new DataDirectoryTarget(data, how, files, Clock.systemUTC());
    }

    /** The target of files that a settled end names. */
    Target target(End end, Writing how) {
        if (end instanceof End.Portable portable) {
            return new PortableTarget(
                    DirectoryStore.create(portable.directory(), files),
                    portable.directory().toString(),
                    how.line(),
                    how.digest(),
                    how.selection(),
                    Clock.systemUTC());
        }
        if (end instanceof End.Legacy legacy) {
            return new LegacyTarget(
                    DirectoryStore.create(legacy.directory(), files),
                    legacy.directory().toString(),
                    how.line(),
                    how.digest());
        }
        if (end instanceof End.Stream) {
            return stream("stdout", how, this::stdout);
        }
        if (end instanceof End.StreamFile stream) {
            throw new InvalidRequest(
                    "%s can be read, not written to".formatted(end),
                    "Write the stream to stdout, with - for the path: sluice copy FROM - > %s"
                            .formatted(stream.file()));
        }
        throw new InvalidRequest("%s cannot be written to".formatted(end), "Name a directory.");
    }

    /**
     * A stream archive.
     *
     * @param sink takes its bytes
     */
    Target stream(String description, Writing how, Function<Flux<ByteBuf>, Mono<?>> sink) {
        return new StreamTarget(description, sink, how.line(), how.digest(), how.selection(), Clock.systemUTC());
    }

    private Mono<Long> stdout(Flux<ByteBuf> bytes) {
        return Pipes.write("stdout", () -> new FileOutputStream(FileDescriptor.out).getChannel(), bytes, files);
    }

    /** The legacy format holds archives as they are. */
    static Compression compressionFor(End end, Compression asked) {
        return end instanceof End.Legacy ? Compression.NONE : asked;
    }
}
