package dev.sluice.cli.option;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Tells where an option's value came from, for messages that name it. */
public final class Given {

    private Given() {}

    /** {@code -since}, or {@code -since (from SLUICE_SINCE)} when it was not on the command line. */
    public static String name(CommandSpec command, String flag) {
        return typed(command, flag) ? flag : flag + origin(command, command.findOption(flag));
    }

    /** Whether it stands on the command line; a value from elsewhere is a default for all commands. */
    public static boolean typed(CommandSpec command, String flag) {
        return command.commandLine().getParseResult().hasMatchedOption(flag);
    }

    /** {@code  (from SLUICE_SINCE)}, or nothing when no setting stands for it. */
    public static String origin(CommandSpec command, OptionSpec option) {
        if (command.defaultValueProvider() instanceof Settings settings) {
            return settings.find(option)
                    .map(setting -> " (from " + setting.origin() + ")")
                    .orElse("");
        }
        return "";
    }
}
