package dev.sluice.engine.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.IntFunction;

/**
 * Sample data that touches every field type, awkward names, several policies and many shards; the same seed gives the
 * same points. Small: about {@value #POINTS_PER_SHARD} lines for each shard.
 */
public final class SampleLines {

    /** The first shard group of each policy begins here: 2026-01-05, a Monday, as weekly groups do. */
    public static final long START = 1_767_571_200_000_000_000L;

    public static final int POINTS_PER_SHARD = 60;

    private static final long HOUR = 3_600_000_000_000L;

    /**
     * A retention policy and how it is filled.
     *
     * @param shardHours the length of a shard group
     * @param shards how many groups get points
     */
    public record Policy(String database, String name, int shardHours, int shards) {}

    /** Dots, spaces, quotes, non-ASCII letters; together {@value #SHARDS} shards. */
    public static final List<Policy> POLICIES = List.of(
            new Policy("telemetry", "autogen", 24 * 7, 3),
            new Policy("telemetry", "one.day", 24, 4),
            new Policy("edge.site-7", "autogen", 24 * 7, 2),
            new Policy("edge.site-7", "raw data", 1, 5),
            new Policy("日本 \"quoted\"", "autogen", 24 * 7, 1),
            new Policy("日本 \"quoted\"", "späť.x y", 24, 3));

    public static final int SHARDS = 18;

    private SampleLines() {}

    /** A server that answers InfluxQL. */
    public interface Answering {

        /** One text for each row, {@code series{tags} column=value …}, in the server's order; times in nanoseconds. */
        List<String> rows(String influxQl, String database);
    }

    /** Creates all databases and policies on a server and writes every point. */
    public static void fill(RealInfluxd server, long seed) {
        for (Policy policy : POLICIES) {
            server.createDatabase(policy.database());
            if (!policy.name().equals("autogen")) {
                server.createRetentionPolicy(policy.database(), policy.name(), policy.shardHours() + "h");
            }
            for (int shard = 0; shard < policy.shards(); shard++) {
                server.write(policy.database(), policy.name(), lines(policy, shard, seed));
            }
        }
    }

    /** The points of one shard of a policy, as line protocol with nanoseconds. */
    public static String lines(Policy policy, int shard, long seed) {
        var random = new Random(seed + 31L * policy.hashCode() + shard);
        long length = policy.shardHours() * HOUR;
        long step = length / POINTS_PER_SHARD;
        return lines(START + shard * length, step, POINTS_PER_SHARD, random);
    }

    /** {@code count} points of all field types, {@code step} nanoseconds apart. */
    public static String lines(long start, long step, int count, Random random) {
        List<IntFunction<String>> kinds = List.of(
                i -> "cpu,host=a,region=eu\\ west usage=" + random.nextGaussian() * 40,
                i -> "cpu,host=b,region=us usage=" + i + ",steal=-0.0",
                i -> "net,iface=eth0 bytes=" + random.nextLong() + "i,errors=" + random.nextInt(3) + "i",
                i -> "flag,host=a up=" + random.nextBoolean() + ",down=" + random.nextBoolean(),
                i -> "log,host=ü text=\"" + text(random) + "\",level=\"\"",
                i -> "many\\ words\\,here,k\\=ey=v\\,al f=" + random.nextFloat() + ",i=" + Long.MIN_VALUE + "i,b=t,s=\""
                        + i + "\"");
        var lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(kinds.get(i % kinds.size()).apply(i))
                    .append(' ')
                    .append(start + i * step)
                    .append('\n');
        }
        return lines.toString();
    }

    private static String text(Random random) {
        String[] words = {"reset by peer", "日本語", "say \\\"hi\\\"", "back\\\\slash", "tab\tand, comma=equals", "é"};
        var text = new StringBuilder();
        for (int i = random.nextInt(4); i >= 0; i--) {
            text.append(words[random.nextInt(words.length)]).append(' ');
        }
        return text.append(Long.toHexString(random.nextLong())).toString();
    }

    /**
     * What a server answers about one policy: every point of every series, as sorted rows. Two servers that hold the same
     * data give equal lists, whatever order their series have.
     */
    public static List<String> answers(Answering server, String database, String policy) {
        return List.copyOf(new TreeSet<>(
                server.rows("SELECT * FROM " + RealInfluxd.identifier(policy) + "./.*/ GROUP BY *", database)));
    }

    /** The same about everything that {@link #fill} writes, each row with its database and policy in front. */
    public static List<String> answers(RealInfluxd server) {
        var all = new ArrayList<String>();
        for (Policy policy : POLICIES) {
            for (String row : answers(server, policy.database(), policy.name())) {
                all.add(policy.database() + '/' + policy.name() + ' ' + row);
            }
        }
        return all;
    }
}
