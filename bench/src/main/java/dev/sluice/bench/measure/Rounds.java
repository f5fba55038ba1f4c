package dev.sluice.bench.measure;

import java.util.List;

/** Runs cases in turn, A B C A B C …, so that a machine that gets slower gets slower for all of them. */
public final class Rounds {

    private Rounds() {}

    /** One thing to measure. */
    public interface Case {
        String name();

        /** One run. */
        Figures run() throws Exception;
    }

    /** What a case does. */
    public interface Once {
        Figures run() throws Exception;
    }

    /** A case of that name. */
    public static Case named(String name, Once once) {
        return new Case() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Figures run() throws Exception {
                return once.run();
            }
        };
    }

    /**
     * Measures.
     *
     * @param rounds that count; one more before them does not
     */
    public static Results measure(List<? extends Case> cases, int rounds) throws Exception {
        var results = new Results();
        for (int round = 0; round <= rounds; round++) {
            for (Case one : cases) {
                Figures figures = one.run();
                if (round > 0) {
                    results.add(one.name(), figures);
                }
                System.err.printf("round %d of %d: %s %s%n", round, rounds, one.name(), figures.all());
            }
        }
        return results;
    }
}
