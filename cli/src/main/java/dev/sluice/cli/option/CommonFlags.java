package dev.sluice.cli.option;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command knows. */
@SuppressWarnings("UnusedVariable") // declared for picocli and the help; read as words, before all others
public final class CommonFlags {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A file with settings like 'concurrency = 8'. Default: ~/.config/sluice/config. "
                    + "SLUICE_CONCURRENCY in the environment counts more than the file, a flag counts most.")
    private @Nullable String config;

    @Option(names = "--debug", description = "Show what the engine logs, and the trace of an error.")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    private boolean help;
}
