package dev.sluice.engine.testkit;

import dev.sluice.engine.model.HttpEndpoint;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.KeyManagerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/**
 * A stand-in for the HTTP API of InfluxDB: keeps what is written, refuses what it is told to. Lines are cut at newlines
 * outside of quotes; a line that contains {@code BAD} is unparsable, one that contains {@code CONFLICT} is dropped.
 */
public final class FakeInflux implements AutoCloseable {

    /** A write as it arrived, decompressed. */
    public record Write(String uri, String database, String policy, HttpHeaders headers, List<String> lines) {}

    /** An answer. */
    public record Answer(int status, String body, Map<String, String> headers) {
        public static Answer of(int status, String body) {
            return new Answer(status, body, Map.of());
        }
    }

    private final boolean tls;
    private final DisposableServer server;
    private final List<Write> writes = new CopyOnWriteArrayList<>();
    private final List<String> statements = new CopyOnWriteArrayList<>();
    private final Map<String, String> points = new TreeMap<>();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger mostUnderWay = new AtomicInteger();

    private volatile Function<Write, Answer> first = write -> Answer.of(0, "");
    private volatile Optional<String> forbidden = Optional.empty();
    private volatile Function<String, String> answers = statement -> "";
    private final AtomicInteger busy = new AtomicInteger();
    private volatile Function<String, String> series = statement -> "";
    private volatile Function<Write, Duration> delay = write -> Duration.ZERO;
    private volatile int bodyLimit = Integer.MAX_VALUE;
    private volatile String version = "";

    public FakeInflux() {
        this(HttpServer.create(), false);
    }

