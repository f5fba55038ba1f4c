package dev.sluice.engine.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The original's tool for files, {@code influx_inspect}: named by the system property {@value #PROPERTY} or the
 * environment's {@value #ENVIRONMENT}. Debian has none, so it is there for those who bring it. Blocking.
 */
public final class InfluxInspect {

    public static final String PROPERTY = "sluice.inspect";
    public static final String ENVIRONMENT = "INFLUX_INSPECT";

    private static final Duration LIMIT = Duration.ofMinutes(1);

    private InfluxInspect() {}

    /** Whether there is one to compare with. */
    public static boolean named() {
        return !path().isEmpty();
    }

    static String path() {
        return System.getProperty(PROPERTY, System.getenv().getOrDefault(ENVIRONMENT, ""))
                .strip();
    }

    /**
     * Runs {@code influx_inspect args…} in UTC to its end.
     *
     * @throws IllegalStateException when what is named is no program
     */
    public static ToolRun run(List<String> args) {
        if (!Files.isExecutable(Path.of(path()))) {
            throw new IllegalStateException(path() + " is no influx_inspect");
        }
        var command = new ArrayList<>(List.of(path()));
        command.addAll(args);
        return ToolRun.run(command, Map.of("TZ", "UTC"), LIMIT);
    }
}
