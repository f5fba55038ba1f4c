package dev.sluice.engine.stage.codec;

/**
 * Something that can compress for gzip, found by {@link java.util.ServiceLoader}. Of those that are available and
 * pass a self-check the one with the highest priority is taken; Sluice's own for level 1 is always there, at priority 1,
 * and the JDK's for every level, at priority 0.
 *
 * <p>Its methods are called from any thread, and neither the constructor nor {@link #availability()} throws or
 * prints.
 */
public interface GzipEncoderProvider {

    /** A short name for reports, such as {@code libdeflate}. */
    String name();

    /** Whether it can run here; cheap when asked again. */
    Availability availability();

    /** Whether it compresses at this level, 1 to 9; one that does not is passed over. */
    default boolean offers(int level) {
        return true;
    }

    /** Higher ones are preferred; Sluice's own is 1, the JDK's is 0. */
    int priority();

    /**
     * A new compressor, asked for only where {@link #availability()} and {@link #offers} say yes.
     *
     * @param level 1 (fast) to 9 (small)
     */
    SlabDeflater create(int level);

    /**
     * An answer with its reason.
     *
     * @param reason why not, as a clause ({@code needs Java 25}); empty if it is available
     */
    record Availability(boolean available, String reason) {
        public static Availability yes() {
            return new Availability(true, "");
        }

        public static Availability no(String reason) {
            return new Availability(false, reason);
        }
    }
}
