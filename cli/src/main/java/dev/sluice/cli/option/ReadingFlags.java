package dev.sluice.cli.option;

import picocli.CommandLine.Option;

/** How a backup is read that is in parts, or not whole. */
public final class ReadingFlags {

    @Option(
            names = "--chain",
            description =
                    "Put portable runs of influxd with -since together, oldest first. Default: the newest counts.")
    private boolean chain;

    @Option(
            names = "--allow-incomplete",
            description =
                    "Of a stream that is cut short or damaged, take what had arrived whole; ends with exit code 3 or 4.")
    private boolean allowIncomplete;

    public boolean chain() {
        return chain;
    }

    public boolean allowIncomplete() {
        return allowIncomplete;
    }
}
