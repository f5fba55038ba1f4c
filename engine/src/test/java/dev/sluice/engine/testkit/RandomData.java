package dev.sluice.engine.testkit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A life of a server by chance: databases and policies with awkward names, points of all types at awkward times, some of
 * them overwritten or deleted, in files of several generations and in the log. The same seed lives the same life.
 */
public final class RandomData {

    private static final long HOUR = 3_600_000_000_000L;
    private static final List<String> NAMES = List.of(
            "plain",
            "a.b.00001",
            " blank ",
            "quo\"te's",
            "日本 ü",
            "100%25",
            "com,ma=",
            "#hash",
            "select",
            "data",
            "~",
            "semi;colon",
            "$HOME",
            "-rf",
            "e\u0301",
            "manifest");
    private static final List<String> MEASUREMENTS =
            List.of("cpu", "m,c o=m", "\"q\"", "select", "日本", "b\\s", "a.b", "'s'", "time", "x".repeat(300));
    private static final List<String> TAGS = List.of("host", "a b", "c,d=e", "ü", "\"q\"", "from");
    private static final List<String> TAG_VALUES =
            List.of("a", "b", "a b", "c,d=e", "ü", "\"q\"", "\\x", " blank ", "1", "v".repeat(400));
    private static final List<String> FIELDS = List.of("value", "f g", "h,i=j", "\"r\"", "é", "where", "x.y");
    private static final List<String> FLOATS = List.of(
            "0",
            "-0",
            "1",
            "5e-324",
            "2.2250738585072014e-308",
            "-1.7976931348623157e308",
            "1e21",
            "123456789012345678",
            "0.1",
            "9007199254740993",
            "4.35");
    private static final List<String> INTEGERS =
            List.of("0i", "-1i", "9223372036854775807i", "-9223372036854775808i", "4611686018427387904i", "60i");
    private static final List<String> TEXTS = List.of(
            "",
            "say \\\"hi\\\"",
            "back\\\\slash",
            "end\\\\",
            "new\nline",
            "\r\n",
            "tab\t",
            "# no comment",
            "a,b=c 1i",
            "ü😀",
            "\u0001\u007f",
            "x".repeat(20_000),
            "CREATE DATABASE x");

    private final Random random;
    private final Map<String, Map<String, Long>> policies = new TreeMap<>();

    /** @param seed of everything that happens */
    public RandomData(long seed) {
        random = new Random(seed);
    }

    /** One of these. */
    public <T> T pick(List<T> choice) {
        return choice.get(random.nextInt(choice.size()));
    }

    /** Makes databases, unless there are some already, and lets {@code steps} things happen to them. */
    public void live(RealInfluxd server, int steps) {
        if (policies.isEmpty()) {
            make(server);
        }
        for (int i = 0; i < steps; i++) {
            switch (random.nextInt(10)) {
                case 0, 1 -> delete(server);
                case 2 -> server.influxdBackup(server.home().resolve("flush").toString()); // its metastore alone
                case 3 -> {
                    server.stop();
                    server.start();
                }
                default -> write(server);
            }
        }
    }

    private void make(RealInfluxd server) {
        for (String database : some(NAMES, 2)) {
            var own = new TreeMap<>(Map.of("autogen", 168 * HOUR));
            server.createDatabase(database);
            for (String policy : some(NAMES, 1 + random.nextInt(2))) {
                long hours = pick(List.of(1L, 25L, 72L));
                server.createRetentionPolicy(database, policy, hours + "h");
                own.put(policy, hours * HOUR);
            }
            policies.put(database, own);
        }
    }

    private void write(RealInfluxd server) {
        String database = pick(List.copyOf(policies.keySet()));
        Map<String, Long> own = policies.getOrDefault(database, Map.of());
        String policy = pick(List.copyOf(own.keySet()));
        long group = own.getOrDefault(policy, HOUR);
        long base = Math.floorDiv(pick(List.of(SampleLines.START, 0L, -HOUR * 9_000, HOUR * 900_000)), group) * group;
        long step = pick(List.of(1L, 1_000_000_000L, 7_000_000_001L, group / 20));
        List<String> series = new ArrayList<>();
        for (int i = 1 + random.nextInt(5); i > 0; i--) {
            series.add(series());
        }
        var lines = new StringBuilder();
        int count = pick(List.of(1, 20, 300));
        for (int i = 0; i < count; i++) {
            String fields = some(FIELDS, 1 + random.nextInt(3)).stream()
                    .map(this::field)
                    .collect(Collectors.joining(","));
            long border = pick(List.of(-1L, 0L, group - 1, group));
            long time = base + (random.nextInt(4) == 0 ? border : i * step);
            lines.append(pick(series))
                    .append(' ')
                    .append(fields)
                    .append(' ')
                    .append(time)
                    .append('\n');
        }
        server.write(database, policy, lines.toString());
    }

    private String series() {
        var series = new StringBuilder(pick(MEASUREMENTS).replaceAll("[, ]", "\\\\$0"));
        for (String tag : some(TAGS, random.nextInt(4))) {
            series.append(',').append(escaped(tag)).append('=').append(escaped(pick(TAG_VALUES)));
        }
        return series.toString();
    }

    private String field(String name) {
        boolean often = random.nextBoolean();
        return escaped(name)
                + '='
                + switch (type(name)) {
                    case "float" -> often ? pick(FLOATS) : Double.toString(random.nextGaussian());
                    case "integer" -> often ? pick(INTEGERS) : random.nextLong() + "i";
                    case "boolean" -> Boolean.toString(often);
                    default -> '"' + (often ? pick(TEXTS) : Long.toHexString(random.nextLong())) + '"';
                };
    }

    /** One for each name, as a shard takes no second one. */
    private static String type(String field) {
        return List.of("float", "integer", "boolean", "string").get(FIELDS.indexOf(field) % 4);
    }

    private static String escaped(String name) {
        return name.replaceAll("[,= ]", "\\\\$0");
    }

    private void delete(RealInfluxd server) {
        String from = RealInfluxd.identifier(pick(MEASUREMENTS));
        String where = random.nextBoolean()
                ? "host = '" + pick(List.of("a", "b")) + "'"
                : "time < " + (SampleLines.START + random.nextInt(200) * 1_000_000_000L);
        server.query("DELETE FROM " + from + " WHERE " + where, pick(List.copyOf(policies.keySet())));
    }

    private <T> List<T> some(List<T> choice, int count) {
        var shuffled = new ArrayList<>(choice);
        Collections.shuffle(shuffled, random);
        return shuffled.subList(0, count);
    }

    /** What a server has of these databases: sorted rows by database, policy and field. */
    public Map<String, List<String>> answers(RealInfluxd server) {
        var answers = new TreeMap<String, List<String>>();
        policies.forEach((database, own) -> own.keySet().forEach(policy -> {
            String from = " FROM " + RealInfluxd.identifier(policy) + "./.*/";
            for (String field : FIELDS) {
                // Tags as columns: a key that only deleted series had looks like one that is not there.
                List<String> rows = server.rows(
                        "SELECT %s::%s, *::tag%s".formatted(RealInfluxd.identifier(field), type(field), from),
                        database);
                if (!rows.isEmpty()) {
                    answers.put(
                            database + '/' + policy + ' ' + field,
                            rows.stream().sorted().toList());
                }
            }
        }));
        return answers;
    }
}
