package dev.sluice.cli.command;

import dev.sluice.cli.console.Complaint;
import dev.sluice.cli.console.Failure;
import dev.sluice.cli.console.JsonDisplay;
import dev.sluice.cli.option.Given;
import dev.sluice.cli.option.GoFlags;
import dev.sluice.cli.option.Settings;
import dev.sluice.cli.option.Spelling;
import dev.sluice.cli.option.UsageError;
import dev.sluice.cli.option.Values;
import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.SluiceException;
import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Finds the command, reads its flags, runs it, and says in words and as an exit code how it ended. */
public final class Cli {

    /**
     * In the order of the help. Each is made when a run needs it: to read the flags of all, by reflection, would take
     * longer than all the rest of a start.
     */
    private static final Map<String, Function<Context, Command>> COMMANDS = commands();

    /** Those that speak of all the others. */
    private static final Set<String> NEED_ALL = Set.of("help", "completion");

    private final Context context;
    private @Nullable CommandSpec command; // the one that is asked for
    private @Nullable Settings settings;
    private boolean understood; // its flags are read

    public Cli(Context context) {
        this.context = context;
    }

    /** Runs what the words say; never throws. */
    public int run(String... args) {
        boolean debug =
                Arrays.asList(args).contains("--debug") || Arrays.asList(args).contains("-debug");
        if (debug) {
            System.setProperty("org.slf4j.simpleLogger.log.dev.sluice", "debug");
        }
        Complaint complaint = new Complaint(context.err(), debug);
        int exit = run(args, complaint, debug);
        // A stream of text keeps its errors to itself until it is asked.
        if (context.out().checkError()) {
            complaint.show(
                    "standard output did not take all of the result",
                    "Is the disk full that it goes to, or has its reader ended?");
            return exit == ExitCode.OK ? ExitCode.FAILED : exit;
        }
        return exit;
    }

    private int run(String[] args, Complaint complaint, boolean debug) {
        try {
            return dispatch(args);
        } catch (Throwable e) {
            Failure failure = failure(e, debug);
            if (e instanceof UsageError) {
                complaint.show(failure.message(), failure.hint());
            } else {
                complaint.show(failure, e);
            }
            tellPrograms(failure, List.of(args));
            return failure.exitCode();
        } finally {
            context.err().flush();
        }
    }

    private Failure failure(Throwable why, boolean debug) {
        if (why instanceof UsageError e) {
            return new Failure("UsageError", String.valueOf(e.getMessage()), e.hint(), ExitCode.USAGE);
        }
        if (why instanceof EngineBroken e) {
            return new Failure("EngineBroken", e.getMessage(), hint(e), ExitCode.of(e));
        }
        if (why instanceof SluiceException e) {
            return Failure.of(e, ExitCode.of(e));
        }
        if (why instanceof InvalidPathException e) {
            return new Failure(
                    "UsageError",
                    "not a path: '" + e.getInput() + "'",
                    "Is the locale of this shell UTF-8?",
                    ExitCode.USAGE);
        }
        if (why instanceof OutOfMemoryError || why instanceof LinkageError) {
            return failure(new EngineBroken(why), debug);
        }
        return new Failure(
                "Defect",
                "a defect in Sluice: " + why,
                debug
                        ? "Please report it with all of this output."
                        : "Please report it, with the output of the same command with --debug.",
                ExitCode.FAILED);
    }

    /** The last object of a run that failed, where objects are asked for. */
    private void tellPrograms(Failure failure, List<String> words) {
        if (!json(words)) {
            return;
        }
        try {
            (dataOnStdout(words) ? context.err() : context.out()).println(JsonDisplay.error(failure));
        } catch (LinkageError e) {
            // what is not installed as a whole was told to people
        }
    }

    /** What was typed counts even where the flags beside it were not understood. */
    private boolean json(List<String> words) {
        OptionSpec option = command == null ? null : command.findOption("--json");
        if (option == null) {
            return false;
        }
        Optional<Boolean> typed = words.stream()
                .takeWhile(word -> !word.equals("--"))
                .filter(word -> word.matches("--?json(=.*)?"))
                .reduce((first, last) -> last)
                .map(word -> !word.contains("=") || on(word.substring(word.indexOf('=') + 1)));
        if (typed.isPresent()) {
            return typed.get();
        }
        Optional<String> set = settings == null // they are looked at when the words are understood
                ? Optional.ofNullable(context.environment().get("SLUICE_JSON"))
                : settings.find(option).map(Settings.Setting::value);
        return set.map(Cli::on).orElse(false);
    }

    private static boolean on(String value) {
        try {
            return new Values.Switch().convert(value);
        } catch (CommandLine.TypeConversionException e) {
            return false;
        }
    }

    /** Flags that were not understood do not tell what the path of a backup is; a {@code -} among them may be it. */
    private boolean dataOnStdout(List<String> words) {
        if (!understood) {
            return words.contains("-") || words.stream().anyMatch(word -> word.endsWith("=-"));
        }
        return command != null && ((Command) command.userObject()).dataOnStdout();
    }

    /** What takes memory for several at a time can be asked for fewer, where the command has the flag. */
    private String hint(EngineBroken error) {
        boolean fewer = error.outOfMemory() && command != null && command.findOption("--concurrency") != null;
        return error.hint() + (fewer ? " Or ask for less at a time with a smaller --concurrency." : "");
    }

