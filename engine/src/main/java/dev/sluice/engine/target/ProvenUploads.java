package dev.sluice.engine.target;

import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.tar.TarWriter;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.wire.SnapshotRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Shards on their way into a running influxd: uploaded (type 7), which nobody acknowledges, so that the server's close is
 * awaited and the shard is read back and compared. Knows of all uploads of a restore what is to be said at its end.
 */
final class ProvenUploads {

    private final SnapshotTransport transport;
    private final Verification verification;
    private final Optional<FileCounts> counts;
    private final Set<ShardRef> installed = ConcurrentHashMap.newKeySet();
    private final Set<ShardRef> compacted = ConcurrentHashMap.newKeySet();
    private final Set<ShardRef> undeleted = ConcurrentHashMap.newKeySet();
    private final Set<ShardRef> miscounted = ConcurrentHashMap.newKeySet();

    /** @param http for {@link Verification#COUNTS}, which takes every shard for miscounted without it */
    ProvenUploads(SnapshotTransport transport, Verification verification, Optional<InfluxHttp> http) {
        this.transport = transport;
        this.verification = verification;
        this.counts = verification == Verification.COUNTS ? http.map(FileCounts::new) : Optional.empty();
    }

    /** Whether a shard, as the source names it, is on the server and proved. */
    boolean installed(ShardRef shard) {
        return installed.contains(shard);
    }

    /** What an operator should know of those that are installed. */
    List<Notice> notices() {
        List<Notice> all = new ArrayList<>();
        if (!undeleted.isEmpty()) {
            all.add(Notice.missing(
                    "deletions that were not compacted yet are not carried over, so that deleted points are back: "
                            + LiveTarget.names(undeleted),
                    "Delete them again."));
        }
        if (!compacted.isEmpty()) {
            all.add(Notice.note(
                    "the server had compacted these shards before they were read back, so that their files "
                            + "could not be compared byte for byte: " + LiveTarget.names(compacted),
                    ""));
        }
        if (!miscounted.isEmpty()) {
            all.add(Notice.note(
                    "the server's statistics did not tell of the files that were sent to these shards, so that they were read back and compared: "
                            + LiveTarget.names(miscounted),
                    ""));
        }
        return all;
    }

    /**
     * Sends one attempt at a shard.
     *
     * @param shard as the source names it
     * @param place where the server has it
     * @param naming of the files, which must not collide with any that is there
     * @param stored is told the bytes that the server has taken
     */
    Mono<ShardReceipt> send(
            ShardRef shard, ShardRef place, FileNaming naming, Flux<ShardPart> parts, LongConsumer stored) {
        var archive = new SentArchive(shard, place, naming);
        AtomicLong sent = new AtomicLong();
        return count(place)
                .flatMap(before -> transport
                        .upload(
                                new SnapshotRequest.ShardUpload(place.id()),
                                archive.of(parts).transform(TarWriter::bytes),
                                bytes -> {
                                    sent.addAndGet(bytes);
                                    stored.accept(bytes);
                                })
                        .then(Mono.defer(() -> prove(shard, place, archive, before)))
                        .then(Mono.fromSupplier(() -> receipt(shard, place, archive, sent.get()))));
    }

    private Mono<Optional<FileCounts.Count>> count(ShardRef place) {
        return counts.map(server -> server.of(place)).orElse(Mono.just(Optional.empty()));
    }

    private Mono<Void> prove(ShardRef shard, ShardRef place, SentArchive archive, Optional<FileCounts.Count> before) {
        return switch (verification) {
            case OFF -> new ReadBack(transport).ready(place);
            case FULL -> compare(shard, place, archive);
            case COUNTS ->
                new ReadBack(transport)
                        .ready(place)
                        .then(Mono.defer(() -> count(place)))
                        .flatMap(after -> {
                            if (after.isPresent()
                                    && after.equals(before.map(
                                            count -> count.with(archive.files().values())))) {
                                return Mono.empty();
                            }
                            miscounted.add(shard);
                            return compare(shard, place, archive);
                        });
        };
    }

    private Mono<Void> compare(ShardRef shard, ShardRef place, SentArchive archive) {
        return new ReadBack(transport)
                .compare(place, archive.files())
                .doOnNext(found -> {
                    if (found == ReadBack.Found.COMPACTED) {
                        compacted.add(shard);
                    }
                })
                .then();
    }

    private ShardReceipt receipt(ShardRef shard, ShardRef place, SentArchive archive, long sent) {
        installed.add(shard);
        if (archive.dropped().stream().anyMatch(name -> name.endsWith(".tombstone"))) {
            undeleted.add(shard);
        }
        return new ShardReceipt(
                shard,
                sent,
                sent,
                place.toString(),
                Compression.NONE,
                Optional.empty(),
                List.copyOf(archive.files().keySet()),
                Duration.ZERO);
    }
}
