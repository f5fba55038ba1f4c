package dev.sluice.engine.target;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** What came of the shards of one restore that went as points over HTTP. Any thread may tell and ask. */
final class PointsAccount {

    private static final Comparator<ShardRef> BY_NAME = Comparator.comparing(ShardRef::toString);

    private final Map<ShardRef, PointWriter.Written> written = new ConcurrentSkipListMap<>(BY_NAME);

    /** Shards of whose points only a part was written so far, and how many. */
    private final Map<ShardRef, Long> begun = new ConcurrentSkipListMap<>(BY_NAME);

    /** An attempt has ended early; {@code points} of it are there. */
    void takenSoFar(ShardRef shard, long points) {
        if (points > 0) {
            begun.merge(shard, points, Math::max);
        }
    }

    void done(ShardRef shard, PointWriter.Written all) {
        begun.remove(shard);
        written.put(shard, all);
    }

    /** What is to be said of those that went, whole or not. */
    List<Notice> notices() {
        List<Notice> all = new ArrayList<>();
        if (!written.isEmpty()) {
            long count = written.values().stream()
                    .mapToLong(PointWriter.Written::points)
                    .sum();
            all.add(Notice.note(
                    "%d points went over HTTP, as the server's shard groups span other times: %s"
                            .formatted(count, LiveTarget.names(written.keySet())),
                    ""));
        }
        written.forEach((shard, done) -> all.addAll(amiss(shard, done)));
        all.addAll(brokenOff());
        return all;
    }

    private static List<Notice> amiss(ShardRef shard, PointWriter.Written done) {
        List<Notice> all = new ArrayList<>();
        if (done.rejected() > 0) {
            all.add(Notice.missing(
                    "%d points of shard %s were not taken: %s"
                            .formatted(done.rejected(), shard, String.join("; ", done.reasons())),
                    "'sluice copy -shard %s --rejects FILE FROM http://HOST:8086' keeps them in a file."
                            .formatted(shard.idText())));
        }
        done.damage()
                .forEach(damage -> all.add(Notice.damaged(
                        "points of shard %s are not written: %s".formatted(shard, damage),
                        "Take the shard from another backup if there is one.")));
        return all;
    }

    /** Of which a part is there, and what that means. */
    List<Notice> brokenOff() {
        return begun.entrySet().stream()
                .map(shard -> Notice.warning(
                        "shard %s was broken off with %d of its points written over HTTP"
                                .formatted(shard.getKey(), shard.getValue()),
                        "They stay. The same restore writes them again, without harm."))
                .toList();
    }
}
