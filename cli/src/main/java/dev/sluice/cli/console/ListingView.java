package dev.sluice.cli.console;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.engine.Listing;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** A listing, for people and for programs. */
public final class ListingView {

    private ListingView() {}

    /** Tables: restore points, then shards, then what is amiss. */
    public static List<String> table(Listing listing) {
        List<String> lines = new ArrayList<>();
        lines.add(Text.clean("%s: %s, %s"
                .formatted(
                        listing.source(),
                        Text.count(listing.shards().size(), "shard"),
                        listing.complete() ? "complete" : "NOT complete")));
        if (!listing.runs().isEmpty()) {
            Table runs = new Table("RESTORE POINT", "KIND", ">SHARDS", ">RAW", ">STORED", "STATE");
            for (Listing.Run run : listing.runs()) {
                runs.row(
                        run.started().map(ListingView::time).orElse(run.name()),
                        run.kind().orElse("by influxd"),
                        Integer.toString(run.shards()),
                        Text.bytes(run.rawBytes()),
                        bytes(run.storedBytes()),
                        run.missing().isEmpty() ? "complete" : run.missing().size() + " missing");
            }
            lines.add("");
            lines.addAll(runs.lines());
        }
        if (!listing.shards().isEmpty()) {
            Table shards = new Table("DATABASE", "POLICY", ">SHARD", "FROM", "TO", ">RAW", ">STORED", "CODEC", "RUN");
            for (Listing.Shard shard : listing.shards()) {
                shards.row(
                        shard.ref().database(),
                        shard.ref().policy(),
                        shard.ref().idText(),
                        shard.time().map(range -> time(range.start())).orElse(""),
                        shard.time().map(range -> time(range.end())).orElse(""),
                        bytes(shard.rawBytes()),
                        bytes(shard.storedBytes()),
                        shard.codec().orElse(""),
                        listing.runs().size() > 1 ? shard.run().orElse("") : "");
            }
            lines.add("");
            lines.addAll(shards.lines());
        }
        for (ShardRef missing : listing.missing()) {
            lines.add("");
            lines.add(Text.clean("missing: shard " + missing));
        }
        for (Notice notice : listing.notices()) {
            lines.add("");
            lines.add(Wording.kind(notice) + " " + Wording.message(notice));
        }
        return lines;
    }

    /** One object, on one line. */
    public static List<String> json(Listing listing) {
        StringWriter text = new StringWriter();
        try (JsonGenerator to = new JsonFactory().createGenerator(text)) {
            to.writeStartObject();
            to.writeStringField("source", listing.source());
            to.writeBooleanField("complete", listing.complete());
            to.writeArrayFieldStart("runs");
            for (Listing.Run run : listing.runs()) {
                to.writeStartObject();
                to.writeStringField("manifest", run.name());
                field(to, "started", run.started().map(Instant::toString));
                field(to, "kind", run.kind());
                to.writeNumberField("shards", run.shards());
                to.writeNumberField("raw_bytes", run.rawBytes());
                field(to, "stored_bytes", run.storedBytes());
                to.writeArrayFieldStart("missing");
                for (String missing : run.missing()) {
                    to.writeString(missing);
                }
                to.writeEndArray();
                to.writeEndObject();
            }
            to.writeEndArray();
            to.writeArrayFieldStart("shards");
            for (Listing.Shard shard : listing.shards()) {
                to.writeStartObject();
                ref(to, shard.ref());
                field(to, "start", shard.time().map(range -> range.start().toString()));
                field(to, "end", shard.time().map(range -> range.end().toString()));
                field(to, "raw_bytes", shard.rawBytes());
                field(to, "stored_bytes", shard.storedBytes());
                field(to, "codec", shard.codec());
                field(to, "manifest", shard.run());
                to.writeEndObject();
            }
            to.writeEndArray();
            to.writeArrayFieldStart("missing");
            for (ShardRef missing : listing.missing()) {
                to.writeStartObject();
                ref(to, missing);
                to.writeEndObject();
            }
            to.writeEndArray();
            to.writeArrayFieldStart("notices");
            for (Notice notice : listing.notices()) {
                to.writeStartObject();
                to.writeStringField("kind", notice.kind().name().toLowerCase(Locale.ROOT));
                to.writeStringField("message", notice.message());
                to.writeStringField("hint", notice.hint());
                to.writeEndObject();
            }
            to.writeEndArray();
            to.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter does not fail
        }
        return List.of(text.toString());
    }

    private static void ref(JsonGenerator to, ShardRef ref) throws IOException {
        to.writeStringField("database", ref.database());
        to.writeStringField("policy", ref.policy());
        to.writeFieldName("shard");
        to.writeNumber(new BigInteger(ref.idText()));
    }

    private static void field(JsonGenerator to, String name, Optional<String> value) throws IOException {
        if (value.isPresent()) {
            to.writeStringField(name, value.get());
        }
    }

    private static void field(JsonGenerator to, String name, OptionalLong value) throws IOException {
        if (value.isPresent()) {
            to.writeNumberField(name, value.getAsLong());
        }
    }

    private static String bytes(OptionalLong count) {
        return count.isPresent() ? Text.bytes(count.getAsLong()) : "";
    }

    /** {@code 2026-11-24 19:00}, in UTC; seconds where there are some. */
    private static String time(Instant instant) {
        String text = instant.toString().replace('T', ' ').replace("Z", "");
        return text.endsWith(":00") ? text.substring(0, text.length() - 3) : text;
    }

    /** Columns as wide as they need to be; those that are empty are left out. */
    private static final class Table {
        private final String[] heads;
        private final List<String[]> rows = new ArrayList<>();

        /** @param heads one that begins with {@code >} is of a column that is aligned to the right */
        Table(String... heads) {
            this.heads = heads;
        }

        void row(String... cells) {
            String[] clean = new String[cells.length];
            for (int i = 0; i < cells.length; i++) {
                clean[i] = Text.clean(cells[i]);
            }
            rows.add(clean);
        }

        List<String> lines() {
            StringBuilder[] lines = new StringBuilder[rows.size() + 1];
            for (int i = 0; i < lines.length; i++) {
                lines[i] = new StringBuilder();
            }
            for (int column = 0; column < heads.length; column++) {
                int at = column;
                if (rows.stream().allMatch(row -> row[at].isEmpty())) {
                    continue;
                }
                boolean right = heads[column].startsWith(">");
                String head = right ? heads[column].substring(1) : heads[column];
                int width = Math.max(
                        Text.width(head),
                        rows.stream().mapToInt(row -> Text.width(row[at])).max().orElse(0));
                for (int i = 0; i < lines.length; i++) {
                    String cell = i == 0 ? head : rows.get(i - 1)[column];
                    lines[i].append("  ").append(right ? Text.padLeft(cell, width) : Text.padRight(cell, width));
                }
            }
            List<String> text = new ArrayList<>();
            for (StringBuilder line : lines) {
                text.add(line.toString().stripTrailing());
            }
            return text;
        }
    }
}
