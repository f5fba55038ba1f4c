package dev.sluice.engine.source;

import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.ShardWithdrawn;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StreamDamaged;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.format.StreamShardEnd;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.store.PlainFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A stream archive that was kept as a file, of which each shard is read where it stands: alone, side by side with others,
 * again. What there is its start and its end tell.
 */
public final class StreamFile implements Source {

    private final String what;
    private final StreamPlaces places;
    private final StreamHead head;
    private final StreamManifest manifest;
    private final boolean allowIncomplete;

    private StreamFile(
            String what, StreamPlaces places, StreamHead head, StreamManifest manifest, boolean allowIncomplete) {
        this.what = what;
        this.places = places;
        this.head = head;
        this.manifest = manifest;
        this.allowIncomplete = allowIncomplete;
    }

    /**
     * The file as such a source; empty if it has to be read from its start, as a {@link StreamSource} does: because it is
     * compressed with gzip, because it has no sound seek table or manifest at its end, or because they do not fit
     * together. What is wrong with it is then told by who reads it. Cold.
     *
     * @param decoding where it is decompressed and checked
     * @param allowIncomplete shards that are damaged are told and left out
     * @param indexFirst whether the index of a TSM file is read before its bytes, if the stream is not compressed
     */
    public static Mono<StreamFile> of(PlainFile file, Scheduler decoding, boolean allowIncomplete, boolean indexFirst) {
        return StreamPlaces.of(file, decoding, indexFirst)
                .flatMap(places -> manifest(places)
                        .filter(manifest -> manifest.shards().stream()
                                .allMatch(shard -> places.hold(shard.offset(), shard.offset() + shard.bytes())))
                        .flatMap(manifest -> head(file.name(), places, manifest)
                                .filter(head -> agree(head, manifest))
                                .map(head -> new StreamFile(file.name(), places, head, manifest, allowIncomplete))))
                .onErrorResume(StreamFile::isDamage, e -> Mono.empty());
    }

    private static Mono<StreamManifest> manifest(StreamPlaces places) {
        return places.end(entries -> entries.header()
                        .flatMap(entries::manifest)
                        .flatMap(manifest -> entries.end().thenReturn(manifest))
                        .flux())
                .singleOrEmpty();
    }

    /** It ends where the first shard begins, at the latest. */
    private static Mono<StreamHead> head(String what, StreamPlaces places, StreamManifest manifest) {
        long end = manifest.shards().stream()
                .mapToLong(StreamManifest.Shard::offset)
                .min()
                .orElse(places.manifest());
        return places.read(
                        what,
                        0,
                        end,
                        entries -> entries.header().flatMap(entries::head).flux())
                .singleOrEmpty();
    }

    private static boolean agree(StreamHead head, StreamManifest manifest) {
        Set<ShardRef> listed =
                manifest.shards().stream().map(StreamManifest.Shard::ref).collect(Collectors.toSet());
        return listed.size() == manifest.shards().size() && head.announced().containsAll(listed);
    }

    private static boolean isDamage(Throwable e) {
        return e instanceof StreamDamaged || e instanceof CompressedDataDamaged;
    }

    @Override
    public String describe() {
        return what;
    }

    @Override
    public Mono<SourceSession> open(Selection selection) {
        return Mono.fromSupplier(() -> {
            StreamHead.requireNoSince(selection);
            Map<ShardRef, OptionalLong> sizes = new HashMap<>();
            manifest.shards().forEach(shard -> sizes.put(shard.ref(), shard.size()));
            Catalog catalog = head.catalog(selection, ref -> sizes.getOrDefault(ref, OptionalLong.empty()));
            Set<ShardRef> wanted =
                    catalog.shards().stream().map(Catalog.Entry::ref).collect(Collectors.toSet());
            Queue<Notice> damaged = new ConcurrentLinkedQueue<>();
            List<ShardRead> reads = new ArrayList<>();
            manifest.shards().stream()
                    .filter(shard -> wanted.contains(shard.ref()))
                    .forEach(shard -> reads.add(
                            new FilesSession.Read(shard.ref(), parts(shard).onErrorMap(e -> told(shard, e, damaged)))));
            manifest.unchanged().stream()
                    .filter(wanted::contains)
                    .forEach(ref -> reads.add(new StreamSource.Unchanged(ref)));
            return new FilesSession(catalog, reads, shard -> head.absence(shard, Optional.of(manifest)), () -> {
                List<Notice> found = new ArrayList<>(StreamHead.missing(manifest, selection));
                found.addAll(damaged);
                return found;
            });
        });
    }

    private Flux<ShardPart> parts(StreamManifest.Shard shard) {
        String where = "shard %s in %s".formatted(shard.ref(), what);
        return places.read(
                where,
                shard.offset(),
                shard.offset() + shard.bytes(),
                entries -> entries.header()
                        .flatMapMany(header -> new StreamShard(
                                        shard.ref(),
                                        header,
                                        head.told().digest(),
                                        entries.parts(),
                                        problem -> new StreamDamaged(where, problem),
                                        end -> requireListed(shard, end),
                                        why -> why instanceof ShardWithdrawn ? notListed(shard) : why)
                                .parts()));
    }

    private void requireListed(StreamManifest.Shard shard, StreamShardEnd end) {
        if (end.attempt() != shard.attempt()) {
            throw notListed(shard);
        }
    }

    private SluiceException notListed(StreamManifest.Shard shard) {
        return new StreamDamaged(
                what,
                "lists attempt %d at shard %s in its manifest, which is not where it should be"
                        .formatted(shard.attempt(), shard.ref()));
    }

    /** What becomes of a failure: others are welcome without this shard, if the caller says so. */
    private Throwable told(StreamManifest.Shard shard, Throwable e, Queue<Notice> damaged) {
        if (!allowIncomplete || !isDamage(e)) {
            return e;
        }
        damaged.add(Notice.damaged(String.valueOf(e.getMessage()), ((SluiceException) e).hint()));
        return new ShardWithdrawn(shard.ref().toString(), "it is damaged");
    }
}
