package dev.sluice.cli.console;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.engine.Inspection;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.TimeRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What shards hold, for people and for programs. */
public final class InspectionView {

    private static final int MOST_MEASUREMENTS = 20;
    private static final int MOST_FIELDS = 5;

    private InspectionView() {}

    /** Tables: shards, measurements of each (the largest first), encodings of all, then what is amiss. */
    public static List<String> table(Inspection inspection) {
        List<Inspection.Shard> shards = inspection.shards();
        List<String> lines = new ArrayList<>();
        lines.add(Text.clean("%s: %s, %s%s"
                .formatted(
                        inspection.source(),
                        Text.count(shards.size(), "shard"),
                        Text.bytes(shards.stream()
                                .mapToLong(Inspection.Shard::fileBytes)
                                .sum()),
                        values(inspection))));
        if (!shards.isEmpty()) {
            lines.add("");
            lines.addAll(shardTable(shards));
        }
        for (Inspection.Shard shard : shards) {
            if (!shard.measurements().isEmpty()) {
                lines.add("");
                lines.add(Text.clean(shard.ref().toString()));
                lines.addAll(measurementTable(shard));
            }
        }
        Map<String, Inspection.Amount> encodings = encodings(shards);
        if (!encodings.isEmpty()) {
            lines.add("");
            lines.addAll(encodingTable(encodings));
        }
        for (ShardOutcome missing : inspection.missing()) {
            lines.add("");
            lines.addAll(Wording.told(missing));
        }
        for (Notice notice : inspection.notices()) {
            lines.add("");
            lines.addAll(Wording.told(notice));
        }
        return lines;
    }

    private static String values(Inspection inspection) {
        return inspection.shards().stream().allMatch(shard -> shard.values().isPresent())
                ? ", %,d values"
                        .formatted(inspection.shards().stream()
                                .mapToLong(shard -> shard.values().orElseThrow())
                                .sum())
                : "";
    }

    private static List<String> shardTable(List<Inspection.Shard> shards) {
        Table table = new Table(
                "DATABASE",
                "POLICY",
                ">SHARD",
                "FIRST",
                "LAST",
                ">FILES",
                ">SIZE",
                ">SERIES",
                ">KEYS",
                ">BLOCKS",
                ">VALUES");
        for (Inspection.Shard shard : shards) {
            table.row(
                    shard.ref().database(),
                    shard.ref().policy(),
                    shard.ref().idText(),
                    shard.points().map(range -> Table.time(range.start())).orElse(""),
                    shard.points().map(range -> Table.time(range.end())).orElse(""),
                    number(shard.files()),
                    Text.bytes(shard.fileBytes()),
                    number(shard.series()),
                    number(shard.keys()),
                    number(shard.blocks().blocks()),
                    number(shard.values()));
        }
        return table.lines();
    }

    private static List<String> measurementTable(Inspection.Shard shard) {
        Table table = new Table("MEASUREMENT", ">SERIES", ">BLOCKS", ">SIZE", ">VALUES", "FIELDS");
        shard.measurements().stream()
                .sorted(Comparator.comparingLong(
                                (Inspection.Measurement each) -> each.blocks().bytes())
                        .reversed())
                .limit(MOST_MEASUREMENTS)
                .forEach(each -> table.row(
                        each.name(),
                        number(each.series()),
                        number(each.blocks().blocks()),
                        Text.bytes(each.blocks().bytes()),
                        number(each.values()),
                        fields(each.fields())));
        List<String> lines = new ArrayList<>(table.lines());
        int more = shard.measurements().size() - MOST_MEASUREMENTS;
        if (more > 0 || !shard.all()) {
            lines.add(shard.all() ? "  and %,d smaller ones; --json has them".formatted(more) : "  and more");
        }
        return lines;
    }

    private static String fields(Map<String, List<String>> fields) {
        String some = fields.entrySet().stream()
                .limit(MOST_FIELDS)
                .map(field -> field.getKey() + " " + String.join("|", field.getValue()))
                .collect(Collectors.joining(", "));
        return fields.size() <= MOST_FIELDS ? some : "%s and %,d more".formatted(some, fields.size() - MOST_FIELDS);
    }

    private static Map<String, Inspection.Amount> encodings(List<Inspection.Shard> shards) {
        Map<String, Inspection.Amount> all = new TreeMap<>();
        for (Inspection.Shard shard : shards) {
            shard.encodings().forEach((name, amount) -> all.merge(name, amount, Inspection.Amount::plus));
        }
        return all;
    }

    private static List<String> encodingTable(Map<String, Inspection.Amount> encodings) {
        Table table = new Table("ENCODING", ">BLOCKS", ">SIZE");
        encodings.forEach((name, amount) -> table.row(name, number(amount.blocks()), Text.bytes(amount.bytes())));
        return table.lines();
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String number(OptionalLong value) {
        return value.isPresent() ? number(value.getAsLong()) : "";
    }

    /** One object, on one line. */
    public static List<String> json(Inspection inspection) {
        return List.of(Json.line(to -> {
            to.writeStringField("source", inspection.source());
            to.writeBooleanField("complete", inspection.complete());
            to.writeBooleanField("damaged", inspection.damaged());
            to.writeArrayFieldStart("shards");
            for (Inspection.Shard shard : inspection.shards()) {
                shard(to, shard);
            }
            to.writeEndArray();
            Json.missing(to, inspection.missing());
            Json.notices(to, inspection.notices());
        }));
    }

    private static void shard(JsonGenerator to, Inspection.Shard shard) throws IOException {
        to.writeStartObject();
        Json.ref(to, shard.ref());
        to.writeNumberField("files", shard.files());
        to.writeNumberField("file_bytes", shard.fileBytes());
        to.writeNumberField("series", shard.series());
        to.writeNumberField("keys", shard.keys());
        Json.field(to, "values", shard.values());
        range(to, shard.points());
        amount(to, shard.blocks());
        to.writeObjectFieldStart("encodings");
        for (Map.Entry<String, Inspection.Amount> encoding : shard.encodings().entrySet()) {
            to.writeObjectFieldStart(encoding.getKey());
            amount(to, encoding.getValue());
            to.writeEndObject();
        }
        to.writeEndObject();
        to.writeBooleanField("all", shard.all());
        to.writeArrayFieldStart("measurements");
        for (Inspection.Measurement measurement : shard.measurements()) {
            to.writeStartObject();
            to.writeStringField("name", measurement.name());
            to.writeNumberField("series", measurement.series());
            Json.field(to, "values", measurement.values());
            range(to, Optional.of(measurement.points()));
            amount(to, measurement.blocks());
            to.writeObjectFieldStart("fields");
            for (Map.Entry<String, List<String>> field : measurement.fields().entrySet()) {
                to.writeArrayFieldStart(field.getKey());
                for (String type : field.getValue()) {
                    to.writeString(type);
                }
                to.writeEndArray();
            }
            to.writeEndObject();
            to.writeEndObject();
        }
        to.writeEndArray();
        to.writeEndObject();
    }

    private static void range(JsonGenerator to, Optional<TimeRange> points) throws IOException {
        Json.field(to, "first", points.map(range -> range.start().toString()));
        Json.field(to, "last", points.map(range -> range.end().toString()));
    }

    private static void amount(JsonGenerator to, Inspection.Amount amount) throws IOException {
        to.writeNumberField("blocks", amount.blocks());
        to.writeNumberField("block_bytes", amount.bytes());
    }
}
