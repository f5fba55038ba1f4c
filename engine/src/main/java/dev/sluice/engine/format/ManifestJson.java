package dev.sluice.engine.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.store.Checksum;
import dev.sluice.engine.wire.GoJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A manifest as JSON, byte for byte as influxd writes it: two spaces of indentation, no newline at the end,
 * {@code <}, {@code >} and {@code &} escaped, other Unicode raw (observed on 1.6.7, 1.8.10, 1.12.4).
 */
public final class ManifestJson {

    private static final JsonFactory JSON = GoJson.FACTORY;

    private ManifestJson() {}

    /** The manifest's bytes, as {@link #encode(PortableManifest, Digest.Algorithm)} with CRC-32C. */
    public static byte[] encode(PortableManifest manifest) {
        return encode(manifest, Digest.Algorithm.CRC32C);
    }

    /**
     * The manifest's bytes. Where it tells of a run its last key is a digest of all bytes before that key: what is lost
     * of a list of entries leaves good JSON.
     */
    public static byte[] encode(PortableManifest manifest, Digest.Algorithm algorithm) {
        byte[] open = encode(manifest, "");
        if (manifest.run().isEmpty()) {
            return open;
        }
        int key = new String(open, StandardCharsets.ISO_8859_1).lastIndexOf("\"digest\"");
        return encode(manifest, Checksum.of(algorithm, Arrays.copyOf(open, key)).toString());
    }

    private static byte[] encode(PortableManifest manifest, String digest) {
        var out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.setPrettyPrinter(likeGo());
            json.writeStartObject();
            json.writeObjectFieldStart("meta");
            json.writeStringField("fileName", manifest.meta().fileName());
            json.writeNumberField("size", manifest.meta().size());
            write(json, "digest", manifest.meta().digest());
            json.writeEndObject();
            json.writeBooleanField("limited", manifest.limited());
            if (manifest.files().isEmpty()) {
                json.writeNullField("files");
            } else {
                json.writeArrayFieldStart("files");
                for (PortableManifest.Archive archive : manifest.files()) {
                    write(json, archive);
                }
                json.writeEndArray();
            }
            write(json, manifest.enterprise());
            if (manifest.run().isPresent()) {
                write(json, manifest.run().get(), digest);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return out.toByteArray();
    }

    /**
     * Reads a manifest; unknown keys are passed over, and so is that a digest is not there.
     *
     * @param fileName for messages
     * @throws FormatDamaged if it is not JSON, lacks what a restore needs, or has another digest than it says
     */
    public static PortableManifest decode(String fileName, byte[] bytes) {
        try (JsonParser json = JSON.createParser(bytes)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new FormatDamaged(fileName, "is not a JSON object");
            }
            PortableManifest manifest = readManifest(fileName, json, bytes);
            if (json.nextToken() != null) {
                throw new FormatDamaged(fileName, "goes on after its end");
            }
            return manifest;
        } catch (IOException e) {
            throw new FormatDamaged(fileName, "is not readable as JSON: " + firstLine(e));
        }
    }

