package dev.sluice.engine.source;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Several archives of one shard as one: each file name once, from the newest archive that has it, and all tombstones
 * before all data files, as a tombstone may be newer than the file it belongs to.
 *
 * <p>Why that is right: as long as a file is there, no other gets its name, and its tombstone only grows. A server that is
 * started when the last files of a shard are gone gives their names anew: a data file without a tombstone is then newer than
 * the tombstone of an older archive, which is not taken. What it cannot know is which files went away between the archives.
 *
 * <p>Each archive is read up to three times: for the names, for tombstones if it has some that count, for data.
 */
final class ChainedArchives {

    private static final String TOMBSTONE = ".tombstone";

    private final List<StoredArchive> archives;

    private ChainedArchives(List<StoredArchive> oldestFirst) {
        this.archives = oldestFirst;
    }

    /**
     * The parts of a shard; one archive is passed on as it is. Cold; the subscriber releases the parts.
     *
     * @param oldestFirst at least one
     */
    static Flux<ShardPart> parts(List<StoredArchive> oldestFirst) {
        return oldestFirst.size() == 1 ? oldestFirst.get(0).parts() : new ChainedArchives(oldestFirst).parts();
    }

    /** What is to be said of shards that were put together. */
    static Notice notice(List<ShardRef> shards) {
        return Notice.warning(
                "put together from several runs: " + Choice.told(shards),
                "Files that the server compacted or deleted between the runs cannot be told from files that did not "
                        + "change: points deleted since the first of them may come back.");
    }

    private Flux<ShardPart> parts() {
        return Flux.range(0, archives.size())
                .concatMap(index -> archives.get(index).names().map(names -> Map.entry(index, names)), 0)
                .collect(
                        HashMap<String, Integer>::new,
                        (newest, found) -> found.getValue().forEach(name -> newest.put(name, found.getKey())))
                .doOnNext(newest -> newest.keySet().removeIf(name -> isOfAFileBefore(name, newest)))
                .flatMapMany(this::merged);
    }

    /** A tombstone is younger than its file, so an archive that has the file because it is new has the tombstone too. */
    private static boolean isOfAFileBefore(String name, Map<String, Integer> newest) {
        if (!name.endsWith(TOMBSTONE)) {
            return false;
        }
        Integer data = newest.get(name.substring(0, name.length() - TOMBSTONE.length()) + ".tsm");
        return data != null && data > newest.getOrDefault(name, data);
    }

    private Flux<ShardPart> merged(Map<String, Integer> newest) {
        var files = new AtomicInteger();
        return Flux.concat(
                        passes(newest, name -> name.endsWith(TOMBSTONE)),
                        passes(newest, name -> !name.endsWith(TOMBSTONE)))
                .doOnNext(part -> {
                    if (part instanceof ShardPart.FileEnd) {
                        files.incrementAndGet();
                    }
                })
                .concatWith(Mono.fromSupplier(() -> new ShardPart.ShardEnd(files.get())));
    }

    private Flux<ShardPart> passes(Map<String, Integer> newest, Predicate<String> kind) {
        return Flux.concat(IntStream.range(0, archives.size())
                .filter(index -> newest.entrySet().stream()
                        .anyMatch(file -> file.getValue() == index && kind.test(file.getKey())))
                .mapToObj(index -> only(
                        archives.get(index).parts(),
                        name -> kind.test(name) && Integer.valueOf(index).equals(newest.get(name))))
                .toList());
    }

    /** The files that are wanted, without the end of the shard; the others are read and dropped. */
    private static Flux<ShardPart> only(Flux<ShardPart> parts, Predicate<String> wanted) {
        return Flux.defer(() -> {
            boolean[] passing = {false};
            return parts.filter(part -> {
                if (part instanceof ShardPart.FileStart file) {
                    passing[0] = wanted.test(file.name());
                }
                boolean pass = passing[0] && !(part instanceof ShardPart.ShardEnd);
                if (!pass) {
                    part.release();
                }
                return pass;
            });
        });
    }
}
