package dev.sluice.cli.option;

import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import java.util.Arrays;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** A server's HTTP API, where a command needs it beside the backup port. */
public final class HttpFlags {

    @Option(
            names = "--http",
            paramLabel = "HOST:PORT",
            converter = Endpoint.class,
            split = ",",
            description = "The server's HTTP API, for what its backup port cannot do, such as telling its version; "
                    + "https://HOST:PORT for TLS.")
    private HttpEndpoint[] http = {};

    @Mixin
    private final UserFlags user = new UserFlags();

    /** What was given, in its order, all with the same credentials. */
    public HttpAccess[] access(Map<String, String> environment) {
        return Arrays.stream(http)
                .map(endpoint -> new HttpAccess(endpoint, user.credentials(environment)))
                .toArray(HttpAccess[]::new);
    }

    static final class Endpoint implements ITypeConverter<HttpEndpoint> {
        @Override
        public HttpEndpoint convert(String text) {
            try {
                return HttpEndpoint.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(": " + e.getMessage());
            }
        }
    }
}
