package dev.sluice.bench.data;

import dev.sluice.engine.model.ServerAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A real influxd on loopback over directories that stay: {@code meta}, {@code data} and {@code wal} below its home. */
public final class Influxd implements AutoCloseable {

    private static final int PATIENCE_SECONDS = 120;

    private final Path home;
    private final ServerAddress rpc;
    private final ServerAddress http;
    private final HttpClient client = HttpClient.newHttpClient();
    private final Process process;

    private Influxd(Path program, Path home) throws IOException {
        this.home = home;
        Files.createDirectories(home);
        try (var one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            rpc = new ServerAddress("127.0.0.1", one.getLocalPort());
            http = new ServerAddress("127.0.0.1", two.getLocalPort());
        }
        Path config = Files.writeString(home.resolve("influxdb.conf"), """
                reporting-disabled = true
                bind-address = "%1$s"
                [meta]
                  dir = "%3$s/meta"
                [data]
                  dir = "%3$s/data"
                  wal-dir = "%3$s/wal"
                  query-log-enabled = false
                  cache-max-memory-size = 0
                  cache-snapshot-write-cold-duration = "10s"
                  compact-full-write-cold-duration = "20s"
                  compact-throughput = "1g"
                  compact-throughput-burst = "1g"
                [http]
                  bind-address = "%2$s"
                  log-enabled = false
                  max-body-size = 0
                [monitor]
                  store-enabled = false
                """.formatted(rpc, http, home.toAbsolutePath()));
        process = new ProcessBuilder(program.toString(), "-config", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("log").toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
    }

    /** Starts a server, and comes back when it answers. */
    public static Influxd start(Path program, Path home) throws IOException, InterruptedException {
        var server = new Influxd(program, home);
        var ping = HttpRequest.newBuilder(server.uri("/ping")).build();
        for (long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS); System.nanoTime() < until; ) {
            try {
                if (server.client.send(ping, BodyHandlers.discarding()).statusCode() == 204) {
                    return server;
                }
            } catch (IOException e) {
                Thread.sleep(50);
            }
            if (!server.process.isAlive()) {
                break;
            }
        }
        server.close();
        throw new IOException("influxd did not come up:\n" + Files.readString(home.resolve("log")));
    }

    /** Its snapshot service. */
    public ServerAddress rpc() {
        return rpc;
    }

    /** Its HTTP API. */
    public ServerAddress http() {
        return http;
    }

    public long pid() {
        return process.pid();
    }

    /** Where its TSM files are. */
    public Path data() {
        return home.resolve("data");
    }

    /** Executes InfluxQL; what comes back is the answer's JSON. */
    public String query(String influxQl) throws IOException, InterruptedException {
        return post("/query?q=" + URLEncoder.encode(influxQl, StandardCharsets.UTF_8), new byte[0]);
    }

    /** Tries again while the server is too busy. */
    void write(String database, byte[] lines) {
        try {
            post("/write?db=" + database, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private String post(String path, byte[] body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(uri(path))
                .timeout(Duration.ofSeconds(PATIENCE_SECONDS))
                .POST(BodyPublishers.ofByteArray(body))
                .build();
        for (int attempt = 1; ; attempt++) {
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            if (answer.statusCode() / 100 == 2) {
                return answer.body();
            }
            if (attempt == 100 || answer.statusCode() / 100 == 4) {
                throw new IOException(path + ": " + answer.statusCode() + " " + answer.body());
            }
            Thread.sleep(300);
        }
    }

    private URI uri(String path) {
        return URI.create("http://" + http + path);
    }

    /** Ends the server in an orderly way. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
