package dev.sluice.engine.source;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.format.PortableManifest;
import dev.sluice.engine.format.PortableManifest.Archive;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which archives of a portable directory's runs make up each selected shard. Nothing is read in here.
 *
 * <p>Runs combine as influxd combines them: for each shard the archive with the greatest {@code lastModified} counts,
 * which is 0 in all that open source servers write, and among equal ones the newest run. Where a shard belongs is told
 * by the metadata, as manifests have empty or wrong names in some cases.
 *
 * <p>One exception: an archive without files, of influxd, is an increment in which nothing changed, made with
 * {@code -since}. It is not taken where an older archive has files.
 */
final class PortablePlan {

    /** The end marker alone: a tar without files. */
    private static final long EMPTY_TAR = 1024;

    private final List<PortableRun> runs;
    private final Map<String, Long> sizes;
    private final Choice choice;
    private final ReadOptions options;
    private final Map<Long, List<Candidate>> candidates = new HashMap<>();
    private final List<Shard> shards = new ArrayList<>();
    private final List<ShardRef> notOffered = new ArrayList<>();
    private final List<Notice> notices = new ArrayList<>();

    /**
     * A shard's archives, oldest first; one unless runs are chained.
     *
     * @param problem why it cannot be read, as far as that is known without reading
     */
    record Shard(ShardRef ref, Optional<TimeRange> time, List<Archive> archives, Optional<SluiceException> problem) {
        Shard {
            archives = List.copyOf(archives);
        }
    }

    /** @param age 0 for the newest run */
    private record Candidate(PortableRun run, int age, Archive archive) {

        /** Holds all of the shard for sure. Enterprise, which sets the time, copies changed shards whole. */
        boolean whole() {
            return run.bySluice() || archive.lastModified() > 0;
        }

        boolean withoutFiles() {
            return archive.details().map(details -> details.files().isEmpty()).orElse(archive.size() <= EMPTY_TAR);
        }
    }

    /**
     * @param runs of one server, newest first
     * @param sizes of all files in the directory, by name
     * @param choice over the newest run's metadata
     * @throws NotThere if the selection names what no run has, or a file is missing
     * @throws FormatDamaged if manifests contradict themselves or a file has the wrong size
     */
    PortablePlan(List<PortableRun> runs, Map<String, Long> sizes, Choice choice, ReadOptions options) {
        this.runs = runs;
        this.sizes = sizes;
        this.choice = choice;
        this.options = options;
        collect();
        plan();
        requireSomething();
        if (!options.skipErrors()) {
            refuseProblems();
        }
        tellOfUnknown();
        tellOfGaps();
    }

    List<Shard> shards() {
        return shards;
    }

    List<ShardRef> notOffered() {
        return notOffered;
    }

    /** Of a shard that is not offered: a run of Sluice may say why. */
    Absence absence(ShardRef shard) {
        return runs.get(0)
                .manifest()
                .run()
                .flatMap(run -> run.reason(shard.toString()))
                .map(Absence::before)
                .orElseGet(Absence::before);
    }

    List<Notice> notices() {
        return notices;
    }

    private void collect() {
        for (int age = 0; age < runs.size(); age++) {
            PortableRun run = runs.get(age);
            Map<String, Long> shardOfFile = new HashMap<>();
            Map<Long, Archive> best = new LinkedHashMap<>();
            for (Archive archive : run.manifest().files()) {
                Long other = shardOfFile.putIfAbsent(archive.fileName(), archive.shardId());
                if (other != null && other != archive.shardId()) {
                    throw new FormatDamaged(
                            run.manifestName(),
                            "names %s for two shards, %s and %s"
                                    .formatted(archive.fileName(), id(other), id(archive.shardId())));
                }
                best.merge(archive.shardId(), archive, this::better);
            }
            for (Archive archive : best.values()) {
                candidates
                        .computeIfAbsent(archive.shardId(), id -> new ArrayList<>())
                        .add(new Candidate(run, age, archive));
            }
        }
        var order = Comparator.<Candidate>comparingLong(c -> -c.archive().lastModified())
                .thenComparingInt(Candidate::age);
        candidates.values().forEach(list -> list.sort(order));
    }

