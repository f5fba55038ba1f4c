package dev.sluice.bench.measure;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What one run of a case came to: numbers by name. */
public final class Figures {

    private final Map<String, Double> values = new LinkedHashMap<>();

    /** Sets a figure; its unit belongs into the name, as in {@code wall_s}. */
    public Figures set(String name, double value) {
        values.put(name, value);
        return this;
    }

    public Optional<Double> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    Map<String, Double> all() {
        return values;
    }
}
