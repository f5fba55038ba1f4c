package dev.sluice.engine.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;

/** JSON as Go's {@code encoding/json} writes and reads it. */
final class Json {

    static final JsonFactory FACTORY = GoJson.FACTORY;

    /** RFC 3339 with as many digits of a second as it takes, as Go's {@code time.Time} has it. */
    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .appendValue(ChronoField.YEAR, 4)
            .appendPattern("-MM-dd'T'HH:mm:ss")
            .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
            .appendOffset("+HH:MM", "Z")
            .toFormatter()
            .withResolverStyle(ResolverStyle.STRICT);

    private static final Instant FIRST = Instant.parse("0000-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private static final int SHOWN = 120;

    private Json() {}

    /** Appends one JSON value and a newline. */
    static void write(ByteBuf out, Body body) {
        try (JsonGenerator json = FACTORY.createGenerator((OutputStream) new ByteBufOutputStream(out))) {
            body.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out.writeByte('\n');
    }

    static String time(Instant instant) {
        return TIME.format(instant.atOffset(ZoneOffset.UTC));
    }

    /** @throws IllegalArgumentException when this is not a time as RFC 3339 has it, in a year of four digits */
    static Instant time(String text) {
        try {
            return checked("time", OffsetDateTime.parse(text, TIME).toInstant());
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("not a time as in 2026-01-31T00:00:00Z: '" + shown(text) + "'", e);
        }
    }

    /** @throws IllegalArgumentException when the year has not four digits in UTC: Go refuses to write it */
    static Instant checked(String what, Instant instant) {
        if (instant.isBefore(FIRST) || instant.isAfter(LAST)) {
            throw new IllegalArgumentException("%s must lie in the years 0 to 9999, was %s".formatted(what, instant));
        }
        return instant;
    }

    /** The text with each half of a surrogate pair that stands alone made U+FFFD: it has no UTF-8. */
    static String wellFormed(String text) {
        if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
            return text;
        }
        int[] points = text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .toArray();
        return new String(points, 0, points.length);
    }

    /** A stranger's text for a message: no control characters, and not all of it. */
    static String shown(String text) {
        String start = text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
        return start.replaceAll("\\p{Cntrl}", "?");
    }

    /** Writes one value. */
    interface Body {
        void write(JsonGenerator json) throws IOException;
    }
}
