package dev.sluice.engine;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.source.Access;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.ShardSpool;
import dev.sluice.engine.source.Source;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.tsm.BlockType;
import dev.sluice.engine.tsm.Deletions;
import dev.sluice.engine.tsm.Tombstone;
import dev.sluice.engine.tsm.TsmSummary;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** Looks into shards, one after the other: one run. What has no directory of its own passes through a scratch directory. */
final class Inspections {

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final InspectRequest request;
    private final Scheduler blocking;
    private final List<Notice> notices = new ArrayList<>(); // filled by one shard after the other

    private Inspections(InspectRequest request, Scheduler blocking) {
        this.request = request;
        this.blocking = blocking;
    }

    /** Cold; blocks on {@code blocking} only. */
    static Mono<Inspection> of(Source source, InspectRequest request, Scheduler blocking) {
        return Mono.defer(() -> new Inspections(request, blocking).run(source));
    }

    private Mono<Inspection> run(Source source) {
        return Mono.usingWhen(
                source.open(request.selection()),
                session -> session.shards()
                        .concatMap(shard -> fate(shard, session.access()), 0)
                        .collectList()
                        .flatMap(shards ->
                                session.end().map(found -> result(source.describe(), session, shards, found))),
                SourceSession::close);
    }

    private Inspection result(String source, SourceSession session, List<Inspection.Shard> shards, List<Notice> found) {
        Catalog catalog = session.catalog();
        List<Notice> all = new ArrayList<>(catalog.notices());
        all.addAll(notices);
        all.addAll(found);
        return new Inspection(source, shards, Listings.missing(session, catalog.notOffered()), all);
    }

    private Mono<Inspection.Shard> fate(ShardRead shard, Access access) {
        Mono<Inspection.Shard> look = look(shard);
        if (access == Access.AGAIN) {
            look = look.retryWhen(Retry.backoff(request.retries(), PAUSE)
                    .filter(e -> e instanceof SluiceException why && why.worthRetrying())
                    .onRetryExhaustedThrow((spec, last) -> last.failure()));
        }
        if (access != Access.ONE_PASS) {
            look = look.onErrorResume(SluiceException.class, why -> {
                if (!why.tellsOfDamage() && !(why instanceof NotThere)) {
                    return Mono.error(why);
                }
                notices.add(unread(shard.ref(), why));
                return Mono.empty();
            });
        }
        Mono<Inspection.Shard> done = look;
        return shard.wanted().flatMap(wanted -> wanted ? done : Mono.empty());
    }

    private static Notice unread(ShardRef ref, SluiceException why) {
        String message = "shard %s cannot be read: %s".formatted(ref, why.getMessage());
        return why.tellsOfDamage() ? Notice.damaged(message, "") : Notice.missing(message, why.hint());
    }

    private Mono<Inspection.Shard> look(ShardRead shard) {
        Optional<Path> directory = shard.directory();
        return directory.isPresent()
                ? Mono.fromCallable(() -> summary(shard.ref(), tsm(directory.get())))
                        .onErrorMap(IOException.class, e -> unreadable(directory.get(), e))
                        .subscribeOn(blocking)
                : ShardSpool.using(
                                shard.parts(),
                                request.scratch(),
                                blocking,
                                spool -> spool.call(scratch -> summary(shard.ref(), spool.tsm())))
                        .single();
    }

    private static StoreFailed unreadable(Path directory, IOException e) {
        return new StoreFailed(
                "cannot read %s: %s".formatted(directory, FileTrouble.inWords(e)),
                "Check who owns the directory; the server's files are often readable only to itself.",
                e);
    }

    private static List<Path> tsm(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".tsm"))
                    .sorted()
                    .toList();
        }
    }

    private Inspection.Shard summary(ShardRef ref, List<Path> files) throws IOException {
        List<FileChannel> open = new ArrayList<>();
        try {
            List<TsmSummary.Source> sources = new ArrayList<>();
            long bytes = 0;
            for (Path file : files) {
                FileChannel channel = FileChannel.open(file);
                open.add(channel);
                bytes += channel.size();
                sources.add(new TsmSummary.Source(channel, deletions(file)));
            }
            TsmSummary summary = TsmSummary.of(sources, request.values());
            if (summary.unreadable() > 0) {
                notices.add(Notice.damaged(
                        "%d blocks of shard %s cannot be read; their values do not count"
                                .formatted(summary.unreadable(), ref),
                        "'sluice verify' names them."));
            }
            return shard(ref, files.size(), bytes, summary);
        } finally {
            for (FileChannel channel : open) {
                channel.close();
            }
        }
    }

    private static Deletions deletions(Path tsm) throws IOException {
        String name = String.valueOf(tsm.getFileName());
        Path list = tsm.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".tombstone");
        return Files.exists(list) ? Tombstone.read(() -> Files.newInputStream(list)) : Deletions.NONE;
    }

    private static Inspection.Shard shard(ShardRef ref, int files, long bytes, TsmSummary summary) {
        Map<String, Inspection.Amount> encodings = new TreeMap<>();
        summary.encodings()
                .forEach((name, amount) -> encodings.put(name, new Inspection.Amount(amount.blocks(), amount.bytes())));
        return new Inspection.Shard(
                ref,
                files,
                bytes,
                summary.series(),
                summary.keys(),
                counted(summary.values()),
                summary.isEmpty() ? Optional.empty() : Optional.of(range(summary.minTime(), summary.maxTime())),
                new Inspection.Amount(summary.blocks(), summary.blockBytes()),
                encodings,
                summary.measurements().stream().map(Inspections::measurement).toList(),
                summary.complete());
    }

    private static Inspection.Measurement measurement(TsmSummary.Measurement from) {
        Map<String, List<String>> fields = new LinkedHashMap<>();
        from.fields().forEach((name, types) -> fields.put(name, names(types)));
        return new Inspection.Measurement(
                from.name(),
                from.series(),
                fields,
                counted(from.values()),
                range(from.minTime(), from.maxTime()),
                new Inspection.Amount(from.blocks(), from.blockBytes()));
    }

    private static List<String> names(Set<BlockType> types) {
        return types.stream().map(type -> type.name().toLowerCase(Locale.ROOT)).toList();
    }

    private static OptionalLong counted(long values) {
        return values < 0 ? OptionalLong.empty() : OptionalLong.of(values);
    }

    private static TimeRange range(long min, long max) {
        return new TimeRange(instant(min), instant(max));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
    }
}
