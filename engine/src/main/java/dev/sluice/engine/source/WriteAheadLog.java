package dev.sluice.engine.source;

import dev.sluice.engine.format.OpenFile;
import dev.sluice.engine.format.TsmName;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.FileBytes;
import dev.sluice.engine.tsm.Scratch;
import dev.sluice.engine.tsm.WalReader;
import dev.sluice.engine.tsm.WalReplay;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The write-ahead log of a stopped server's shard: what a server would read at its start. Its values win over those of
 * all data files, so the files made of it get generations above theirs. Blocking.
 *
 * @param segments {@code _00001.wal} and so on, in their order
 * @param bytes of them
 * @param modified when the last of them was
 */
public record WriteAheadLog(ShardRef shard, List<Path> segments, long bytes, Instant modified) {

    /** What a scratch directory for its files has to have. */
    public static final String ROOM =
            "The write-ahead log of a shard has to fit there, as TSM; --scratch names another directory.";

    private static final int MODE = 0644;

    public WriteAheadLog {
        segments = List.copyOf(segments);
    }

    /** The log that lies below {@code walDir}; empty if there is none. */
    public static WriteAheadLog find(Path walDir, ShardRef shard) throws IOException {
        Path directory =
                walDir.resolve(shard.database()).resolve(shard.policy()).resolve(shard.idText());
        List<Path> segments = new ArrayList<>();
        long bytes = 0;
        Instant modified = Instant.EPOCH;
        if (Files.isDirectory(directory)) {
            try (Stream<Path> all = Files.list(directory)) {
                for (Path file : all.filter(WriteAheadLog::isSegment).sorted().toList()) {
                    segments.add(file);
                    bytes += Files.size(file);
                    Instant time = Files.getLastModifiedTime(file).toInstant();
                    modified = time.isAfter(modified) ? time : modified;
                }
            }
        }
        return new WriteAheadLog(shard, segments, bytes, modified);
    }

    private static boolean isSegment(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith("_") && name.endsWith(".wal") && Files.isRegularFile(file);
    }

    /** Whether nothing stands in it. */
    public boolean isEmpty() {
        return bytes == 0;
    }

    /**
     * Files made of a log.
     *
     * @param names in their order, none if all was deleted again
     * @param found what was amiss
     */
    public record Replayed(List<String> names, List<Notice> found) {
        public Replayed {
            names = List.copyOf(names);
            found = List.copyOf(found);
        }
    }

    /**
     * Makes TSM files of it, deletes applied.
     *
     * @param taken names of the shard's data files
     */
    public Replayed replay(Path directory, List<String> taken) throws IOException {
        SortedMap<String, FileBytes> bytes = new TreeMap<>();
        segments.forEach(segment -> bytes.put(segment.getFileName().toString(), () -> Files.newInputStream(segment)));
        List<String> names = new ArrayList<>();
        long above = highestGeneration(taken);
        WalReplay.Result result = WalReplay.toTsm(
                bytes,
                () -> {
                    String name = new TsmName(above + 1 + names.size(), 1).toString();
                    names.add(name);
                    return FileChannel.open(
                            directory.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                },
                Scratch.in(directory));
        return new Replayed(names, found(result));
    }

    /**
     * Opens one of its files, as a server would send it.
     *
     * @param directory where it was made
     */
    public OpenFile open(Path directory, String name) throws IOException {
        return OpenFile.open(directory.resolve(name), shard + "/" + name, modified, MODE);
    }

    private static long highestGeneration(List<String> names) {
        long highest = 0;
        for (String name : names) {
            int dash = name.indexOf('-');
            if (name.endsWith(".tsm") && dash > 0 && dash <= 18) {
                String digits = name.substring(0, dash);
                if (digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
                    highest = Math.max(highest, Long.parseLong(digits));
                }
            }
        }
        return highest;
    }

    private List<Notice> found(WalReplay.Result result) {
        List<Notice> found = new ArrayList<>();
        new TreeMap<>(result.damaged()).forEach((name, end) -> found.add(notice(name, end)));
        if (result.refused() > 0) {
            found.add(Notice.warning(
                    "%,d values in the write-ahead log of shard %s were left out: NaN, of another type than their field, or of no field"
                            .formatted(result.refused(), shard),
                    "A server would not have taken them."));
        }
        return found;
    }

    /** A cut end is what a crash leaves; anything else hides entries that were acknowledged. */
    private Notice notice(String segment, WalReader.Segment end) {
        return end.torn()
                ? Notice.warning(
                        "%s of shard %s ends in the middle of an entry, after byte %d; influxd would cut it there too"
                                .formatted(segment, shard, end.end()),
                        "Nothing to do: the last write was never acknowledged.")
                : Notice.damaged(
                        "%s of shard %s is damaged at byte %d: %s; what follows in it is not read"
                                .formatted(segment, shard, end.end(), end.problem()),
                        "influxd would cut it there too. Look for a backup of the file.");
    }
}