    private FakeInflux(HttpServer http, boolean tls) {
        this.tls = tls;
        server = http.host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.receive()
                        .aggregate()
                        .asByteArray()
                        .defaultIfEmpty(new byte[0])
                        .flatMap(body -> handle(request.uri(), request.requestHeaders(), body, response)))
                .bindNow();
    }

    /**
     * One that speaks https.
     *
     * @param identity its certificate and key
     */
    public static FakeInflux withTls(KeyManagerFactory identity) {
        GenericSslContextSpec<SslContextBuilder> with = Http11SslContextSpec.forServer(identity);
        return new FakeInflux(HttpServer.create().secure(spec -> spec.sslContext(with)), true);
    }

    /** Where it is; with TLS the certificate has to be valid. */
    public HttpEndpoint endpoint() {
        if (tls) {
            return new HttpEndpoint("localhost", server.port(), true, true, "");
        }
        return HttpEndpoint.plain("127.0.0.1", server.port());
    }

    /** Looks at each write before it is stored; an answer with status 0 lets it pass. */
    public FakeInflux onWrite(Function<Write, Answer> value) {
        first = value;
        return this;
    }

    /** What a statement fails with; empty lets it pass. */
    public FakeInflux onStatement(Function<String, String> error) {
        answers = error;
        return this;
    }

    /** What a statement is answered with: a JSON array of series; empty for nothing. */
    public FakeInflux onQuery(Function<String, String> value) {
        series = value;
        return this;
    }

    /** Answers every statement with 403, as to a user who may only write. */
    public FakeInflux forbidsStatements(String reason) {
        forbidden = Optional.of(reason);
        return this;
    }

    /** Answers the next statements with 503, as a server that is starting up. */
    public FakeInflux busyForStatements(int times) {
        busy.set(times);
        return this;
    }

    public FakeInflux slow(Function<Write, Duration> value) {
        delay = value;
        return this;
    }

    /** Larger bodies are refused with 413. */
    public FakeInflux bodyLimit(int bytes) {
        bodyLimit = bytes;
        return this;
    }

    /** What it calls itself. */
    public FakeInflux version(String value) {
        version = value;
        return this;
    }

    public List<Write> writes() {
        return writes;
    }

    public List<String> statements() {
        return statements;
    }

    /** Writes whose client still waits. */
    public int underWay() {
        return underWay.get();
    }

    public int mostUnderWay() {
        return mostUnderWay.get();
    }

    /** The last value of each point: {@code db/rp series field@time} to its text. */
    public synchronized Map<String, String> points() {
        return new TreeMap<>(points);
    }

    /** Stored lines without their values, for short tests: {@code db/rp line}. */
    public synchronized List<String> lines() {
        var lines = new ArrayList<String>();
        writes.forEach(write ->
                write.lines().forEach(line -> lines.add(write.database() + "/" + write.policy() + " " + line)));
        return lines;
    }

    private Mono<Void> handle(String uri, HttpHeaders headers, byte[] body, HttpServerResponse response) {
        var query = new QueryStringDecoder(uri);
        if (query.path().equals("/ping")) {
            if (!version.isEmpty()) {
                response.header("X-Influxdb-Version", version);
            }
            return response.status(204).send();
        }
        if (query.path().equals("/query")) {
            var form = new QueryStringDecoder("?" + new String(body, StandardCharsets.UTF_8));
            String statement = parameter(form, "q");
            statements.add(statement);
            if (busy.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                return response.status(503).send();
            }
            if (forbidden.isPresent()) {
                String refusal = "{\"error\":\"" + forbidden.get() + "\"}";
                return response.status(403)
                        .sendByteArray(Mono.just(refusal.getBytes(StandardCharsets.UTF_8)))
                        .then();
            }
            String error = answers.apply(statement);
            String rows = series.apply(statement);
            String result = rows.isEmpty() ? "{}" : "{\"series\":" + rows + "}";
            String json = "{\"results\":[" + (error.isEmpty() ? result : "{\"error\":\"" + error + "\"}") + "]}";
            return response.sendByteArray(Mono.just(json.getBytes(StandardCharsets.UTF_8)))
                    .then();
        }
        var write =
                new Write(uri, parameter(query, "db"), parameter(query, "rp"), headers, lines(unzipped(headers, body)));
        mostUnderWay.accumulateAndGet(underWay.incrementAndGet(), Math::max);
        Mono<Answer> answer = Mono.fromCallable(() -> answer(write, body)).subscribeOn(Schedulers.parallel());
        Duration pause = delay.apply(write);
        var counted = new AtomicBoolean(true);
        // Before the answer goes: the client may come with its next request at once.
        Runnable over = () -> {
            if (counted.getAndSet(false)) {
                underWay.decrementAndGet();
            }
        };
        return (pause.isZero() ? answer : answer.delaySubscription(pause))
                .doOnTerminate(over)
                .doOnCancel(over)
                .flatMap(a -> {
                    response.status(a.status());
                    a.headers().forEach(response::header);
                    return a.body().isEmpty()
                            ? response.send()
                            : response.sendByteArray(Mono.just(a.body().getBytes(StandardCharsets.UTF_8)))
                                    .then();
                });
    }

    private static String parameter(QueryStringDecoder query, String name) {
        List<String> values = query.parameters().get(name);
        return values == null ? "" : values.get(0);
    }

    private Answer answer(Write write, byte[] body) {
        if (body.length > bodyLimit) {
            return Answer.of(413, "{\"error\":\"Request Entity Too Large\"}");
        }
        Answer told = first.apply(write);
        if (told.status() != 0) {
            return told;
        }
        var errors = new ArrayList<String>();
        int dropped = 0;
        var good = new ArrayList<String>();
        for (String line : write.lines()) {
            if (line.contains("BAD")) {
                errors.add("unable to parse '" + line + "': invalid number");
            } else if (line.contains("CONFLICT")) {
                dropped++;
            } else {
                good.add(line);
            }
        }
        var stored = new Write(write.uri(), write.database(), write.policy(), write.headers(), good);
        writes.add(stored);
        store(stored);
        if (errors.isEmpty() && dropped == 0) {
            return Answer.of(204, "");
        }
        String reason =
                dropped > 0 ? "field type conflict dropped=" + dropped : String.join("\n", errors) + " dropped=0";
        return Answer.of(
                400,
                "{\"error\":\"partial write: "
                        + reason.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"}");
    }

    private synchronized void store(Write write) {
        for (String line : write.lines()) {
            int fields = line.indexOf(' ');
            int time = line.lastIndexOf(' ');
            if (fields < 0 || time <= fields) {
                points.put(write.database() + "/" + write.policy() + " " + line, "");
                continue;
            }
            int equals = line.indexOf('=', fields);
            points.put(
                    write.database() + "/" + write.policy() + " " + line.substring(0, equals) + "@"
                            + line.substring(time + 1),
                    line.substring(equals + 1, time));
        }
    }

    private static String unzipped(HttpHeaders headers, byte[] body) {
        if (!"gzip".equals(headers.get("content-encoding"))) {
            return new String(body, StandardCharsets.ISO_8859_1);
        }
        try (var in = new GZIPInputStream(new ByteArrayInputStream(body))) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> lines(String body) {
        var lines = new ArrayList<String>();
        boolean quoted = false;
        int start = 0;
        for (int i = 0; i < body.length(); i++) {
            char c = body.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == '\n' && !quoted) {
                lines.add(body.substring(start, i));
                start = i + 1;
            }
        }
        if (start < body.length()) {
            lines.add(body.substring(start));
        }
        return lines;
    }

    @Override
    public void close() {
        server.disposeNow(Duration.ofSeconds(3));
    }
}
