package dev.sluice.cli.option;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Go's way to write flags, brought into the one form that picocli reads without guessing.
 *
 * <p>{@code -db x}, {@code --db x}, {@code -db=x} all become {@code -db=x}, with the dashes that the option
 * was declared with; {@code -portable} becomes {@code -portable=true}, so that a default from elsewhere is
 * never flipped. Everything after {@code --} and a lone {@code -} is a path.
 */
public final class GoFlags {

    private GoFlags() {}

    /**
     * Rewrites the words after a command's name.
     *
     * @throws UsageError for a flag that the command does not have, or one without its value
     */
    public static List<String> rewrite(CommandSpec command, List<String> words) {
        Map<String, Flag> known = known(command);
        List<String> flags = new ArrayList<>();
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("--")) {
                paths.addAll(words.subList(i + 1, words.size()));
                break;
            }
            if (!isFlag(word)) {
                paths.add(word);
                continue;
            }
            String body = strip(word);
            int equals = body.indexOf('=');
            String name = equals < 0 ? body : body.substring(0, equals);
            Flag flag = known.get(name);
            if (flag == null) {
                throw unknown(command, known, word, name);
            }
            OptionSpec option = flag.option();
            String declared = flag.declared();
            if (option.usageHelp() || option.versionHelp()) {
                flags.add(declared);
            } else if (equals >= 0) {
                flags.add(declared + "=" + value(option, declared, body.substring(equals + 1)));
            } else if (isSwitch(option)) {
                flags.add(declared + "=true");
            } else if (i + 1 == words.size()) {
                throw new UsageError(
                        declared + " needs a value", "Write " + declared + " " + option.paramLabel() + ".");
            } else {
                String next = words.get(++i);
                if (isFlag(next) && known.containsKey(nameOf(next))) {
                    throw new UsageError(
                            "%s needs a value, but the flag %s follows".formatted(declared, next),
                            "Write %s %s, or %s=%s if that is the value."
                                    .formatted(declared, option.paramLabel(), declared, next));
                }
                flags.add(declared + "=" + value(option, declared, next));
            }
        }
        if (!paths.isEmpty()) {
            flags.add("--");
            flags.addAll(paths);
        }
        return flags;
    }

    /** Names of a command's flags without their dashes. */
    public static List<String> names(OptionSpec option) {
        return List.of(option.names()).stream().map(GoFlags::strip).toList();
    }

    /** Whether the flag is on or off and needs no value. */
    static boolean isSwitch(OptionSpec option) {
        return option.type() == boolean.class || option.type() == Boolean.class;
    }

    static boolean isFlag(String word) {
        return word.length() > 1 && word.startsWith("-");
    }

    private static String value(OptionSpec option, String declared, String text) {
        if (text.isEmpty()) {
            throw new UsageError(
                    declared + " has an empty value",
                    isSwitch(option)
                            ? "Write " + declared + " or " + declared + "=false."
                            : "Leave the flag out if nothing is meant.");
        }
        return text;
    }

    private static String nameOf(String flag) {
        String body = strip(flag);
        int equals = body.indexOf('=');
        return equals < 0 ? body : body.substring(0, equals);
    }

    private static String strip(String flag) {
        return flag.startsWith("--") ? flag.substring(2) : flag.startsWith("-") ? flag.substring(1) : flag;
    }

    /** An option under one of its names, as that was declared. */
    private record Flag(String declared, OptionSpec option) {}

    private static Map<String, Flag> known(CommandSpec command) {
        Map<String, Flag> known = new HashMap<>();
        for (OptionSpec option : command.options()) {
            for (String name : option.names()) {
                known.put(strip(name), new Flag(name, option));
            }
        }
        return known;
    }

    private static UsageError unknown(CommandSpec command, Map<String, Flag> known, String word, String name) {
        String flag = word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
        String message = "unknown flag %s".formatted(flag);
        if (command.userObject() instanceof FlagHints hints) {
            Optional<String> hint = hints.hintFor(name);
            if (hint.isPresent()) {
                return new UsageError(message, hint.get());
            }
        }
        String help = "'%s --help' lists the flags.".formatted(command.qualifiedName());
        return new UsageError(
                message,
                Spelling.nearest(name, known.keySet())
                        .map(known::get)
                        .map(near -> "Did you mean %s? ".formatted(near.declared()) + help)
                        .orElse(help));
    }
}
