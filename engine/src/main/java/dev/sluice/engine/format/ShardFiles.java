package dev.sluice.engine.format;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.TsmFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of shards in a data directory. Every method blocks.
 */
public final class ShardFiles {

    private static final Logger log = LoggerFactory.getLogger(ShardFiles.class);
    private static final String TSM = ".tsm";
    private static final String TOMBSTONE = ".tombstone";
    private static final long NANOS = 1_000_000_000L;

    private static final String SERIES = "_series";

    /** A shard's directory, or what a restore that has not ended has put beside its place. */
    private static final Pattern NUMBER = Pattern.compile("([0-9]{1,18})(\\..*)?");

    private final Path dataDir;

    /** @param dataDir {@code [data] dir} of a server's configuration */
    public ShardFiles(Path dataDir) {
        this.dataDir = dataDir;
    }

    /** Whether the shard has a directory. */
    public boolean exists(ShardRef shard) {
        return Files.isDirectory(directory(shard));
    }

    /** Where a file of a shard is. */
    public Path file(ShardRef shard, String name) {
        return directory(shard).resolve(name);
    }

    /** Where a shard's files are. */
    public Path directory(ShardRef shard) {
        // Names are checked: none is a path of its own.
        return dataDir.resolve(shard.database()).resolve(shard.policy()).resolve(shard.idText());
    }

    /** The directories of all shards, whether a metastore knows them or not; none if the data directory does not exist. */
    public List<Path> all() throws IOException {
        return numbered().stream()
                .filter(path -> path.getFileName().toString().indexOf('.') < 0)
                .toList();
    }

    /** The greatest id that is taken, by a shard or by a restore that has not ended; 0 if there is none. */
    public long greatestId() throws IOException {
        long greatest = 0;
        for (Path shard : numbered()) {
            String name = shard.getFileName().toString();
            int dot = name.indexOf('.');
            greatest = Math.max(greatest, Long.parseLong(dot < 0 ? name : name.substring(0, dot)));
        }
        return greatest;
    }

    /** What restores have put beside the places of shards, with this ending, and not moved there yet. */
    public List<Path> beside(String ending) throws IOException {
        return numbered().stream()
                .filter(path -> path.getFileName().toString().endsWith(ending))
                .sorted()
                .toList();
    }

    private List<Path> numbered() throws IOException {
        var numbered = new ArrayList<Path>();
        for (Path database : directories(dataDir)) {
            for (Path policy : directories(database)) {
                if (!policy.endsWith(SERIES)) {
                    directories(policy).stream()
                            .filter(shard -> NUMBER.matcher(shard.getFileName().toString())
                                    .matches())
                            .forEach(numbered::add);
                }
            }
        }
        return numbered;
    }

    private static List<Path> directories(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(Files::isDirectory).toList();
        }
    }

    /** Names of data files and tombstones, in the order in which a server sends them. */
    public List<String> list(ShardRef shard) throws IOException {
        try (Stream<Path> files = Files.list(directory(shard))) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(TSM) || name.endsWith(TOMBSTONE))
                    .sorted() // digits and ASCII letters: the order of chars is that of bytes
                    .toList();
        }
    }

    /** Those that were modified later than {@code since}, to the nanosecond. */
    public List<String> listSince(ShardRef shard, Instant since) throws IOException {
        var changed = new ArrayList<String>();
        for (String name : list(shard)) {
            if (Files.getLastModifiedTime(file(shard, name)).toInstant().isAfter(since)) {
                changed.add(name);
            }
        }
        return changed;
    }

    /**
     * Those that may hold points from {@code start} to {@code end}, both included: data files by the times in their
     * index, and the tombstones of these.
     */
    public List<String> listWithin(ShardRef shard, Instant start, Instant end) throws IOException {
        long from = nanos(start);
        long to = nanos(end);
        List<String> all = list(shard);
        var outside = new HashSet<String>();
        for (String name : all) {
            if (name.endsWith(TSM) && !overlaps(file(shard, name), from, to)) {
                outside.add(base(name));
            }
        }
        return all.stream().filter(name -> !outside.contains(base(name))).toList();
    }

    private static String base(String name) {
        return name.substring(0, name.lastIndexOf('.'));
    }

    private static boolean overlaps(Path file, long from, long to) throws IOException {
        try (var channel = FileChannel.open(file)) {
            TsmFile.Summary summary = TsmFile.open(channel).summary();
            return summary.minTime() <= to && summary.maxTime() >= from;
        } catch (TsmDamaged e) {
            // Left out, it would be missed by nobody; sent, the receiver sees what it is.
            log.warn("{} is sent although its times are unknown: {}", file, e.getMessage());
            return true;
        }
    }

    private static long nanos(Instant time) {
        try {
            return Math.addExact(Math.multiplyExact(time.getEpochSecond(), NANOS), time.getNano());
        } catch (ArithmeticException e) {
            return time.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /** @throws NoSuchFileException with the path, if the file vanished since it was listed */
    public OpenFile open(ShardRef shard, String name) throws IOException {
        return OpenFile.open(file(shard, name), shard + "/" + name);
    }
}
