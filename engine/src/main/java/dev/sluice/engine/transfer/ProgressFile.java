package dev.sluice.engine.transfer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.store.Links;
import dev.sluice.engine.store.Replacement;
import dev.sluice.engine.transfer.LineReader.Position;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A small file of JSON that tells how far imports came: inputs that are taken whole, and one under way. Replaced as a
 * whole each time. Blocking; one thread at a time.
 */
final class ProgressFile {

    private static final JsonFactory JSON = new JsonFactory();
    private static final int LARGEST = 64 << 20;

    private final Path path;

    ProgressFile(Path path) {
        this.path = path;
    }

    /**
     * What it says.
     *
     * @param taken inputs that are done
     * @param input the one under way; empty if none is
     * @param identity tells whether it is still the same input
     * @param rejected points that were rejected and that no report has told yet; those that are read again count twice
     */
    record State(
            Set<String> taken,
            String input,
            String identity,
            String target,
            Position position,
            long written,
            long rejected) {

        static final State NONE = new State(Set.of(), "", "", "", Position.START, 0, 0);

        State {
            taken = Collections.unmodifiableSet(new LinkedHashSet<>(taken));
        }
    }

    /** Empty if there is no such file. */
    Optional<State> load() throws IOException {
        String text;
        try {
            if (Files.size(path) > LARGEST) {
                throw new FormatDamaged(path.toString(), "is too large to be a file of progress");
            }
            text = Files.readString(path);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        var taken = new LinkedHashSet<String>();
        var blank = new LinkedHashSet<String>();
        var fields = new HashMap<String, String>();
        try (JsonParser json = JSON.createParser(text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("no object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                if (json.nextToken() == JsonToken.START_ARRAY) {
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        (field.equals("names") ? blank : taken).add(json.getText());
                    }
                } else {
                    fields.put(field, json.getText());
                }
            }
            return Optional.of(new State(
                    taken,
                    text(fields, "input"),
                    text(fields, "identity"),
                    text(fields, "target"),
                    new Position(
                            Long.parseLong(text(fields, "offset")),
                            Long.parseLong(text(fields, "line")),
                            text(fields, "phase"),
                            text(fields, "database"),
                            text(fields, "policy"),
                            new ContextNames(Boolean.parseBoolean(fields.get("exact")), blank)),
                    Long.parseLong(text(fields, "written")),
                    Long.parseLong(text(fields, "rejected"))));
        } catch (IOException | IllegalArgumentException e) {
            throw new FormatDamaged(path.toString(), "is not a file of progress");
        }
    }

    void save(State state) throws IOException {
        var text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeArrayFieldStart("taken");
            for (String name : state.taken()) {
                json.writeString(name);
            }
            json.writeEndArray();
            json.writeStringField("input", state.input());
            json.writeStringField("identity", state.identity());
            json.writeStringField("target", state.target());
            json.writeNumberField("offset", state.position().offset());
            json.writeNumberField("line", state.position().line());
            json.writeStringField("phase", state.position().phase());
            json.writeStringField("database", state.position().database());
            json.writeStringField("policy", state.position().policy());
            json.writeBooleanField("exact", state.position().names().exact());
            json.writeArrayFieldStart("names");
            for (String name : state.position().names().blank()) {
                json.writeString(name);
            }
            json.writeEndArray();
            json.writeNumberField("written", state.written());
            json.writeNumberField("rejected", state.rejected());
            json.writeEndObject();
        }
        Replacement.write(path, text + "\n");
    }

    void delete() throws IOException {
        Files.deleteIfExists(Links.followed(path));
    }

    private static String text(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no " + name);
        }
        return value;
    }
}
