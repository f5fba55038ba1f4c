package dev.sluice.cli.console;

import dev.sluice.engine.Listing;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
                        run.started().map(Table::time).orElse(run.name()),
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
                        shard.time().map(range -> Table.time(range.start())).orElse(""),
                        shard.time().map(range -> Table.time(range.end())).orElse(""),
                        bytes(shard.rawBytes()),
                        bytes(shard.storedBytes()),
                        shard.codec().orElse(""),
                        listing.runs().size() > 1 ? shard.run().orElse("") : "");
            }
            lines.add("");
            lines.addAll(shards.lines());
        }
        for (ShardOutcome missing : listing.missing()) {
            lines.add("");
            lines.addAll(Wording.told(missing));
        }
        for (Notice notice : listing.notices()) {
            lines.add("");
            lines.addAll(Wording.told(notice));
        }
        return lines;
    }

    /** One object, on one line. */
    public static List<String> json(Listing listing) {
        return List.of(Json.line(to -> {
            to.writeStringField("source", listing.source());
            to.writeBooleanField("complete", listing.complete());
            to.writeArrayFieldStart("runs");
            for (Listing.Run run : listing.runs()) {
                to.writeStartObject();
                to.writeStringField("manifest", run.name());
                Json.field(to, "started", run.started().map(Instant::toString));
                Json.field(to, "kind", run.kind());
                to.writeNumberField("shards", run.shards());
                to.writeNumberField("raw_bytes", run.rawBytes());
                Json.field(to, "stored_bytes", run.storedBytes());
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
                Json.ref(to, shard.ref());
                Json.field(to, "start", shard.time().map(range -> range.start().toString()));
                Json.field(to, "end", shard.time().map(range -> range.end().toString()));
                Json.field(to, "raw_bytes", shard.rawBytes());
                Json.field(to, "stored_bytes", shard.storedBytes());
                Json.field(to, "codec", shard.codec());
                Json.field(to, "manifest", shard.run());
                to.writeEndObject();
            }
            to.writeEndArray();
            Json.missing(to, listing.missing());
            Json.notices(to, listing.notices());
        }));
    }

    private static String bytes(OptionalLong count) {
        return count.isPresent() ? Text.bytes(count.getAsLong()) : "";
    }
}
