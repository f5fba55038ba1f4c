package dev.sluice.cli.command;

/** One command, its flags read. */
interface Command {

    /**
     * Does it.
     *
     * @return an {@link ExitCode}
     */
    int run();
}
