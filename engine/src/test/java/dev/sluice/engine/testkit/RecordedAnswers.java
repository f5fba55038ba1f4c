package dev.sluice.engine.testkit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/** What the servers that made the recorded backups answered, and the same questions for another server. */
public final class RecordedAnswers {

    private RecordedAnswers() {}

    /** The directory of a recorded backup. */
    public static Path backup(String version, String name) {
        try {
            return Path.of(RecordedAnswers.class
                    .getResource("/fixtures/backups/%s/%s".formatted(version, name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Rows by {@code database/policy/measurement}.
     *
     * @param name of the file, such as {@code answers-deletes}
     */
    public static Map<String, List<String>> of(String version, String name) {
        try (JsonParser json =
                new JsonFactory().createParser(backup(version, name + ".json").toFile())) {
            json.nextToken();
            var answers = new LinkedHashMap<String, List<String>>();
            var all = (Map<?, ?>) Objects.requireNonNull(RealInfluxd.tree(json));
            all.forEach((key, series) -> answers.put(
                    (String) key, RealInfluxd.flattened(Map.of("results", List.of(Map.of("series", series))))));
            return answers;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a server says to the same questions, as far as it has the database. */
    public static Map<String, List<String>> asked(RealInfluxd server, Map<String, List<String>> like) {
        var answers = new LinkedHashMap<String, List<String>>();
        like.keySet().forEach(key -> answers.put(key, ask(server, key)));
        return answers;
    }

    /** Those whose key a test wants. */
    public static Map<String, List<String>> where(Map<String, List<String>> answers, Predicate<String> key) {
        var some = new LinkedHashMap<>(answers);
        some.keySet().removeIf(key.negate());
        return some;
    }

    private static List<String> ask(RealInfluxd server, String key) {
        String[] names = key.split("/", 3);
        String fields = names[2].equals("cpu")
                ? "count(usage),sum(ctx),mean(usage),first(usage),last(usage)"
                : "count(msg),sum(sev),last(msg)";
        String from = RealInfluxd.identifier(names[1]) + "." + RealInfluxd.identifier(names[2]);
        return new ArrayList<>(server.rows("SELECT %s FROM %s GROUP BY host".formatted(fields, from), names[0]));
    }
}
