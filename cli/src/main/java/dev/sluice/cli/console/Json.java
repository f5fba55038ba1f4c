package dev.sluice.cli.console;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** What the objects of several views have in common. */
final class Json {

    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    /** Writes the fields of an object. */
    @FunctionalInterface
    interface Fields {
        void to(JsonGenerator to) throws IOException;
    }

    /** One object, on one line. */
    static String line(Fields fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator to = FACTORY.createGenerator(text)) {
            to.writeStartObject();
            fields.to(to);
            to.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter does not fail
        }
        return text.toString();
    }

    static void ref(JsonGenerator to, ShardRef ref) throws IOException {
        to.writeStringField("database", ref.database());
        to.writeStringField("policy", ref.policy());
        to.writeFieldName("shard");
        to.writeNumber(new BigInteger(ref.idText()));
    }

    static void missing(JsonGenerator to, List<ShardOutcome> missing) throws IOException {
        to.writeArrayFieldStart("missing");
        for (ShardOutcome outcome : missing) {
            to.writeStartObject();
            ref(to, outcome.ref());
            to.writeStringField("reason", Wording.reason(outcome));
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    static void notices(JsonGenerator to, List<Notice> notices) throws IOException {
        to.writeArrayFieldStart("notices");
        for (Notice notice : notices) {
            to.writeStartObject();
            notice(to, notice);
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    static void notice(JsonGenerator to, Notice notice) throws IOException {
        to.writeStringField("kind", word(notice.kind()));
        to.writeStringField("message", notice.message());
        to.writeStringField("hint", notice.hint());
    }

    static void error(JsonGenerator to, SluiceException error) throws IOException {
        to.writeStringField("error", error.getClass().getSimpleName());
        to.writeStringField("message", error.getMessage());
        to.writeStringField("hint", error.hint());
    }

    static void seconds(JsonGenerator to, String name, Duration time) throws IOException {
        to.writeFieldName(name);
        to.writeNumber(BigDecimal.valueOf(time.toMillis(), 3));
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
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
