package dev.sluice.bench.measure;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/** All runs of all cases. */
public final class Results {

    private final Map<String, List<Figures>> runs = new LinkedHashMap<>();

    void add(String name, Figures figures) {
        runs.computeIfAbsent(name, key -> new ArrayList<>()).add(figures);
    }

    public boolean has(String name) {
        return runs.containsKey(name);
    }

    /** The median over a case's runs; empty if it was not measured. */
    public Optional<Double> median(String name, String figure) {
        double[] sorted = runs.getOrDefault(name, List.of()).stream()
                .flatMap(run -> run.get(figure).stream())
                .mapToDouble(Double::doubleValue)
                .sorted()
                .toArray();
        int middle = sorted.length / 2;
        return sorted.length == 0
                ? Optional.empty()
                : Optional.of(sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
    }

    /**
     * A column of the table.
     *
     * @param value of a case by its name; empty for none
     */
    public record Column(String title, String format, Function<String, Optional<Double>> value) {}

    /** A column with a figure's median. */
    public Column figure(String title, String format, String figure) {
        return new Column(title, format, name -> median(name, figure));
    }

    /** A column with the ratio of two cases' medians: above 1 is more than the base. */
    public Column ratio(String title, String format, String figure, String base) {
        return new Column(
                title,
                format,
                name -> median(name, figure).flatMap(own -> median(base, figure).map(of -> own / of)));
    }

    /** Medians, a case a line. */
    public String table(List<Column> columns) {
        int first = runs.keySet().stream().mapToInt(String::length).max().orElse(0);
        var text = new StringBuilder(pad("", first, false));
        columns.forEach(column -> text.append("  ").append(pad(column.title(), 9, true)));
        for (String name : runs.keySet()) {
            text.append('\n').append(pad(name, first, false));
            for (Column column : columns) {
                String value = column.value()
                        .apply(name)
                        .map(number -> String.format(Locale.ROOT, column.format(), number))
                        .orElse("");
                text.append("  ").append(pad(value, Math.max(9, column.title().length()), true));
            }
        }
        return text.append('\n').toString();
    }

    private static String pad(String text, int width, boolean left) {
        String space = " ".repeat(Math.max(0, width - text.length()));
        return left ? space + text : text + space;
    }

    /** Every run, and the medians. */
    public void writeTo(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (var out = Files.newOutputStream(file);
                JsonGenerator json = new JsonFactory().createGenerator(out).useDefaultPrettyPrinter()) {
            json.writeStartObject();
            for (Map.Entry<String, List<Figures>> one : runs.entrySet()) {
                json.writeObjectFieldStart(one.getKey());
                for (String figure : one.getValue().get(0).all().keySet()) {
                    double[] values = one.getValue().stream()
                            .flatMapToDouble(
                                    run -> run.get(figure).map(DoubleStream::of).orElse(DoubleStream.empty()))
                            .toArray();
                    json.writeObjectFieldStart(figure);
                    json.writeNumberField("median", median(one.getKey(), figure).orElseThrow());
                    json.writeFieldName("runs");
                    json.writeArray(values, 0, values.length);
                    json.writeEndObject();
                }
                json.writeEndObject();
            }
            json.writeEndObject();
        }
    }
}
