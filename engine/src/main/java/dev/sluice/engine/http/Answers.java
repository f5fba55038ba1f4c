package dev.sluice.engine.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The JSON of the HTTP API, read as a stream of tokens. */
final class Answers {

    private static final JsonFactory JSON = new JsonFactory();
    private static final int SHOWN = 500;

    private Answers() {}

    /**
     * The results of a query, in the order of its statements. Chunked answers are several objects in a row; their parts
     * of one statement come as results of their own.
     */
    static List<QueryResult> results(String body) throws IOException {
        var results = new ArrayList<QueryResult>();
        try (JsonParser json = JSON.createParser(body)) {
            while (json.nextToken() == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String field = json.currentName();
                    JsonToken value = json.nextToken();
                    if (field.equals("results") && value == JsonToken.START_ARRAY) {
                        while (json.nextToken() == JsonToken.START_OBJECT) {
                            results.add(result(json));
                        }
                    } else if (field.equals("error") && value == JsonToken.VALUE_STRING) {
                        results.add(new QueryResult(List.of(), Optional.of(json.getText())));
                    } else {
                        json.skipChildren();
                    }
                }
            }
            if (json.currentToken() != null) {
                throw new IOException("not an object: " + json.currentToken());
            }
        }
        return results;
    }

    /** The reason in an error's body: its {@code error} or {@code message}, else its text. */
    static String reason(String body) {
        try (JsonParser json = JSON.createParser(body)) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                @Nullable String message = null;
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String field = json.currentName();
                    JsonToken value = json.nextToken();
                    if (value == JsonToken.VALUE_STRING && field.equals("error")) {
                        return json.getText();
                    }
                    if (value == JsonToken.VALUE_STRING && field.equals("message")) {
                        message = json.getText();
                    }
                    json.skipChildren();
                }
                if (message != null) {
                    return message;
                }
            }
        } catch (IOException e) {
            // shown as it is
        }
        String text = body.strip().replaceAll("\\p{Cntrl}", " ");
        return text.isEmpty() ? "no reason given" : text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }

    private static QueryResult result(JsonParser json) throws IOException {
        var series = new ArrayList<QueryResult.Series>();
        Optional<String> error = Optional.empty();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("series") && value == JsonToken.START_ARRAY) {
                while (json.nextToken() == JsonToken.START_OBJECT) {
                    series.add(series(json));
                }
            } else if (field.equals("error")) {
                error = Optional.of(json.getText());
            } else {
                json.skipChildren();
            }
        }
        return new QueryResult(series, error);
    }

    private static QueryResult.Series series(JsonParser json) throws IOException {
        String name = "";
        Map<String, String> tags = new LinkedHashMap<>();
        List<String> columns = new ArrayList<>();
        List<List<@Nullable Object>> rows = new ArrayList<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            switch (field) {
                case "name" -> name = json.getText();
                case "tags" -> {
                    while (json.nextToken() == JsonToken.FIELD_NAME) {
                        String key = json.currentName();
                        json.nextToken();
                        tags.put(key, json.getText());
                    }
                }
                case "columns" -> {
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        columns.add(json.getText());
                    }
                }
                case "values" -> {
                    if (value == JsonToken.START_ARRAY) {
                        while (json.nextToken() == JsonToken.START_ARRAY) {
                            rows.add(row(json));
                        }
                    }
                }
                default -> json.skipChildren();
            }
        }
        return new QueryResult.Series(name, tags, columns, rows);
    }

    private static List<@Nullable Object> row(JsonParser json) throws IOException {
        var row = new ArrayList<@Nullable Object>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            row.add(
                    switch (json.currentToken()) {
                        case VALUE_NULL -> null;
                        case VALUE_TRUE -> true;
                        case VALUE_FALSE -> false;
                        case VALUE_NUMBER_INT ->
                            json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                                    ? (Object) json.getBigIntegerValue()
                                    : (Object) json.getLongValue();
                        case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
                        default -> json.getText();
                    });
        }
        return row;
    }
}
