package dev.sluice.cli;

import dev.sluice.cli.command.Cli;
import dev.sluice.cli.command.Context;
import java.util.Locale;

/** Where the launcher enters. */
public final class Main {

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT); // scripts read the numbers too
        System.exit(new Cli(Context.ofProcess()).run(args));
    }
}
