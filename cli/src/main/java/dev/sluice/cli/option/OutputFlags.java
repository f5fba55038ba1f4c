package dev.sluice.cli.option;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the user gets to see. */
public final class OutputFlags {

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it before a flag is read
    private CommandSpec command;

    @Option(names = "--json", description = "Events and the final report on stdout, one JSON object a line.")
    private boolean json;

    @Option(names = "--quiet", description = "Only what went wrong.")
    private boolean quiet;

    @Option(names = "--no-progress", description = "Plain lines instead of the progress area.")
    private boolean noProgress;

    /** The ways to tell how a copy goes. */
    public enum Output {
        /** A progress area where there is a terminal, plain lines elsewhere. */
        NORMAL,
        PLAIN,
        QUIET,
        JSON
    }

    /** @throws UsageError where flags contradict each other */
    public Output output() {
        if (json && quiet) {
            throw new UsageError(
                    "%s cannot be combined with %s"
                            .formatted(Given.name(command, "--json"), Given.name(command, "--quiet")),
                    "--json alone writes nothing for people unless something goes wrong.");
        }
        return json ? Output.JSON : quiet ? Output.QUIET : noProgress ? Output.PLAIN : Output.NORMAL;
    }
}
