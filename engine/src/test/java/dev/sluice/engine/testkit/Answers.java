package dev.sluice.engine.testkit;

import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.ShardInfo;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Well-formed answers of the snapshot service, built without the code that is to be tested with them. */
public final class Answers {

    /** How long a shard group of {@link #metadata} is. */
    public static final long GROUP_NANOS = 7L * 24 * 3600 * 1_000_000_000;

    private static final long MAGIC = 0x59590101L;

    private Answers() {}

    /** The answer to a metastore request: magic, length, blob, length, {@code null} and a newline. */
    public static byte[] metastore(byte[] protobuf) {
        byte[] node = "null\n".getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(24 + protobuf.length + node.length)
                .putLong(MAGIC)
                .putLong(protobuf.length)
                .put(protobuf)
                .putLong(node.length)
                .put(node)
                .array();
    }

    /**
     * A metastore that has these shards, each in a group of its own: week {@code n} of 1970 for the shard with id
     * {@code n}. A database's first policy is its default.
     */
    public static byte[] metadata(ShardRef... shards) {
        Map<String, Map<String, List<ShardRef>>> tree = Arrays.stream(shards)
                .collect(Collectors.groupingBy(
                        ShardRef::database,
                        LinkedHashMap::new,
                        Collectors.groupingBy(ShardRef::policy, LinkedHashMap::new, Collectors.toList())));
        long last = Arrays.stream(shards).mapToLong(ShardRef::id).max().orElse(0);
        var data = Data.newBuilder()
                .setTerm(0)
                .setIndex(7)
                .setClusterId(1277336881205678552L)
                .setMaxNodeId(0)
                .setMaxShardGroupId(last)
                .setMaxShardId(last);
        tree.forEach((database, policies) -> {
            var info = DatabaseInfo.newBuilder()
                    .setName(database)
                    .setDefaultRetentionPolicy(policies.keySet().iterator().next());
            policies.forEach((policy, refs) -> info.addRetentionPolicies(policy(policy, refs)));
            data.addDatabases(info);
        });
        return data.build().toByteArray();
    }

    private static RetentionPolicyInfo policy(String name, List<ShardRef> refs) {
        var policy = RetentionPolicyInfo.newBuilder()
                .setName(name)
                .setDuration(0)
                .setShardGroupDuration(GROUP_NANOS)
                .setReplicaN(1);
        for (ShardRef ref : refs) {
            policy.addShardGroups(ShardGroupInfo.newBuilder()
                    .setId(ref.id())
                    .setStartTime(ref.id() * GROUP_NANOS)
                    .setEndTime((ref.id() + 1) * GROUP_NANOS)
                    .setDeletedAt(0)
                    .addShards(ShardInfo.newBuilder().setId(ref.id())));
        }
        return policy.build();
    }

    /** The answer to a database or policy request; with no shard {@code {"Paths":null}}. */
    public static byte[] pathList(ShardRef... shards) {
        String paths = shards.length == 0
                ? "null"
                : Arrays.stream(shards)
                        .map(s -> "\"" + s.toString().replace("\"", "\\\"") + "\"")
                        .collect(Collectors.joining(",", "[", "]"));
        return ("{\"Paths\":" + paths + "}\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The answer to a shard request: files by name in the map's order, then two zero blocks. */
    public static byte[] shard(ShardRef shard, Map<String, byte[]> files) {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                var entry = new TarArchiveEntry(shard + "/" + file.getKey());
                entry.setSize(file.getValue().length);
                entry.setMode(0644);
                entry.setModTime(Instant.ofEpochSecond(1_600_000_000).toEpochMilli());
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A shard of {@code count} files with random content of that size, always the same for a seed. */
    public static byte[] shard(ShardRef shard, long seed, int count, int size) {
        return shard(shard, files(seed, count, size));
    }

    /** Files that a server can open: {@code count} of them with a thousand points each, always the same for a seed. */
    public static Map<String, byte[]> tsmFiles(long seed, int count) {
        var random = new Random(seed);
        var files = new LinkedHashMap<String, byte[]>();
        for (int i = 1; i <= count; i++) {
            var bytes = new ByteArrayOutputStream();
            try (var writer = new TsmWriter(Channels.newChannel(bytes))) {
                long start = i * 1_000_000L;
                writer.write(
                        "m,host=a#!~#f".getBytes(StandardCharsets.UTF_8),
                        TsmBlock.ofFloats(
                                LongStream.range(start, start + 1000).toArray(),
                                random.doubles(1000).toArray()));
                writer.finish();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            files.put("%09d-000000001.tsm".formatted(i), bytes.toByteArray());
        }
        return files;
    }

    /** The files of {@link #shard(ShardRef, long, int, int)}. */
    public static Map<String, byte[]> files(long seed, int count, int size) {
        var random = new Random(seed);
        var files = new LinkedHashMap<String, byte[]>();
        for (int i = 1; i <= count; i++) {
            byte[] content = new byte[size];
            random.nextBytes(content);
            files.put("%09d-000000001.tsm".formatted(i), content);
        }
        return files;
    }
}
