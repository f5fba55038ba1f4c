package dev.sluice.engine;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.format.PortableManifest;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.PortableRun;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.SourceSession;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Puts listings together; nothing is read here. */
final class Listings {

    private Listings() {}

    /**
     * Of a source whose catalog tells all.
     *
     * @param runs of a portable directory, the newest first
     * @param problems with what the catalog promises
     */
    static Listing of(String source, SourceSession session, List<PortableRun> runs, List<Notice> problems) {
        Catalog catalog = session.catalog();
        Map<ShardRef, PortableRun> from = new HashMap<>();
        Map<ShardRef, PortableManifest.Archive> archives = new HashMap<>();
        for (PortableRun run : runs) {
            for (PortableManifest.Archive archive : run.manifest().files()) {
                catalog.shards().stream()
                        .map(Catalog.Entry::ref)
                        .filter(ref -> ref.id() == archive.shardId())
                        .forEach(ref -> {
                            if (archives.putIfAbsent(ref, archive) == null) {
                                from.put(ref, run);
                            }
                        });
            }
        }
        List<Listing.Shard> shards = catalog.shards().stream()
                .map(entry -> shard(entry, archives.get(entry.ref()), from.get(entry.ref())))
                .toList();
        List<Notice> notices = new ArrayList<>(catalog.notices());
        notices.addAll(problems);
        return new Listing(
                source,
                runs.stream().map(Listings::run).toList(),
                shards,
                missing(session, catalog.notOffered()),
                notices);
    }

    /** Of a source that knows which of the shards in its catalog it has; none is read. */
    static Mono<Listing> offered(String source, SourceSession session) {
        Catalog catalog = session.catalog();
        return session.shards()
                .collectList()
                .flatMap(reads -> Flux.fromIterable(reads)
                        .filterWhen(ShardRead::wanted)
                        .map(ShardRead::ref)
                        .collect(Collectors.toSet())
                        .zipWith(session.end(), (stored, notices) -> {
                            Set<ShardRef> held =
                                    reads.stream().map(ShardRead::ref).collect(Collectors.toSet());
                            List<ShardRef> missing = catalog.shards().stream()
                                    .map(Catalog.Entry::ref)
                                    .filter(ref -> !held.contains(ref))
                                    .collect(Collectors.toCollection(ArrayList::new));
                            missing.addAll(catalog.notOffered());
                            List<Notice> all = new ArrayList<>(catalog.notices());
                            all.addAll(notices);
                            List<Listing.Shard> shards = catalog.shards().stream()
                                    .filter(entry -> stored.contains(entry.ref()))
                                    .map(entry -> shard(entry, null, null))
                                    .toList();
                            return new Listing(source, List.of(), shards, missing(session, missing), all);
                        }));
    }

    /** Of a stream, which was read to its end. */
    static Listing of(Catalog catalog, CopyReport report) {
        Map<ShardRef, ShardReceipt> receipts = new HashMap<>();
        report.stored().forEach(receipt -> receipts.put(receipt.ref(), receipt));
        List<Listing.Shard> shards = catalog.shards().stream()
                .filter(entry -> receipts.containsKey(entry.ref()))
                .map(entry -> new Listing.Shard(
                        entry.ref(),
                        entry.time(),
                        Optional.ofNullable(receipts.get(entry.ref()))
                                .map(receipt -> OptionalLong.of(receipt.rawBytes()))
                                .orElse(OptionalLong.empty()),
                        OptionalLong.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .toList();
        return new Listing(report.source(), List.of(), shards, report.missing(), report.notices());
    }

    /** Shards that the source promises and does not have. */
    static List<ShardOutcome> missing(SourceSession session, List<ShardRef> shards) {
        return shards.stream()
                .<ShardOutcome>map(ref -> new ShardOutcome.NotOffered(ref, session.absence(ref)))
                .toList();
    }

    private static Listing.Shard shard(
            Catalog.Entry entry, PortableManifest.@Nullable Archive archive, @Nullable PortableRun run) {
        Optional<PortableManifest.Details> details =
                Optional.ofNullable(archive).flatMap(PortableManifest.Archive::details);
        return new Listing.Shard(
                entry.ref(),
                entry.time(),
                entry.rawBytes(),
                details.map(d -> OptionalLong.of(d.storedSize())).orElse(OptionalLong.empty()),
                details.map(PortableManifest.Details::codec)
                        .or(() -> Optional.ofNullable(archive).map(a -> Compression.Codec.GZIP.id())),
                Optional.ofNullable(run).map(PortableRun::manifestName));
    }

    private static Listing.Run run(PortableRun run) {
        List<PortableManifest.Archive> files = run.manifest().files();
        boolean told = files.stream().allMatch(file -> file.details().isPresent());
        return new Listing.Run(
                run.manifestName(),
                run.started(),
                run.manifest().run().map(PortableManifest.Run::kind),
                files.size(),
                files.stream().mapToLong(PortableManifest.Archive::size).sum(),
                told
                        ? OptionalLong.of(files.stream()
                                .mapToLong(file -> file.details().orElseThrow().storedSize())
                                .sum())
                        : OptionalLong.empty(),
                run.manifest().run().map(PortableManifest.Run::missing).orElse(List.of()));
    }
}
