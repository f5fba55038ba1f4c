package dev.sluice.engine.target;

import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.NotInstalled;
import dev.sluice.engine.format.TsmName;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.target.SentArchive.Fingerprint;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Asks a server for a shard that was uploaded, and compares. After its close the server can answer for a moment as if
 * the shard were disabled, with nothing (observed on 1.8.10): it is asked again until it is ready.
 */
final class ReadBack {

    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final int PAUSES = 240;

    /** No file is newer, so a server that is ready answers with an empty archive. */
    private static final Instant NEVER = Instant.parse("9999-01-01T00:00:00Z");

    private final SnapshotTransport transport;

    ReadBack(SnapshotTransport transport) {
        this.transport = transport;
    }

    /** What a comparison found. */
    enum Found {
        /** All files, byte for byte. */
        EQUAL,
        /** Some of them in the place where the server's compaction has put them; they were indexed before. */
        COMPACTED
    }

    /** Completes when the shard answers. */
    Mono<Void> ready(ShardRef shard) {
        return onceReady(shard, read(shard, NEVER).doOnNext(ShardPart::release).then());
    }

    /**
     * Reads the whole shard.
     *
     * @return signals {@link NotInstalled} if something that was sent is not there
     */
    Mono<Found> compare(ShardRef shard, Map<String, Fingerprint> sent) {
        return onceReady(shard, files(shard)).map(there -> judge(shard, sent, there));
    }

    /** Names, sizes and checksums of a shard's files as the server sends them now. */
    private Mono<Map<String, Fingerprint>> files(ShardRef shard) {
        return Mono.defer(() -> {
            var there = new Collector();
            return read(shard, ShardBackup.ALL).doOnNext(there::take).then(Mono.fromSupplier(() -> there.files));
        });
    }

    static Found judge(ShardRef shard, Map<String, Fingerprint> sent, Map<String, Fingerprint> there) {
        List<String> missing = new ArrayList<>();
        sent.forEach((name, fingerprint) -> {
            Fingerprint found = there.get(name);
            if (found == null) {
                missing.add(name);
            } else if (!found.equals(fingerprint)) {
                throw new NotInstalled(
                        shard.toString(),
                        "has other bytes in %s: %d with CRC-32C %08x, sent were %d with %08x"
                                .formatted(name, found.size(), found.crc(), fingerprint.size(), fingerprint.crc()));
            }
        });
        if (missing.isEmpty()) {
            return Found.EQUAL;
        }
        // Compaction names its result after the highest generation it read, with a later sequence; it reads only what
        // the server has opened and indexed.
        boolean compacted = missing.stream()
                .allMatch(gone -> there.keySet().stream()
                        .filter(name -> !sent.containsKey(name))
                        .anyMatch(name -> couldHoldAfterCompaction(name, gone)));
        if (!compacted) {
            throw new NotInstalled(
                    shard.toString(),
                    "lacks %s%s"
                            .formatted(
                                    missing.get(0),
                                    missing.size() > 1 ? " and %d more".formatted(missing.size() - 1) : ""));
        }
        return Found.COMPACTED;
    }

    private static boolean couldHoldAfterCompaction(String name, String gone) {
        Optional<TsmName> input = TsmName.parse(gone);
        return TsmName.parse(name)
                .filter(result ->
                        input.isPresent() && result.generation() >= input.get().generation())
                .filter(result -> result.sequence() > 1)
                .isPresent();
    }

    private Flux<ShardPart> read(ShardRef shard, Instant since) {
        return transport.exchange(ShardBackup.of(shard, since)).transform(TarReader.parts(shard));
    }

    /** Asks again while the shard gives no answer, as one that is disabled does. */
    static <T> Mono<T> onceReady(ShardRef shard, Mono<T> question) {
        return question.retryWhen(Retry.fixedDelay(PAUSES, PAUSE)
                        .filter(EmptyAnswer.class::isInstance)
                        .onRetryExhaustedThrow((spec, last) -> last.failure()))
                .onErrorMap(EmptyAnswer.class, e -> new NotInstalled(shard.toString(), "does not answer"));
    }

    private static final class Collector {
        private final Map<String, Fingerprint> files = new LinkedHashMap<>();
        private String name = "";
        private long size;
        private CRC32C checksum = new CRC32C();

        void take(ShardPart part) {
            if (part instanceof ShardPart.FileStart start) {
                name = start.name();
                size = start.size();
                checksum = new CRC32C();
            } else if (part instanceof ShardPart.Bytes bytes) {
                SentArchive.update(checksum, bytes.data());
            } else if (part instanceof ShardPart.FileEnd) {
                files.put(name, new Fingerprint(size, checksum.getValue()));
            }
            part.release();
        }
    }
}