    private static void write(JsonGenerator json, PortableManifest.Archive archive) throws IOException {
        json.writeStartObject();
        json.writeStringField("database", archive.database());
        json.writeStringField("policy", archive.policy());
        json.writeFieldName("shardID");
        json.writeNumber(Long.toUnsignedString(archive.shardId()));
        json.writeStringField("fileName", archive.fileName());
        json.writeNumberField("size", archive.size());
        json.writeNumberField("lastModified", archive.lastModified());
        if (archive.details().isPresent()) {
            PortableManifest.Details details = archive.details().get();
            json.writeStringField("codec", details.codec());
            json.writeNumberField("storedSize", details.storedSize());
            json.writeStringField("digest", details.digest());
            write(json, "tsmFiles", details.files());
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, PortableManifest.Limits limits) throws IOException {
        if (!limits.database().isEmpty()) {
            json.writeStringField("database", limits.database());
        }
        if (!limits.policy().isEmpty()) {
            json.writeStringField("policy", limits.policy());
        }
        if (limits.shardId() != 0) {
            json.writeFieldName("shard_id");
            json.writeNumber(Long.toUnsignedString(limits.shardId()));
        }
    }

    private static void write(JsonGenerator json, PortableManifest.Run run, String digest) throws IOException {
        json.writeObjectFieldStart("sluice");
        json.writeStringField("kind", run.kind());
        write(json, "since", run.since());
        write(json, "database", run.database());
        write(json, "policy", run.policy());
        write(json, "shard", run.shard());
        write(json, "start", run.start());
        write(json, "end", run.end());
        write(json, "missing", run.missing());
        if (!run.reasons().isEmpty()) {
            write(json, "reasons", run.reasons());
        }
        write(json, "unchanged", run.unchanged());
        write(json, "server", run.server());
        json.writeStringField("digest", digest);
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String key, Optional<String> value) throws IOException {
        if (value.isPresent()) {
            json.writeStringField(key, value.get());
        }
    }

    private static void write(JsonGenerator json, String key, List<String> values) throws IOException {
        json.writeArrayFieldStart(key);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    private static PortableManifest readManifest(String fileName, JsonParser json, byte[] bytes) throws IOException {
        PortableManifest.Meta meta = null;
        boolean limited = false;
        List<PortableManifest.Archive> files = new ArrayList<>();
        String database = "";
        String policy = "";
        long shard = 0;
        Optional<PortableManifest.Run> run = Optional.empty();
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "meta" -> meta = readMeta(fileName, json);
                case "limited" -> limited = json.nextToken() == JsonToken.VALUE_TRUE;
                case "files" -> {
                    if (json.nextToken() == JsonToken.START_ARRAY) {
                        while (json.nextToken() == JsonToken.START_OBJECT) {
                            files.add(readArchive(fileName, json));
                        }
                    }
                }
                case "database" -> database = JsonFields.text(json);
                case "policy" -> policy = JsonFields.text(json);
                case "shard_id" -> shard = unsigned(fileName, json);
                case "sluice" -> {
                    if (json.nextToken() == JsonToken.START_OBJECT) {
                        run = Optional.of(readRun(fileName, json, bytes));
                    }
                }
                default -> JsonFields.skip(json);
            }
        }
        if (meta == null) {
            throw new FormatDamaged(fileName, "does not name its metadata file");
        }
        return new PortableManifest(meta, limited, files, new PortableManifest.Limits(database, policy, shard), run);
    }

