package dev.sluice.cli.option;

import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.ServerAddress;
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
            boolean tls = text.startsWith("https://");
            String rest = tls
                    ? text.substring("https://".length())
                    : text.startsWith("http://") ? text.substring("http://".length()) : text;
            int slash = rest.indexOf('/');
            String address = slash < 0 ? rest : rest.substring(0, slash);
            try {
                ServerAddress parsed = ServerAddress.parse(address);
                boolean without = parsed.port() == ServerAddress.DEFAULT_PORT
                        && !address.endsWith(":" + ServerAddress.DEFAULT_PORT);
                return new HttpEndpoint(
                        parsed.host(),
                        without ? HttpEndpoint.DEFAULT_PORT : parsed.port(),
                        tls,
                        true,
                        slash < 0 ? "" : rest.substring(slash));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(": " + e.getMessage());
            }
        }
    }
}
