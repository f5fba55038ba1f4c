package dev.sluice.cli.command;

import java.util.Optional;

/** What runs here. */
final class Version {

    private Version() {}

    /** As the jar's manifest has it. */
    static String ofSluice() {
        return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
                .orElse("(unpackaged)");
    }

    /** What a report of a defect should name. */
    static String ofSurroundings() {
        return "Java %s (%s), %s %s, %d processors"
                .formatted(
                        System.getProperty("java.version"),
                        System.getProperty("java.vendor"),
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors());
    }
}