    /** Of several copies in one run: the newer one; if they are alike one that is there. */
    private Archive better(Archive first, Archive second) {
        if (first.lastModified() != second.lastModified()) {
            return first.lastModified() > second.lastModified() ? first : second;
        }
        return sizes.containsKey(first.fileName()) || !sizes.containsKey(second.fileName()) ? first : second;
    }

    private void plan() {
        Map<String, List<ShardRef>> passedOver = new LinkedHashMap<>();
        Map<String, List<ShardRef>> replaced = new LinkedHashMap<>();
        List<ShardRef> chained = new ArrayList<>();
        choice.shards().forEach(shard -> {
            List<Candidate> all = candidates.get(shard.id());
            if (all == null) {
                return;
            }
            ShardRef ref = shard.ref();
            List<Candidate> taken = options.chain() ? chain(all) : List.of(newestWithFiles(all));
            Candidate last = taken.get(taken.size() - 1);
            if (taken.size() > 1) {
                chained.add(ref);
            } else if (!options.chain() && last.age() != all.get(0).age()) {
                add(passedOver, all.get(0).run(), ref);
            } else if (!options.chain() && !last.whole() && hasOlderWithFiles(all, last)) {
                add(replaced, last.run(), ref);
            }
            List<Archive> archives = taken.stream().map(Candidate::archive).toList();
            shards.add(new Shard(ref, Optional.of(shard.group().time()), archives, problem(ref, archives)));
        });
        tellOfIncrements(passedOver, replaced);
        if (!chained.isEmpty()) {
            notices.add(ChainedArchives.notice(chained));
        }
    }

    private static void add(Map<String, List<ShardRef>> byRun, PortableRun run, ShardRef ref) {
        byRun.computeIfAbsent(run.manifestName(), name -> new ArrayList<>()).add(ref);
    }

    private static Candidate newestWithFiles(List<Candidate> all) {
        for (Candidate candidate : all) {
            if (candidate.whole() || !candidate.withoutFiles()) {
                return candidate;
            }
        }
        return all.get(0);
    }

    private static boolean hasOlderWithFiles(List<Candidate> all, Candidate taken) {
        return all.stream().anyMatch(c -> c.age() > taken.age() && !c.withoutFiles());
    }

    /** From the newest that is whole for sure, or the oldest there is, up to the newest; oldest first. */
    private static List<Candidate> chain(List<Candidate> all) {
        var parts = new ArrayList<Candidate>();
        for (Candidate candidate : all) {
            if (!candidate.withoutFiles()) {
                parts.add(0, candidate);
            }
            if (candidate.whole()) {
                break;
            }
        }
        return parts.isEmpty() ? List.of(all.get(0)) : parts;
    }

    private Optional<SluiceException> problem(ShardRef ref, List<Archive> archives) {
        for (Archive archive : archives) {
            Long size = sizes.get(archive.fileName());
            if (size == null) {
                return Optional.of(new NotThere(
                        "%s, the archive of shard %s, is missing".formatted(archive.fileName(), ref),
                        "Was the backup copied whole? Select other shards with -db, -rp or -shard to do without."));
            }
            Optional<Long> expected = archive.details().map(PortableManifest.Details::storedSize);
            if (expected.isPresent() && !expected.get().equals(size)) {
                return Optional.of(new FormatDamaged(
                        archive.fileName(),
                        "has %d bytes; its manifest says %d".formatted(size, expected.get()),
                        "Was the backup copied whole? Select other shards with -db, -rp or -shard to do without."));
            }
        }
        return Optional.empty();
    }

    private void refuseProblems() {
        List<Shard> bad = shards.stream().filter(s -> s.problem().isPresent()).toList();
        if (bad.isEmpty()) {
            return;
        }
        SluiceException first = bad.get(0).problem().orElseThrow();
        if (bad.size() == 1) {
            throw first;
        }
        String message = "%s; %d more shards have such a problem: %s"
                .formatted(
                        first.getMessage(),
                        bad.size() - 1,
                        Choice.told(bad.stream().skip(1).map(Shard::ref).toList()));
        throw first instanceof NotThere
                ? new NotThere(message, first.hint())
                : new FormatDamaged("the backup", "is not complete: " + message, first.hint());
    }

