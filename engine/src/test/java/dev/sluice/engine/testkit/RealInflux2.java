package dev.sluice.engine.testkit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.sluice.engine.model.HttpEndpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A real influxd of 2.x on loopback, set up with one organisation and one token; the program is named by the environment's
 * {@value #ENVIRONMENT}. {@link #close()} ends the process and removes its directory. Blocking.
 *
 * <p>It answers InfluxQL about a bucket {@code database/policy} as a server of 1.x does about the policy.
 */
public final class RealInflux2 implements AutoCloseable, SampleLines.Answering {

    public static final String ENVIRONMENT = "SLUICE_INFLUXD2";
    public static final String ORG = "acme and sons";
    public static final String TOKEN = "a-token-for-tests";

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Path home;
    private final int port;
    private final Process process;
    private final String orgId;

    /** Starts one. */
    public RealInflux2() throws IOException {
        home = Files.createTempDirectory("sluice-influxd2-");
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        var builder = new ProcessBuilder(
                        Objects.requireNonNull(System.getenv(ENVIRONMENT)),
                        "run",
                        "--reporting-disabled",
                        "--http-bind-address=127.0.0.1:" + port,
                        "--bolt-path=" + home.resolve("influxd.bolt"),
                        "--sqlite-path=" + home.resolve("influxd.sqlite"),
                        "--engine-path=" + home.resolve("engine"))
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("log").toFile());
        builder.environment().put("HOME", home.toString());
        process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        orgId = setUp();
    }

    private String setUp() throws IOException {
        String wanted =
                "{\"username\":\"u\",\"password\":\"long enough\",\"org\":\"%s\",\"bucket\":\"first\",\"token\":\"%s\"}"
                        .formatted(ORG, TOKEN);
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (true) {
            try {
                return text(post("/api/v2/setup", wanted), "org", "id");
            } catch (IOException | IllegalStateException e) { // it listens before it can do anything
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException("influxd 2 did not begin: " + log(), e);
                }
                pause();
            }
        }
    }

    /** The HTTP API. */
    public HttpEndpoint endpoint() {
        return HttpEndpoint.plain("127.0.0.1", port);
    }

    /** A bucket that keeps everything. */
    public void createBucket(String name) {
        createBucket(name, "");
    }

    /** @param rules JSON; empty: what is in it never expires */
    public void createBucket(String name, String rules) {
        try {
            post(
                    "/api/v2/buckets",
                    "{\"orgID\":\"%s\",\"name\":\"%s\",\"retentionRules\":[%s]}"
                            .formatted(
                                    orgId,
                                    new String(JsonStringEncoder.getInstance().quoteAsString(name)),
                                    rules));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public List<String> rows(String influxQl, String database) {
        try (JsonParser json = new JsonFactory()
                .createParser(post("/query?epoch=ns&db=" + encoded(database) + "&q=" + encoded(influxQl), ""))) {
            json.nextToken();
            Object answer = RealInfluxd.tree(json);
            if (String.valueOf(answer).contains("error=")) {
                throw new IllegalStateException(influxQl + ": " + answer);
            }
            return RealInfluxd.flattened(answer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String post(String path, String body) throws IOException {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofMinutes(1))
                .header("Authorization", "Token " + TOKEN)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new IllegalStateException(path + ": " + response.statusCode() + " " + response.body());
            }
            return response.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static String text(String answer, String object, String field) throws IOException {
        try (JsonParser json = new JsonFactory().createParser(answer)) {
            json.nextToken();
            @Nullable Object inner = RealInfluxd.tree(json) instanceof Map<?, ?> all ? all.get(object) : null;
            return String.valueOf(inner instanceof Map<?, ?> fields ? fields.get(field) : null);
        }
    }

    private String log() throws IOException {
        return Files.readString(home.resolve("log"));
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        try (var all = Files.walk(home)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
