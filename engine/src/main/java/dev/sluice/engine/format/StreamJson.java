package dev.sluice.engine.format;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.wire.GoJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The JSON entries of a stream archive. Unknown keys are passed over. What cannot be understood is an
 * {@link IllegalArgumentException} with a clause that says why: {@code is of version 2, which …}.
 */
public final class StreamJson {

    private static final String FORMAT = "sluice-stream";
    private static final int VERSION = 1;

    private StreamJson() {}

    public static byte[] encode(StreamCatalog catalog) {
        return object(json -> {
            json.writeStringField("format", FORMAT);
            json.writeNumberField("version", VERSION);
            json.writeStringField("created", catalog.created().toString());
            json.writeStringField("kind", catalog.kind());
            json.writeStringField("digest", catalog.digest().id());
            if (catalog.metadata().isPresent()) {
                json.writeStringField("metadata", catalog.metadata().get().toString());
            }
            refs(json, "shards", catalog.shards());
            refs(json, "notOffered", catalog.notOffered());
            if (catalog.server().isPresent()) {
                json.writeStringField("server", catalog.server().get());
            }
        });
    }

    public static byte[] encode(StreamShardEnd end) {
        return object(json -> {
            json.writeStringField("shard", end.shard().toString());
            json.writeNumberField("attempt", end.attempt());
            json.writeBooleanField("counts", end.problem().isEmpty());
            if (end.problem().isPresent()) {
                json.writeStringField("problem", end.problem().get());
            }
            json.writeArrayFieldStart("files");
            for (StreamShardEnd.File file : end.files()) {
                json.writeStartObject();
                json.writeStringField("name", file.name());
                json.writeNumberField("size", file.size());
                json.writeStringField("digest", file.digest().toString());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    public static byte[] encode(StreamManifest manifest) {
        return object(json -> {
            json.writeStringField("format", FORMAT);
            json.writeNumberField("version", VERSION);
            json.writeArrayFieldStart("shards");
            for (StreamManifest.Shard shard : manifest.shards()) {
                json.writeStartObject();
                json.writeStringField("shard", shard.ref().toString());
                json.writeNumberField("attempt", shard.attempt());
                json.writeNumberField("files", shard.files());
                json.writeNumberField("offset", shard.offset());
                json.writeNumberField("bytes", shard.bytes());
                if (shard.size().isPresent()) {
                    json.writeNumberField("size", shard.size().getAsLong());
                }
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeArrayFieldStart("missing");
            for (StreamManifest.Missing missing : manifest.missing()) {
                json.writeStartObject();
                json.writeStringField("shard", missing.ref().toString());
                json.writeStringField("why", missing.why());
                json.writeEndObject();
            }
            json.writeEndArray();
            refs(json, "unchanged", manifest.unchanged());
            json.writeArrayFieldStart("leftovers");
            for (String path : manifest.leftovers()) {
                json.writeString(path);
            }
            json.writeEndArray();
        });
    }

    /** @throws IllegalArgumentException with a clause, also if it is of a version that is not known */
    public static StreamCatalog decodeCatalog(byte[] bytes) {
        return read(bytes, json -> {
            String format = "";
            long version = 0;
            Instant created = Instant.EPOCH;
            String kind = "full";
            Digest.Algorithm digest = Digest.Algorithm.CRC32C;
            Optional<Digest> metadata = Optional.empty();
            List<ShardRef> shards = List.of();
            List<ShardRef> notOffered = List.of();
            Optional<String> server = Optional.empty();
            while (JsonFields.next(json)) {
                switch (json.currentName()) {
                    case "format" -> format = JsonFields.text(json);
                    case "version" -> version = number(json);
                    case "created" -> created = time(json);
                    case "kind" -> kind = JsonFields.text(json);
                    case "digest" -> digest = algorithm(JsonFields.text(json));
                    case "metadata" -> metadata = Optional.of(digest(JsonFields.text(json)));
                    case "shards" -> shards = refs(json);
                    case "notOffered" -> notOffered = refs(json);
                    case "server" -> server = Optional.of(JsonFields.text(json));
                    default -> JsonFields.skip(json);
                }
            }
            requireVersion(format, version);
            return new StreamCatalog(created, kind, digest, metadata, shards, notOffered, server);
        });
    }

    /** @throws IllegalArgumentException with a clause */
    public static StreamShardEnd decodeEnd(byte[] bytes) {
        return read(bytes, json -> {
            Optional<ShardRef> shard = Optional.empty();
            long attempt = 1;
            boolean counts = false;
            String problem = "";
            List<StreamShardEnd.File> files = new ArrayList<>();
            while (JsonFields.next(json)) {
                switch (json.currentName()) {
                    case "shard" -> shard = Optional.of(ref(JsonFields.text(json)));
                    case "attempt" -> attempt = number(json);
                    case "counts" -> counts = json.nextToken() == JsonToken.VALUE_TRUE;
                    case "problem" -> problem = JsonFields.text(json);
                    case "files" -> objects(json, () -> files.add(file(json)));
                    default -> JsonFields.skip(json);
                }
            }
            return new StreamShardEnd(
                    shard.orElseThrow(() -> new IllegalArgumentException("names no shard")),
                    Math.toIntExact(attempt),
                    files,
                    counts ? Optional.empty() : Optional.of(problem));
        });
    }

    /** @throws IllegalArgumentException with a clause, also if it is of a version that is not known */
    public static StreamManifest decodeManifest(byte[] bytes) {
        return read(bytes, json -> {
            String format = "";
            long version = 0;
            List<StreamManifest.Shard> shards = new ArrayList<>();
            List<StreamManifest.Missing> missing = new ArrayList<>();
            List<ShardRef> unchanged = List.of();
            List<String> leftovers = List.of();
            while (JsonFields.next(json)) {
                switch (json.currentName()) {
                    case "format" -> format = JsonFields.text(json);
                    case "version" -> version = number(json);
                    case "shards" -> objects(json, () -> shards.add(shard(json)));
                    case "missing" -> objects(json, () -> missing.add(missing(json)));
                    case "unchanged" -> unchanged = refs(json);
                    case "leftovers" -> leftovers = JsonFields.texts(json);
                    default -> JsonFields.skip(json);
                }
            }
            requireVersion(format, version);
            return new StreamManifest(shards, missing, unchanged, leftovers);
        });
    }

    private static StreamShardEnd.File file(JsonParser json) throws IOException {
        String name = "";
        long size = -1;
        String digest = "";
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "name" -> name = JsonFields.text(json);
                case "size" -> size = number(json);
                case "digest" -> digest = JsonFields.text(json);
                default -> JsonFields.skip(json);
            }
        }
        return new StreamShardEnd.File(name, size, digest(digest));
    }

    private static StreamManifest.Shard shard(JsonParser json) throws IOException {
        String ref = "";
        long attempt = 1;
        long files = 0;
        long offset = 0;
        long bytes = 0;
        OptionalLong size = OptionalLong.empty();
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "shard" -> ref = JsonFields.text(json);
                case "attempt" -> attempt = number(json);
                case "files" -> files = number(json);
                case "offset" -> offset = number(json);
                case "bytes" -> bytes = number(json);
                case "size" -> size = OptionalLong.of(number(json));
                default -> JsonFields.skip(json);
            }
        }
        return new StreamManifest.Shard(
                ref(ref), Math.toIntExact(attempt), Math.toIntExact(files), offset, bytes, size);
    }

    private static StreamManifest.Missing missing(JsonParser json) throws IOException {
        String ref = "";
        String why = "";
        while (JsonFields.next(json)) {
            switch (json.currentName()) {
                case "shard" -> ref = JsonFields.text(json);
                case "why" -> why = JsonFields.text(json);
                default -> JsonFields.skip(json);
            }
        }
        return new StreamManifest.Missing(ref(ref), why);
    }

    private static void requireVersion(String format, long version) {
        if (!format.equals(FORMAT)) {
            throw new IllegalArgumentException("is not that of a stream archive");
        }
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "is of version %d; this Sluice reads version %d only".formatted(version, VERSION));
        }
    }

    private static Digest digest(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("has a digest that is none");
        }
        return new Digest(algorithm(text.substring(0, colon)), text.substring(colon + 1));
    }

    private static Digest.Algorithm algorithm(String id) {
        return Arrays.stream(Digest.Algorithm.values())
                .filter(algorithm -> algorithm.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("has digests of a kind that is not known"));
    }

    private static ShardRef ref(String path) {
        return ShardRef.parse(path).orElseThrow(() -> new IllegalArgumentException("names a shard that can be none"));
    }

    private static void refs(JsonGenerator json, String key, List<ShardRef> refs) throws IOException {
        json.writeArrayFieldStart(key);
        for (ShardRef ref : refs) {
            json.writeString(ref.toString());
        }
        json.writeEndArray();
    }

    private static List<ShardRef> refs(JsonParser json) throws IOException {
        return JsonFields.texts(json).stream().map(StreamJson::ref).toList();
    }

    private static void objects(JsonParser json, Read each) throws IOException {
        if (json.nextToken() == JsonToken.START_ARRAY) {
            while (json.nextToken() == JsonToken.START_OBJECT) {
                each.read();
            }
        }
    }

    private static Instant time(JsonParser json) throws IOException {
        try {
            return Instant.parse(JsonFields.text(json));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("has a time that is none", e);
        }
    }

    private static long number(JsonParser json) throws IOException {
        if (json.nextToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new IllegalArgumentException("has no whole number for " + json.currentName());
        }
        return json.getLongValue();
    }

    private static byte[] object(Body body) {
        var out = new ByteArrayOutputStream();
        try (JsonGenerator json = GoJson.FACTORY.createGenerator(out)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            json.writeStartObject();
            body.write(json);
            json.writeEndObject();
            json.writeRaw('\n');
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return out.toByteArray();
    }

    private static <T> T read(byte[] bytes, Reading<T> reading) {
        try (JsonParser json = GoJson.FACTORY.createParser(bytes)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("is not a JSON object");
            }
            return reading.read(json);
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new IllegalArgumentException("is not readable as JSON: " + why, e);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("has a number out of range", e);
        }
    }

    private interface Body {
        void write(JsonGenerator json) throws IOException;
    }

    private interface Reading<T> {
        T read(JsonParser json) throws IOException;
    }

    private interface Read {
        void read() throws IOException;
    }
}