    /** A selection by name of which there is nothing is a mistake; so is a backup without any shard. */
    private void requireSomething() {
        if (!shards.isEmpty()) {
            return;
        }
        List<ShardRef> expected = choice.alive(Instant.MAX);
        if (expected.isEmpty() || runs.get(0).bySluice() && selection().equals(Selection.EVERYTHING)) {
            return;
        }
        Set<String> has = choice.metastore()
                .shards()
                .filter(shard -> candidates.containsKey(shard.id()))
                .map(shard -> "'%s/%s'"
                        .formatted(shard.database().name(), shard.policy().name()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        if (has.isEmpty()) {
            throw new NotThere(
                    "the backup has no shard at all, although its metadata knows %d".formatted(expected.size()),
                    "influxd leaves such a manifest when a run fails. Look for an older backup.");
        }
        throw new NotThere(
                "the backup has no archive of what was asked for; its metadata knows " + Choice.told(expected),
                "It was made of a part of the server. It has shards of: " + String.join(", ", has));
    }

    private Selection selection() {
        return choice.selection();
    }

    private void tellOfIncrements(Map<String, List<ShardRef>> passedOver, Map<String, List<ShardRef>> replaced) {
        passedOver.forEach((run, refs) -> {
            notices.add(Notice.warning(
                    "%s was made with -since: it has no file of %s, which were taken from older runs"
                            .formatted(run, Choice.told(refs)),
                    "--chain puts the runs together. If all points of these shards were deleted between the runs, "
                            + "select other shards or delete them again."));
            List<ShardRef> parts = replaced.get(run);
            if (parts != null) {
                notices.add(Notice.missing(
                        "%s was made with -since, so its archives of %s hold only what had changed; older runs have more"
                                .formatted(run, Choice.told(parts)),
                        "Give --chain to put the runs together."));
            }
        });
    }

    private void tellOfUnknown() {
        Set<Long> known = choice.metastore().shards().map(Metastore.Located::id).collect(Collectors.toSet());
        List<String> unknown = candidates.entrySet().stream()
                .filter(entry -> !known.contains(entry.getKey()))
                .map(entry -> entry.getValue().get(0).archive().fileName())
                .sorted()
                .toList();
        if (!unknown.isEmpty() && selection().shard().isEmpty()) {
            notices.add(Notice.warning(
                    "not taken, as the newest metadata does not have their shards any more: " + Choice.list(unknown),
                    "The shards were dropped between the runs. To have them back, use the older run alone: "
                            + "move its files to a directory of their own."));
        }
    }

    /** What the metadata promises and no run has. */
    private void tellOfGaps() {
        PortableRun newest = runs.get(0);
        Set<ShardRef> planned = shards.stream().map(Shard::ref).collect(Collectors.toSet());
        Set<String> saidMissing =
                newest.manifest().run().map(run -> Set.copyOf(run.missing())).orElse(Set.of());
        for (ShardRef ref : choice.alive(newest.started().orElse(Instant.MIN))) {
            boolean said = saidMissing.contains(ref.toString());
            if (said && !planned.contains(ref)) {
                notOffered.add(ref);
            } else if (said) {
                notices.add(Notice.warning(
                        "%s could not have shard %s; it was taken from an older run"
                                .formatted(newest.manifestName(), ref),
                        ""));
            }
        }
        if (!newest.bySluice()) {
            choice.gaps(planned, newest.started().orElse(Instant.MIN)).ifPresent(notices::add);
        }
        if (newest.manifest().files().isEmpty() && !newest.bySluice() && !shards.isEmpty()) {
            notices.add(Notice.warning(
                    "%s has no shard at all; all were taken from older runs".formatted(newest.manifestName()),
                    "influxd leaves such a manifest when a run fails; its metadata is the newest nevertheless."));
        }
    }

    private static String id(long id) {
        return Long.toUnsignedString(id);
    }
}
