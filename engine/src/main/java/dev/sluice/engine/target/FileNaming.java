package dev.sluice.engine.target;

import dev.sluice.engine.format.TsmName;
import java.util.Optional;

/**
 * The name that a TSM file of a backup gets on a server. Names tell which file wins for a point that several have: the
 * one with the later name. Used for one archive, in its order.
 */
@FunctionalInterface
interface FileNaming {

    /** More digits than nine would sort wrongly. */
    long MAX = 999_999_999;

    /** Empty if the file cannot have a name in the right place. */
    Optional<String> of(long generation, long sequence);

    /** All in their order, {@code by} generations higher. */
    static FileNaming shifted(long by) {
        return (generation, sequence) -> name(generation + by, sequence);
    }

    /**
     * All in their order in generation 0, which comes before all that a server makes.
     *
     * @param above the first sequence number is one more
     */
    static FileNaming beneath(long above) {
        return new FileNaming() {
            private long last = above;
            private long lastGeneration;
            private long lastSequence;

            @Override
            public Optional<String> of(long generation, long sequence) {
                boolean inOrder =
                        generation > lastGeneration || (generation == lastGeneration && sequence > lastSequence);
                lastGeneration = generation;
                lastSequence = sequence;
                return inOrder ? name(0, ++last) : Optional.empty();
            }
        };
    }

    private static Optional<String> name(long generation, long sequence) {
        return generation > MAX || sequence > MAX || sequence < 1
                ? Optional.empty()
                : Optional.of(new TsmName(generation, sequence).toString());
    }
}
