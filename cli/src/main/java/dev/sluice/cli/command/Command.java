package dev.sluice.cli.command;

/** One command, its flags read. */
interface Command {

    /**
     * Does it.
     *
     * @return an {@link ExitCode}
     */
    int run();

    /** Whether stdout is for data, by the flags; what is told as JSON goes to stderr then. */
    default boolean dataOnStdout() {
        return false;
    }
}
