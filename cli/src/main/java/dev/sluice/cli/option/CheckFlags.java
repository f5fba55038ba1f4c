package dev.sluice.cli.option;

import picocli.CommandLine.Option;

/** Whether files are looked into while they pass. */
public final class CheckFlags {

    @Option(
            names = "--check-blocks",
            arity = "0..1",
            defaultValue = "true",
            fallbackValue = "true",
            converter = Values.Switch.class,
            description = "Check every block of every TSM file while it passes; damage is told and copied as it is, "
                    + "and ends with exit code 4. Default: true.")
    private boolean checkBlocks;

    /** Whether every block is to be checked. */
    public boolean blocks() {
        return checkBlocks;
    }
}
