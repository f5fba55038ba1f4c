package dev.sluice.engine.testkit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.sluice.engine.model.ServerAddress;
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
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.provider.Arguments;

/**
 * A real influxd on loopback, with ports, directories and a configuration of its own. {@link #close()} ends the process
 * and removes the directories; a test JVM that exits takes its servers with it.
 *
 * <p>The programs come from the system property {@value #PROPERTY} or the environment's {@value #ENVIRONMENT}: paths of
 * influxd, separated by commas; {@code PATH:tsi1} or {@code PATH:inmem} is one with that kind of index instead of its own
 * default. Blocking; one instance belongs to one test at a time.
 */
public final class RealInfluxd implements AutoCloseable, SampleLines.Answering {

    public static final String PROPERTY = "sluice.influxd";
    public static final String ENVIRONMENT = "SLUICE_INFLUXD";

    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final Duration TOOL_LIMIT = Duration.ofMinutes(5);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** What a JVM that exits without {@link #close()} would leave behind. */
    private static final Set<Process> LIVE = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> LIVE.forEach(Process::destroyForcibly)));
    }

    private final Binary binary;
    private final Path home;
    private final int rpcPort;
    private final int httpPort;
    private @Nullable Process process;

    /**
     * An influxd program.
     *
     * @param version as it tells it itself, for example {@code 1.6.7~rc0}
     * @param index the kind of index that its servers build; empty for what it does by itself
     */
    public record Binary(Path path, String version, Optional<String> index) {

        /** Whether this is {@code major.minor} or later. */
        public boolean isAtLeast(int major, int minor) {
            Matcher parts = Pattern.compile("(\\d+)\\.(\\d+).*").matcher(version);
            if (!parts.matches()) {
                throw new IllegalStateException("cannot compare version '" + version + "' of " + path);
            }
            int own = Integer.parseInt(parts.group(1));
            return own > major || (own == major && Integer.parseInt(parts.group(2)) >= minor);
        }

        /** Runs {@code influxd args…} to its end. */
        public ToolRun run(List<String> args) {
            var command = new ArrayList<String>();
            command.add(path.toString());
            command.addAll(args);
            return ToolRun.run(command, Map.of("HOME", System.getProperty("java.io.tmpdir")), TOOL_LIMIT);
        }

        @Override
        public String toString() {
            return "influxd " + version + index.map(kind -> " " + kind).orElse("");
        }
    }

    private static final class Found {
        static final List<Binary> BINARIES = find();

        private static List<Binary> find() {
            String paths = System.getProperty(PROPERTY, System.getenv().getOrDefault(ENVIRONMENT, ""));
            return Arrays.stream(paths.split(",", -1))
                    .map(String::strip)
                    .filter(path -> !path.isEmpty())
                    .map(Found::binary)
                    .toList();
        }

        private static Binary binary(String named) {
            Matcher parts = Pattern.compile("(.*):(inmem|tsi1)").matcher(named);
            String path = parts.matches() ? parts.group(1) : named;
            return new Binary(
                    Path.of(path), versionOf(path), parts.matches() ? Optional.of(parts.group(2)) : Optional.empty());
        }

        private static String versionOf(String path) {
            ToolRun run = ToolRun.run(List.of(path, "version"), Map.of(), Duration.ofSeconds(30));
            Matcher version = Pattern.compile("InfluxDB v?(\\S+)").matcher(run.output());
            if (run.exitCode() != 0 || !version.find()) {
                throw new IllegalStateException(path + " is not an influxd: " + run);
            }
            return version.group(1);
        }
    }

    /** Every influxd that the environment names, in its order; empty when there is none. */
    public static List<Binary> binaries() {
        return Found.BINARIES;
    }

    /** Each of these with each version of which there are recorded backups. */
    public static Stream<Arguments> binariesAndRecordings() {
        return binaries().stream().flatMap(binary -> Fixtures.versions().map(version -> Arguments.of(binary, version)));
    }

    /** Collects the few things that tests vary; sections and keys are those of influxdb.conf. */
    public static final class Builder {
        private final Binary binary;
        private final Map<String, Map<String, String>> config = new TreeMap<>();

        private Builder(Binary binary) {
            this.binary = binary;
            set("data", "query-log-enabled", "false");
            set("http", "log-enabled", "false");
            set("monitor", "store-enabled", "false");
            set("data", "max-concurrent-compactions", "1");
            binary.index().ifPresent(kind -> set("data", "index-version", '"' + kind + '"'));
        }

        /** Sets {@code key = value} in {@code [section]}; {@code value} is TOML, strings with their quotes. */
        public Builder set(String section, String key, String value) {
            config.computeIfAbsent(section, name -> new TreeMap<>()).put(key, value);
            return this;
        }

        /** Starts the server and waits until it answers. */
        public RealInfluxd start() {
            RuntimeException last = new IllegalStateException("not tried");
            for (int attempt = 0; attempt < 3; attempt++) { // a port that was free may be taken in between
                var server = new RealInfluxd(binary, config);
                try {
                    server.start();
                    return server;
                } catch (IllegalStateException e) {
                    last = e;
                    server.close();
                }
            }
            throw last;
        }
    }

    /** One server of this program, with its own defaults, answering. */
    public static RealInfluxd started(Binary binary) {
        return builder(binary).start();
    }

    /** A server of this program, to be configured. */
    public static Builder builder(Binary binary) {
        return new Builder(binary);
    }

    private RealInfluxd(Binary binary, Map<String, Map<String, String>> config) {
        this.binary = binary;
        try (var one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.home = Files.createTempDirectory("sluice-influxd-");
            this.rpcPort = one.getLocalPort();
            this.httpPort = two.getLocalPort();
            Files.writeString(home.resolve("influxdb.conf"), configuration(config));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String configuration(Map<String, Map<String, String>> config) {
        var all = new TreeMap<String, Map<String, String>>();
        config.forEach((section, values) -> all.put(section, new TreeMap<>(values)));
        put(all, "meta", "dir", quoted(metaDir()));
        put(all, "data", "dir", quoted(dataDir()));
        put(all, "data", "wal-dir", quoted(walDir()));
        put(all, "http", "bind-address", '"' + httpAddress().toString() + '"');
        var text = new StringBuilder("reporting-disabled = true\nbind-address = \"" + rpcAddress() + "\"\n");
        all.forEach((section, values) -> {
            text.append('[').append(section).append("]\n");
            values.forEach((key, value) ->
                    text.append("  ").append(key).append(" = ").append(value).append('\n'));
        });
        return text.toString();
    }

    private static void put(Map<String, Map<String, String>> all, String section, String key, String value) {
        all.computeIfAbsent(section, name -> new TreeMap<>()).put(key, value);
    }

    private static String quoted(Path path) {
        return "'" + path + "'";
    }

    /** Starts again on the same directories and ports after {@link #stop()}; returns when the server answers. */
    public void start() {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException("already running");
        }
        try {
            Process started = new ProcessBuilder(
                            binary.path().toString(),
                            "-config",
                            home.resolve("influxdb.conf").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
                    .start();
            process = started;
            LIVE.add(started);
            awaitAnswer(started);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitAnswer(Process started) {
        // The HTTP service opens last, so its answer stands for the snapshot service and the shards too.
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        var ping = HttpRequest.newBuilder(uri("/ping"))
                .timeout(Duration.ofSeconds(2))
                .build();
        while (System.nanoTime() < deadline) {
            if (!started.isAlive()) {
                throw new IllegalStateException(binary + " ended at once:\n" + log());
            }
            try {
                if (HTTP.send(ping, HttpResponse.BodyHandlers.discarding()).statusCode() == 204) {
                    return;
                }
            } catch (IOException e) {
                // not yet
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            pause(20);
        }
        stop();
        throw new IllegalStateException(binary + " did not answer within " + START_LIMIT + ":\n" + log());
    }

    /** Ends the server in an orderly way: the cache stays in the WAL, the directories stay as they are. */
    public void stop() {
        end(false);
    }

    /** Ends the server at once, as a crash does. */
    public void kill() {
        end(true);
    }

    private void end(boolean atOnce) {
        Process running = process;
        if (running == null) {
            return;
        }
        try {
            if (!atOnce) {
                running.destroy();
                if (running.waitFor(10, TimeUnit.SECONDS)) {
                    return;
                }
            }
            running.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            running.destroyForcibly();
            throw interrupted(e);
        } finally {
            LIVE.remove(running);
            process = null;
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Files.walkFileTree(home, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The program that runs. */
    public Binary binary() {
        return binary;
    }

    /** The snapshot service: {@code bind-address} at the top of the configuration. */
    public ServerAddress rpcAddress() {
        return new ServerAddress("127.0.0.1", rpcPort);
    }

    /** The HTTP API. */
    public ServerAddress httpAddress() {
        return new ServerAddress("127.0.0.1", httpPort);
    }

    /** The directory that has the others. */
    public Path home() {
        return home;
    }

    /** {@code [data] dir}. */
    public Path dataDir() {
        return home.resolve("data");
    }

    /** {@code [data] wal-dir}. */
    public Path walDir() {
        return home.resolve("wal");
    }

    /** {@code [meta] dir}. */
    public Path metaDir() {
        return home.resolve("meta");
    }

    /** Everything that the server has said since its first start. */
    public String log() {
        try {
            return Files.exists(logFile()) ? Files.readString(logFile()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path logFile() {
        return home.resolve("log");
    }

    /** The process id, for what /proc tells. */
    public long pid() {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("not running");
        }
        return running.pid();
    }

    /** {@code CREATE DATABASE}; no harm where it exists. */
    public void createDatabase(String name) {
        query("CREATE DATABASE " + identifier(name), "");
    }

    /** {@code CREATE RETENTION POLICY} that keeps everything; {@code shardDuration} as in {@code 1h} or {@code 7d}. */
    public void createRetentionPolicy(String database, String policy, String shardDuration) {
        query(
                "CREATE RETENTION POLICY " + identifier(policy) + " ON " + identifier(database)
                        + " DURATION INF REPLICATION 1 SHARD DURATION " + shardDuration,
                "");
    }

    /** Writes points, timestamps in nanoseconds, into the default policy. */
    public void write(String database, String lineProtocol) {
        post("/write?db=" + encoded(database), lineProtocol);
    }

    /** Writes points, timestamps in nanoseconds. */
    public void write(String database, String policy, String lineProtocol) {
        post("/write?db=" + encoded(database) + "&rp=" + encoded(policy), lineProtocol);
    }

    /**
     * Asks, times in nanoseconds.
     *
     * @return the server's JSON
     * @throws IllegalStateException when the server answers with an error, inside a 200 too
     */
    public String query(String influxQl, String database) {
        return answer(influxQl, "/query?epoch=ns&db=" + encoded(database) + "&q=" + encoded(influxQl));
    }

    /** The same as a user, where the server asks for one. */
    public String queryAs(String user, String password, String influxQl) {
        return answer(influxQl, "/query?u=" + encoded(user) + "&p=" + encoded(password) + "&q=" + encoded(influxQl));
    }

    private String answer(String influxQl, String path) {
        String answer = post(path, "");
        if (answer.contains("\"error\":")) {
            throw new IllegalStateException(influxQl + ": " + answer);
        }
        return answer;
    }

    /**
     * Asks and flattens the answer: one text for each row, {@code series{tags} column=value …}, in the server's order.
     * Null columns are left out, so that {@code SELECT *} compares across servers.
     */
    @Override
    public List<String> rows(String influxQl, String database) {
        try (JsonParser json = new JsonFactory().createParser(query(influxQl, database))) {
            json.nextToken();
            return flattened(tree(json));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<String> flattened(@Nullable Object answer) {
        var rows = new ArrayList<String>();
        for (Object result : list(answer, "results")) {
            for (Object series : list(result, "series")) {
                var fields = (Map<?, ?>) series;
                List<Object> columns = list(series, "columns");
                String name = fields.get("name")
                        + (fields.get("tags") == null ? "" : fields.get("tags").toString());
                for (Object values : list(series, "values")) {
                    var row = new StringBuilder(name);
                    var cells = (List<?>) values;
                    for (int i = 0; i < cells.size(); i++) {
                        if (cells.get(i) != null) {
                            row.append(' ').append(columns.get(i)).append('=').append(cells.get(i));
                        }
                    }
                    rows.add(row.toString());
                }
            }
        }
        return rows;
    }

    private static List<Object> list(@Nullable Object object, String key) {
        Object value = object instanceof Map<?, ?> map ? map.get(key) : null;
        return value instanceof List<?> list ? new ArrayList<>(list) : List.of();
    }

    /** Numbers stay text: what is compared is what the server said. */
    static @Nullable Object tree(JsonParser json) throws IOException {
        JsonToken token = json.currentToken();
        if (token == JsonToken.START_OBJECT) {
            var map = new LinkedHashMap<String, @Nullable Object>();
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                json.nextToken();
                map.put(key, tree(json));
            }
            return map;
        }
        if (token == JsonToken.START_ARRAY) {
            var list = new ArrayList<@Nullable Object>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                list.add(tree(json));
            }
            return list;
        }
        return token == JsonToken.VALUE_NULL ? null : json.getText();
    }

    /** {@code influxd backup -host <this server> args…} with this server's own program. */
    public ToolRun influxdBackup(String... args) {
        return tool("backup", rpcAddress(), args);
    }

    /**
     * {@code influxd restore -host <this server> args…} with this server's own program. The tool ends before the server
     * has installed what it sent; this method returns after that, so that queries see it.
     */
    public ToolRun influxdRestore(String... args) {
        return influxdRestoreTo(rpcAddress(), args);
    }

    /** The same to another server. */
    public ToolRun influxdRestoreTo(ServerAddress address, String... args) {
        try (var proxy = CuttingProxy.to(address)) {
            ToolRun run = tool("restore", proxy.address(), args);
            proxy.awaitServer(TOOL_LIMIT);
            return run;
        }
    }

    /** {@code influxd backup -host address args…}, as through a proxy. */
    public ToolRun influxdBackupFrom(ServerAddress address, String... args) {
        return tool("backup", address, args);
    }

    private ToolRun tool(String name, ServerAddress address, String... args) {
        var command = new ArrayList<>(List.of(name, "-host", address.toString()));
        command.addAll(List.of(args));
        return binary.run(command);
    }

    /** A name as InfluxQL wants it, quoted. */
    public static String identifier(String name) {
        return '"' + name.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private String post(String path, String body) {
        var request = HttpRequest.newBuilder(uri(path))
                .timeout(Duration.ofMinutes(1))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 != 2) {
                throw new IllegalStateException(path + ": " + response.statusCode() + " " + response.body());
            }
            return response.body();
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": " + log(), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private URI uri(String path) {
        return URI.create("http://" + httpAddress() + path);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted", e);
    }
}
