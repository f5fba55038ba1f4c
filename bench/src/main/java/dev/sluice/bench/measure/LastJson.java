package dev.sluice.bench.measure;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The numbers in the last line of what a command wrote with {@code --json}: its report. */
public final class LastJson {

    private final Map<String, Double> numbers = new LinkedHashMap<>();

    private LastJson() {}

    public static LastJson of(String out) throws IOException {
        var report = new LastJson();
        String last = out.lines().reduce("", (before, line) -> line);
        if (!last.startsWith("{")) {
            throw new IOException("no report in JSON: " + last);
        }
        try (JsonParser json = new JsonFactory().createParser(last)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                if (json.nextToken().isNumeric()) {
                    report.numbers.put(name, json.getDoubleValue());
                } else {
                    json.skipChildren();
                }
            }
        }
        return report;
    }

    /** @throws IOException if the report has no such number */
    public double get(String name) throws IOException {
        Double number = numbers.get(name);
        if (number == null) {
            throw new IOException("the report has no number " + name);
        }
        return number;
    }
}
