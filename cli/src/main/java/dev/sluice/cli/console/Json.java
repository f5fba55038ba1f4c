package dev.sluice.cli.console;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** What the objects of several views have in common. */
final class Json {

    private Json() {}

    /** Writes the fields of an object. */
    @FunctionalInterface
    interface Fields {
        void to(JsonGenerator to) throws IOException;
    }

    /** One object, on one line. */
    static List<String> line(Fields fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator to = new JsonFactory().createGenerator(text)) {
            to.writeStartObject();
            fields.to(to);
            to.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter does not fail
        }
        return List.of(text.toString());
    }

    static void ref(JsonGenerator to, ShardRef ref) throws IOException {
        to.writeStringField("database", ref.database());
        to.writeStringField("policy", ref.policy());
        to.writeFieldName("shard");
        to.writeNumber(new BigInteger(ref.idText()));
    }

    static void missing(JsonGenerator to, List<ShardRef> missing) throws IOException {
        to.writeArrayFieldStart("missing");
        for (ShardRef ref : missing) {
            to.writeStartObject();
            ref(to, ref);
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    static void notices(JsonGenerator to, List<Notice> notices) throws IOException {
        to.writeArrayFieldStart("notices");
        for (Notice notice : notices) {
            to.writeStartObject();
            to.writeStringField("kind", notice.kind().name().toLowerCase(Locale.ROOT));
            to.writeStringField("message", notice.message());
            to.writeStringField("hint", notice.hint());
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    static void field(JsonGenerator to, String name, Optional<String> value) throws IOException {
        if (value.isPresent()) {
            to.writeStringField(name, value.get());
        }
    }

    static void field(JsonGenerator to, String name, OptionalLong value) throws IOException {
        if (value.isPresent()) {
            to.writeNumberField(name, value.getAsLong());
        }
    }
}
