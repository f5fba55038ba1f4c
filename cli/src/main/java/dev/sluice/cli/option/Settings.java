package dev.sluice.cli.option;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Values for flags that were not given: the environment first ({@code SLUICE_SKIP_ERRORS} for
 * {@code -skip-errors}), then a file of {@code key = value} lines whose keys are the flags' names.
 */
public final class Settings implements IDefaultValueProvider {

    private static final String PREFIX = "SLUICE_";

    /** Flags that make no sense as a setting. */
    private static final Set<String> NOT_SETTINGS = Set.of("h", "help", "version", "config");

    private final Map<String, String> environment;
    private final Properties file;
    private final String fileName;

    private Settings(Map<String, String> environment, Properties file, String fileName) {
        this.environment = environment;
        this.file = file;
        this.fileName = fileName;
    }

    /** A value and where it was found. */
    public record Setting(String value, String origin) {}

    /**
     * Reads the file that was named by flag or by {@code SLUICE_CONFIG}, else the user's own if it is there.
     *
     * @param named what {@code --config} says
     * @param root gives the command whose subcommands' flags may stand in the file; not asked where there is no file
     * @throws UsageError for a file that cannot be read or has a key that is no flag
     */
    public static Settings load(Map<String, String> environment, Optional<String> named, Supplier<CommandSpec> root) {
        Optional<Path> path = named.or(() -> filled(environment, PREFIX + "CONFIG"))
                .map(Path::of)
                .or(() -> ownFile(environment));
        if (path.isEmpty()) {
            return new Settings(environment, new Properties(), "");
        }
        Properties file = new Properties();
        try (var reader = Files.newBufferedReader(path.get())) {
            file.load(reader);
        } catch (CharacterCodingException | IllegalArgumentException e) {
            throw new UsageError(
                    "%s is not a file of settings".formatted(path.get()),
                    "It holds lines of the form 'concurrency = 8', in UTF-8.");
        } catch (IOException e) {
            throw new UsageError(
                    "cannot read the settings in %s".formatted(path.get()),
                    "Is it there, is it a file, and may you read it? %s names another one."
                            .formatted(named.isPresent() ? "--config" : "--config or " + PREFIX + "CONFIG"));
        }
        Set<String> keys = keys(root.get());
        for (String key : file.stringPropertyNames()) {
            if (!keys.contains(key)) {
                throw new UsageError(
                        "%s has the key '%s', which is no flag".formatted(path.get(), key),
                        Spelling.nearest(key, keys)
                                .map(near -> "Did you mean '" + near + "'?")
                                .orElse("Keys are names of flags without their dashes, such as 'concurrency'."));
            }
        }
        return new Settings(environment, file, path.get().toString());
    }

    /** What stands for this flag in the environment or the file. */
    public Optional<Setting> find(OptionSpec option) {
        List<String> names = GoFlags.names(option);
        if (names.stream().anyMatch(NOT_SETTINGS::contains)) {
            return Optional.empty();
        }
        for (String name : names) {
            String variable = PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
            Optional<String> value = filled(environment, variable);
            if (value.isPresent()) {
                return value.map(v -> new Setting(v, variable));
            }
        }
        for (String name : names) {
            String value = file.getProperty(name);
            if (value != null) {
                return Optional.of(new Setting(value.strip(), fileName));
            }
        }
        return Optional.empty();
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (argument instanceof OptionSpec option) {
            return find(option).map(Setting::value).orElse(null);
        }
        return null;
    }

    private static Optional<Path> ownFile(Map<String, String> environment) {
        return filled(environment, "XDG_CONFIG_HOME")
                .map(Path::of)
                .or(() -> filled(environment, "HOME").map(home -> Path.of(home, ".config")))
                .map(dir -> dir.resolve("sluice").resolve("config"))
                .filter(Files::exists);
    }

    private static Set<String> keys(CommandSpec root) {
        Set<String> keys = new HashSet<>();
        root.subcommands()
                .values()
                .forEach(command ->
                        command.getCommandSpec().options().forEach(option -> keys.addAll(GoFlags.names(option))));
        keys.removeAll(NOT_SETTINGS);
        return keys;
    }

    /** An empty variable counts as none, as shells make them easily. */
    private static Optional<String> filled(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }
}
