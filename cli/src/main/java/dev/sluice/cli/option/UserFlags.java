package dev.sluice.cli.option;

import dev.sluice.engine.model.Credentials;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who asks the HTTP API of a 1.x server. */
public final class UserFlags {

    @Option(names = "-username", paramLabel = "NAME", description = "For the HTTP API. Default: INFLUX_USERNAME.")
    private @Nullable String user;

    @Option(
            names = "-password",
            paramLabel = "WORD",
            description = "Better in INFLUX_PASSWORD: other users of this machine see command lines.")
    private @Nullable String password;

    /** What was given, else what the environment has. */
    public Credentials credentials(Map<String, String> environment) {
        String name = user == null ? environment.getOrDefault("INFLUX_USERNAME", "") : user;
        return name.isEmpty()
                ? Credentials.NONE
                : new Credentials.Basic(
                        name, password == null ? environment.getOrDefault("INFLUX_PASSWORD", "") : password);
    }
}