    private static PortableManifest.Meta readMeta(String fileName, JsonParser json) throws IOException {
        json.nextToken();
        String name = "";
        long size = 0;
        Optional<String> digest = Optional.empty();
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "fileName" -> name = JsonFields.text(json);
                case "size" -> size = unsigned(fileName, json);
                case "digest" -> digest = Optional.of(JsonFields.text(json));
                default -> JsonFields.skip(json);
            }
        }
        return new PortableManifest.Meta(baseName(fileName, name), size, digest);
    }

    private static PortableManifest.Archive readArchive(String fileName, JsonParser json) throws IOException {
        String database = "";
        String policy = "";
        long shard = 0;
        String name = "";
        long size = 0;
        long lastModified = 0;
        String codec = "";
        long storedSize = 0;
        String digest = "";
        List<String> files = List.of();
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "database" -> database = JsonFields.text(json);
                case "policy" -> policy = JsonFields.text(json);
                case "shardID" -> shard = unsigned(fileName, json);
                case "fileName" -> name = JsonFields.text(json);
                case "size" -> size = unsigned(fileName, json);
                case "lastModified" -> lastModified = unsigned(fileName, json);
                case "codec" -> codec = JsonFields.text(json);
                case "storedSize" -> storedSize = unsigned(fileName, json);
                case "digest" -> digest = JsonFields.text(json);
                case "tsmFiles" -> files = JsonFields.texts(json);
                default -> JsonFields.skip(json);
            }
        }
        Optional<PortableManifest.Details> details = codec.isEmpty()
                ? Optional.empty()
                : Optional.of(new PortableManifest.Details(codec, storedSize, digest, files));
        return new PortableManifest.Archive(
                database, policy, shard, baseName(fileName, name), size, lastModified, details);
    }

    private static PortableManifest.Run readRun(String fileName, JsonParser json, byte[] bytes) throws IOException {
        String kind = "full";
        Optional<String> since = Optional.empty();
        Optional<String> database = Optional.empty();
        Optional<String> policy = Optional.empty();
        Optional<String> shard = Optional.empty();
        Optional<String> start = Optional.empty();
        Optional<String> end = Optional.empty();
        @Nullable List<String> missing = null;
        List<String> reasons = List.of();
        List<String> unchanged = List.of();
        Optional<String> server = Optional.empty();
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "kind" -> kind = JsonFields.text(json);
                case "since" -> since = Optional.of(JsonFields.text(json));
                case "database" -> database = Optional.of(JsonFields.text(json));
                case "policy" -> policy = Optional.of(JsonFields.text(json));
                case "shard" -> shard = Optional.of(JsonFields.text(json));
                case "start" -> start = Optional.of(JsonFields.text(json));
                case "end" -> end = Optional.of(JsonFields.text(json));
                case "missing" -> missing = JsonFields.textsOrNull(json);
                case "reasons" -> reasons = JsonFields.texts(json);
                case "unchanged" -> unchanged = JsonFields.texts(json);
                case "server" -> server = Optional.of(JsonFields.text(json));
                case "digest" -> {
                    long key = json.currentTokenLocation().getByteOffset();
                    requireDigest(fileName, JsonFields.text(json), Arrays.copyOf(bytes, (int) key));
                }
                default -> JsonFields.skip(json);
            }
        }
        if (missing == null) { // it is always written, so it was lost, and the digest behind it
            throw new FormatDamaged(fileName, "does not say what was missing");
        }
        return new PortableManifest.Run(
                kind, since, database, policy, shard, start, end, missing, reasons, unchanged, server);
    }

    private static void requireDigest(String fileName, String told, byte[] before) {
        Optional<Digest> should = Digest.parse(told);
        if (should.isEmpty()) {
            throw new FormatDamaged(fileName, "has a digest that is none: '%s'".formatted(told));
        }
        Digest is = Checksum.of(should.get().algorithm(), before);
        if (!is.equals(should.get())) {
            throw new FormatDamaged(
                    fileName,
                    "has the digest %s and says %s".formatted(is, told),
                    "Entries may be lost or changed. Use another run or another copy. If it was edited by hand, or is the"
                            + " only one: with \"digest\" taken out of \"sluice\" in it, it is read as it is.");
        }
    }

    private static long unsigned(String fileName, JsonParser json) throws IOException {
        if (json.nextToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new FormatDamaged(fileName, "has no whole number for " + json.currentName());
        }
        try {
            return Long.parseUnsignedLong(json.getText());
        } catch (NumberFormatException e) {
            throw new FormatDamaged(fileName, "has a number out of range for " + json.currentName());
        }
    }

    /** A manifest must not lead out of its directory. */
    private static String baseName(String fileName, String name) {
        if (name.isEmpty() || name.startsWith(".") || name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
            throw new FormatDamaged(fileName, "names a file that cannot be in its directory: '" + name + "'");
        }
        return name;
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static DefaultPrettyPrinter likeGo() {
        var separators = Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withArrayEmptySeparator("");
        var lines = new DefaultIndenter("  ", "\n");
        var printer = new DefaultPrettyPrinter(separators);
        printer.indentObjectsWith(lines);
        printer.indentArraysWith(lines);
        return printer;
    }
}
