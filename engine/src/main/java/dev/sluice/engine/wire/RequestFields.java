package dev.sluice.engine.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.time.Instant;
import java.util.Locale;

/** The ten fields of a request's JSON, which every type writes in full and uses in part. */
final class RequestFields {

    /** Go's zero time. */
    static final Instant UNSET = Instant.parse("0001-01-01T00:00:00Z");

    private static final int TYPICAL_LENGTH = 384;

    String backupDatabase = "";
    String restoreDatabase = "";
    String backupPolicy = "";
    String restorePolicy = "";
    long shardId;
    Instant since = UNSET;
    Instant exportStart = UNSET;
    Instant exportEnd = UNSET;
    long uploadSize;

    /** Preamble, JSON and newline, with room for {@code more} bytes after them. */
    ByteBuf encode(ByteBufAllocator alloc, int type, int more) {
        ByteBuf out = alloc.buffer(TYPICAL_LENGTH + more);
        try {
            out.writeByte(SnapshotRequest.MUX).writeByte(type);
            Json.write(out, json -> write(json, type));
            return out;
        } catch (RuntimeException e) {
            out.release();
            throw e;
        }
    }

    /**
     * The same for a server before 1.5: the type stands in the JSON alone, and with it go five fields.
     *
     * @param type of that protocol, whose numbers differ
     */
    ByteBuf encodeOld(ByteBufAllocator alloc, int type) {
        ByteBuf out = alloc.buffer(TYPICAL_LENGTH);
        try {
            out.writeByte(SnapshotRequest.MUX);
            Json.write(out, json -> {
                json.writeStartObject();
                json.writeNumberField("Type", type);
                json.writeStringField("Database", Json.wellFormed(backupDatabase));
                json.writeStringField("RetentionPolicy", Json.wellFormed(backupPolicy));
                json.writeFieldName("ShardID");
                json.writeNumber(Long.toUnsignedString(shardId));
                json.writeStringField("Since", Json.time(since));
                json.writeEndObject();
            });
            return out;
        } catch (RuntimeException e) {
            out.release();
            throw e;
        }
    }

    private void write(JsonGenerator json, int type) throws IOException {
        json.writeStartObject();
        json.writeNumberField("Type", type);
        json.writeStringField("BackupDatabase", Json.wellFormed(backupDatabase));
        json.writeStringField("RestoreDatabase", Json.wellFormed(restoreDatabase));
        json.writeStringField("BackupRetentionPolicy", Json.wellFormed(backupPolicy));
        json.writeStringField("RestoreRetentionPolicy", Json.wellFormed(restorePolicy));
        json.writeFieldName("ShardID");
        json.writeNumber(Long.toUnsignedString(shardId));
        json.writeStringField("Since", Json.time(since));
        json.writeStringField("ExportStart", Json.time(exportStart));
        json.writeStringField("ExportEnd", Json.time(exportEnd));
        json.writeNumberField("UploadSize", uploadSize);
        json.writeEndObject();
    }

    /**
     * Takes the value that the parser stands on. Names match in any case, unknown ones are passed over, and
     * {@code null} leaves a field unset (observed on 1.6.7, 1.8.10 and 1.12.4; null: as Go has it).
     *
     * @throws IllegalArgumentException when the value is not of the field's kind
     */
    void take(String name, JsonParser value) throws IOException {
        if (value.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        switch (name.toLowerCase(Locale.ROOT)) {
            case "type" -> checkType(number(name, value));
            case "backupdatabase" -> backupDatabase = text(name, value);
            case "restoredatabase" -> restoreDatabase = text(name, value);
            case "backupretentionpolicy" -> backupPolicy = text(name, value);
            case "restoreretentionpolicy" -> restorePolicy = text(name, value);
            case "shardid" -> shardId = Long.parseUnsignedLong(number(name, value));
            case "since" -> since = Json.time(text(name, value));
            case "exportstart" -> exportStart = Json.time(text(name, value));
            case "exportend" -> exportEnd = Json.time(text(name, value));
            case "uploadsize" -> uploadSize = Long.parseLong(number(name, value));
            default -> {} // a field of a newer client
        }
    }

    /** The byte before the JSON decides, but what does not fit a byte is refused by the server as well. */
    private static void checkType(String number) {
        int type = Integer.parseInt(number);
        if (type < 0 || type > 255) {
            throw new IllegalArgumentException("Type must lie between 0 and 255, was " + type);
        }
    }

    private static String text(String name, JsonParser value) throws IOException {
        if (value.currentToken() != JsonToken.VALUE_STRING) {
            throw new IllegalArgumentException(name + " must be a string");
        }
        return Json.wellFormed(value.getText());
    }

    private static String number(String name, JsonParser value) throws IOException {
        if (value.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new IllegalArgumentException(name + " must be an integer");
        }
        return value.getText();
    }
}