    private int dispatch(String[] args) {
        if (args.length == 0) {
            commandLine(COMMANDS.keySet()).usage(context.err());
            return ExitCode.USAGE;
        }
        if (!COMMANDS.containsKey(args[0])) {
            return rootOnly(args);
        }
        CommandLine root = commandLine(NEED_ALL.contains(args[0]) ? COMMANDS.keySet() : Set.of(args[0]));
        CommandLine command = Objects.requireNonNull(root.getSubcommands().get(args[0]));
        this.command = command.getCommandSpec();
        List<String> words =
                GoFlags.rewrite(command.getCommandSpec(), List.of(args).subList(1, args.length));
        Settings settings = Settings.load(
                context.environment(),
                words.stream()
                        .takeWhile(word -> !word.equals("--"))
                        .filter(word -> word.startsWith("--config="))
                        .map(word -> word.substring("--config=".length()))
                        .reduce((first, last) -> last),
                () -> commandLine(COMMANDS.keySet()).getCommandSpec());
        this.settings = settings;
        command.setDefaultValueProvider(settings);
        List<String> all = new ArrayList<>(words);
        all.add(0, args[0]);
        return run(root, command, all);
    }

    private int rootOnly(String[] args) {
        if (!args[0].startsWith("-")) {
            throw unknownCommand(args[0], COMMANDS.keySet());
        }
        boolean version = args.length == 1 && args[0].endsWith("-version");
        CommandLine root = commandLine(version ? Set.of() : COMMANDS.keySet());
        return run(root, root, GoFlags.rewrite(root.getCommandSpec(), List.of(args)));
    }

    /** @param words from the root on, as picocli wants it */
    private int run(CommandLine root, CommandLine command, List<String> words) {
        try {
            root.parseArgs(words.toArray(String[]::new));
        } catch (ParameterException e) {
            throw refused(e, words);
        }
        if (command.isUsageHelpRequested()) {
            command.usage(context.out());
            return ExitCode.OK;
        }
        understood = true;
        Command userObject = command.getCommand();
        return userObject.run();
    }

    static UsageError unknownCommand(String name, Set<String> commands) {
        String list = "'sluice --help' lists the commands.";
        return new UsageError(
                "unknown command '%s'".formatted(name),
                Spelling.nearest(name, commands)
                        .map(near -> "Did you mean '%s'? ".formatted(near) + list)
                        .orElse(list));
    }

    private static Map<String, Function<Context, Command>> commands() {
        Map<String, Function<Context, Command>> commands = new LinkedHashMap<>();
        commands.put("backup", BackupCommand::new);
        commands.put("restore", RestoreCommand::new);
        commands.put("copy", CopyCommand::new);
        commands.put("verify", VerifyCommand::new);
        commands.put("list", ListCommand::new);
        commands.put("inspect", InspectCommand::new);
        commands.put("export", ExportCommand::new);
        commands.put("import", ImportCommand::new);
        commands.put("serve", ServeCommand::new);
        commands.put("demo", DemoCommand::new);
        commands.put("completion", CompletionCommand::new);
        commands.put("help", HelpCommand::new);
        return Collections.unmodifiableMap(commands);
    }

    /** The root with some of the commands below it. */
    private CommandLine commandLine(Set<String> names) {
        CommandLine root = new CommandLine(new RootCommand(context));
        COMMANDS.forEach((name, command) -> {
            if (names.contains(name)) {
                root.addSubcommand(name, command.apply(context));
            }
        });
        return root.registerConverter(boolean.class, new Values.Switch())
                .registerConverter(Boolean.class, new Values.Switch())
                .setPosixClusteredShortOptionsAllowed(false)
                .setOverwrittenOptionsAllowed(true)
                .setAllowOptionsAsOptionParameters(true) // each value is bound to its flag by now
                .setExpandAtFiles(false)
                .setInterpolateVariables(false)
                .setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF))
                .setUsageHelpWidth(96)
                .setUsageHelpLongOptionsMaxWidth(24);
    }

    /** Words what picocli found wrong with a value. */
    private static UsageError refused(ParameterException e, List<String> words) {
        CommandSpec command = e.getCommandLine().getCommandSpec();
        String help = "'%s --help' tells what is expected.".formatted(command.qualifiedName());
        ArgSpec argument = e.getArgSpec();
        if (argument instanceof OptionSpec option && e.getCause() instanceof CommandLine.TypeConversionException why) {
            String message = Optional.ofNullable(why.getMessage()).orElse("is not valid");
            Optional<String> typed = typed(option, words);
            return new UsageError(
                    typed.orElse(option.names()[0])
                            + (typed.isPresent() ? "" : Given.origin(command, option))
                            + (message.startsWith(":") ? message : " " + message),
                    help);
        }
        return new UsageError(Optional.ofNullable(e.getMessage()).orElse("arguments not understood"), help);
    }

    private static Optional<String> typed(OptionSpec option, List<String> words) {
        return Arrays.stream(option.names())
                .filter(name -> words.stream()
                        .takeWhile(word -> !word.equals("--"))
                        .anyMatch(word -> word.startsWith(name + "=")))
                .findFirst();
    }
}
