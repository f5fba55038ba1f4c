package dev.sluice.engine.format;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads an object field by field, whatever the fields hold. */
final class JsonFields {

    private JsonFields() {}

    /** Goes on to the next field's name; false at the end of the object. */
    static boolean next(JsonParser json) throws IOException {
        JsonToken token = json.nextToken();
        if (token == null) {
            throw new IOException("ends too early");
        }
        return token == JsonToken.FIELD_NAME;
    }

    /** Empty if the field's value is no string. */
    static String text(JsonParser json) throws IOException {
        String value = json.nextTextValue();
        return value == null ? "" : value;
    }

    /** Empty if the field's value is no array; up to what is no string in it. */
    static List<String> texts(JsonParser json) throws IOException {
        List<String> values = new ArrayList<>();
        if (json.nextToken() == JsonToken.START_ARRAY) {
            while (json.nextToken() == JsonToken.VALUE_STRING) {
                values.add(json.getText());
            }
        }
        return values;
    }

    /** Null if the field's value is no array, or has what is no string. */
    static @Nullable List<String> textsOrNull(JsonParser json) throws IOException {
        List<String> values = texts(json);
        return json.currentToken() == JsonToken.END_ARRAY ? values : null;
    }

    /** Passes over the field's value. */
    static void skip(JsonParser json) throws IOException {
        json.nextToken();
        json.skipChildren();
    }
}
