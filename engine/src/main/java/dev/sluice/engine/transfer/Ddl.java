package dev.sluice.engine.transfer;

import dev.sluice.engine.line.InfluxQl;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Mapping;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The lines before the points: a comment with the span of time, and statements that make databases and policies. */
final class Ddl {

    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .appendValue(ChronoField.YEAR, 4)
            .appendPattern("-MM-dd'T'HH:mm:ssXXX")
            .toFormatter();

    private Ddl() {}

    /** As {@code influx_inspect} has it: whole seconds, in the zone of the process. */
    static String heading(Window window, ZoneId zone) {
        return "# INFLUXDB EXPORT: %s - %s\n".formatted(time(window.start(), zone), time(window.end(), zone));
    }

    /**
     * One statement a line; none for a database without policies.
     *
     * @param mapping new names for the places
     */
    static String statements(List<Place> places, Optional<Metastore> metastore, Mapping mapping) {
        Map<String, List<String>> databases = new LinkedHashMap<>();
        places.forEach(place -> databases
                .computeIfAbsent(place.database(), name -> new ArrayList<>())
                .add(place.policy()));
        var text = new StringBuilder();
        databases.forEach((database, policies) -> {
            Optional<Metastore.Database> known = metastore.flatMap(m -> m.find(database));
            known.ifPresentOrElse(
                    d -> full(d, policies, mapping, text), () -> plain(database, policies, mapping, text));
        });
        return text.toString();
    }

    /** As influx_inspect 1.12 does it, which knows nothing but names: infinite, and autogen is the default. */
    private static void plain(String database, List<String> found, Mapping mapping, StringBuilder text) {
        String name = InfluxQl.identifier(mapping.database().orElse(database));
        List<String> policies =
                found.stream().map(policy -> mapping.policy().orElse(policy)).toList();
        if (policies.size() == 1) {
            text.append("CREATE DATABASE %s WITH NAME %s\n".formatted(name, InfluxQl.identifier(policies.get(0))));
            return;
        }
        text.append("CREATE DATABASE %s WITH NAME autogen\n".formatted(name));
        policies.stream()
                .filter(policy -> !policy.equals("autogen"))
                .forEach(policy -> text.append("CREATE RETENTION POLICY %s ON %s DURATION 0s REPLICATION 1\n"
                        .formatted(InfluxQl.identifier(policy), name)));
    }

    /** The default policy is made with the database, so that no other one becomes it; the others that have points. */
    private static void full(Metastore.Database database, List<String> policies, Mapping mapping, StringBuilder text) {
        String name = InfluxQl.identifier(mapping.database().orElse(database.name()));
        Optional<Metastore.Policy> byDefault = database.find(database.defaultPolicy());
        byDefault.ifPresentOrElse(
                policy -> text.append("CREATE DATABASE %s WITH %s NAME %s\n"
                        .formatted(
                                name,
                                settings(policy),
                                InfluxQl.identifier(
                                        policies.contains(policy.name())
                                                ? mapping.policy().orElse(policy.name())
                                                : policy.name()))),
                () -> text.append("CREATE DATABASE %s\n".formatted(name)));
        for (String policy : policies) {
            if (!policy.equals(database.defaultPolicy())) {
                text.append("CREATE RETENTION POLICY %s ON %s %s\n"
                        .formatted(
                                InfluxQl.identifier(mapping.policy().orElse(policy)),
                                name,
                                database.find(policy).map(Ddl::settings).orElse("DURATION 0s REPLICATION 1")));
            }
        }
    }

    private static String settings(Metastore.Policy policy) {
        return "DURATION %s REPLICATION %s SHARD DURATION %s"
                .formatted(span(policy.duration()), Math.max(1, policy.replicaN()), span(policy.shardGroupDuration()));
    }

    private static String span(Duration duration) {
        return duration.toNanosPart() == 0 ? duration.toSeconds() + "s" : duration.toNanos() + "ns";
    }

    private static String time(long nanos, ZoneId zone) {
        Instant instant =
                Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
        return TIME.format(instant.atZone(zone));
    }
}
