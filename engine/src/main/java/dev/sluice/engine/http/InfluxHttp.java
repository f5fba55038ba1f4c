package dev.sluice.engine.http;

import dev.sluice.engine.error.CertificateNotTrusted;
import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.HttpUnreachable;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Timeouts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringEncoder;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.handler.timeout.ReadTimeoutException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/**
 * One server's HTTP API. Every publisher is cold: each subscription is a request of its own, and a cancel closes its
 * connection. Errors are {@link dev.sluice.engine.error.HttpFailure}s. Results arrive on an event loop.
 *
 * <p>{@link #close()} frees the connections; the event loops stay the caller's.
 */
public final class InfluxHttp implements AutoCloseable {

    /**
     * For answers: small, and freed by the collector. An answer that arrives together with a cancel gets stuck between the
     * client's handlers (seen with reactor-netty 1.3.7), and nobody is left to release it.
     */
    private static final ByteBufAllocator COLLECTED = new UnpooledByteBufAllocator(false, true, false);

    /** Listings and counts are far below this; an endless answer is not one. */
    private static final int ANSWER_LIMIT = 64 << 20;

    /** A refused body comes back line by line in the reason; what is beyond is cut off. */
    private static final int REASON_LIMIT = 8 << 20;

    private final HttpEndpoint endpoint;
    private final HttpClient client;
    private final ConnectionProvider connections;

    private InfluxHttp(HttpEndpoint endpoint, HttpClient client, ConnectionProvider connections) {
        this.endpoint = endpoint;
        this.client = client;
        this.connections = connections;
    }

    /**
     * A client of {@code endpoint}; nothing is opened yet.
     *
     * @param timeouts {@code firstByte} limits the wait for an answer once the request is sent
     * @param connections open at the same time; further requests wait for one
     */
    public static InfluxHttp to(
            HttpEndpoint endpoint, Credentials credentials, Timeouts timeouts, LoopResources loops, int connections) {
        ConnectionProvider provider = ConnectionProvider.builder("sluice-http")
                .maxConnections(connections)
                .pendingAcquireMaxCount(-1)
                .pendingAcquireTimeout(timeouts.firstByte())
                .maxIdleTime(Duration.ofSeconds(20))
                .build();
        HttpClient client = HttpClient.create(provider)
                .runOn(loops)
                .host(endpoint.host())
                .port(endpoint.port())
                .disableRetry(true) // a request is repeated by those who know that it may be
                .responseTimeout(timeouts.firstByte())
                .httpResponseDecoder(
                        spec -> spec.validateHeaders(false)) // they repeat records, whatever bytes those have
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(Integer.MAX_VALUE, timeouts.connect().toMillis()))
                .option(ChannelOption.ALLOCATOR, COLLECTED)
                .headers(headers -> authorize(headers, credentials));
        if (endpoint.tls()) {
            client = client.secure(spec -> spec.sslContext(tls(endpoint.verify())));
        }
        return new InfluxHttp(endpoint, client, provider);
    }

    public HttpEndpoint endpoint() {
        return endpoint;
    }

    /** The server's version as it tells it itself, such as {@code 1.8.10}; {@code unknown} if it does not. */
    public Mono<String> ping() {
        return client.get()
                .uri(uri("/ping", Map.of()))
                .response((response, body) -> answer("ping", response, body, REASON_LIMIT, false))
                .single()
                .onErrorMap(e -> inWords("ping", e))
                .map(answer -> {
                    if (answer.status() / 100 != 2) {
                        throw new HttpRefused("ping", answer.status(), Answers.reason(answer.body()));
                    }
                    return answer.version();
                });
    }

    /**
     * Asks, in InfluxQL, by POST: neither the statements nor a password in them stand in a URL. Times come as integers
     * in nanoseconds.
     *
     * @param influxQl one statement, or several with semicolons between them
     * @param database empty where the statements name it themselves
     * @return one result for each statement, failed ones included
     */
    public Mono<List<QueryResult>> query(String influxQl, Optional<String> database) {
        String form = "epoch=ns" + database.map(name -> "&db=" + encoded(name)).orElse("") + "&q=" + encoded(influxQl);
        String what = "the query " + shown(influxQl);
        return client.headers(h -> h.set(HttpHeaderNames.CONTENT_TYPE, "application/x-www-form-urlencoded"))
                .post()
                .uri(uri("/query", Map.of()))
                .send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(form, StandardCharsets.UTF_8)))
                .response((response, body) -> answer(what, response, body, ANSWER_LIMIT, false))
                .single()
                .onErrorMap(e -> inWords(what, e))
                .map(answer -> decoded(what, answer));
    }

    /**
     * Executes statements whose results do not matter.
     *
     * @return signals {@link HttpRefused} with the server's words for the first one that failed
     */
    public Mono<Void> execute(String influxQl) {
        return query(influxQl, Optional.empty())
                .doOnNext(results -> results.forEach(result -> result.error().ifPresent(reason -> {
                    throw new HttpRefused("the statement " + shown(influxQl), 200, reason);
                })))
                .then();
    }

    /**
     * Writes a body of lines that lies in memory.
     *
     * @param body stays the caller's, who releases it after the last subscription; its indices are not changed
     * @param gzip whether the body is compressed
     */
    public Mono<WriteOutcome> write(WriteTarget target, ByteBuf body, boolean gzip) {
        return write(target, Mono.fromSupplier(body::retainedDuplicate), Optional.of(body.readableBytes()), gzip);
    }

    /**
     * Writes a body of lines of unknown length, as it comes.
     *
     * @param body its buffers are taken over
     * @param gzip whether the body is compressed
     */
    public Mono<WriteOutcome> write(WriteTarget target, Flux<ByteBuf> body, boolean gzip) {
        return write(target, body, Optional.empty(), gzip);
    }

    private Mono<WriteOutcome> write(
            WriteTarget target, Publisher<ByteBuf> body, Optional<Integer> length, boolean gzip) {
        String what = "a write into " + target.describe();
        return client.headers(headers -> {
                    headers.set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
                    length.ifPresent(bytes -> headers.set(HttpHeaderNames.CONTENT_LENGTH, bytes));
                    if (gzip) {
                        headers.set(HttpHeaderNames.CONTENT_ENCODING, "gzip");
                    }
                })
                .post()
                .uri(path(target))
                .send(body)
                .response((response, bytes) -> answer(what, response, bytes, REASON_LIMIT, true))
                .single()
                .onErrorMap(e -> inWords(what, e))
                .map(InfluxHttp::outcome);
    }

    private String path(WriteTarget target) {
        if (target instanceof WriteTarget.Database database) {
            var query = new LinkedHashMap<String, String>();
            query.put("db", database.database());
            database.policy().ifPresent(policy -> query.put("rp", policy));
            query.put("precision", database.precision());
            database.consistency().ifPresent(level -> query.put("consistency", level));
            return uri("/write", query);
        }
        var bucket = (WriteTarget.Bucket) target;
        var query = new LinkedHashMap<String, String>();
        query.put("org", bucket.org());
        query.put("bucket", bucket.bucket());
        query.put("precision", bucket.precision());
        return uri("/api/v2/write", query);
    }

    private String uri(String path, Map<String, String> query) {
        var uri = new QueryStringEncoder(endpoint.pathPrefix() + path);
        query.forEach(uri::addParam);
        return uri.toString();
    }

    private static WriteOutcome outcome(Answer answer) {
        int status = answer.status();
        if (status / 100 == 2) {
            return new WriteOutcome.Written();
        }
        String reason = Answers.reason(answer.body());
        if (status == 413) {
            return new WriteOutcome.TooLarge(reason);
        }
        if (HttpRefused.lacksPolicy(reason)) {
            return new WriteOutcome.Denied(status, reason);
        }
        if (status == 429 || status >= 500) {
            return new WriteOutcome.Retryable(status, reason, answer.retryAfter());
        }
        if (status == 401 || status == 403 || status == 404 || status == 405) {
            return new WriteOutcome.Denied(status, reason);
        }
        return reason.contains("partial write")
                ? new WriteOutcome.Partial(status, reason)
                : new WriteOutcome.Refused(status, reason);
    }

    private static List<QueryResult> decoded(String what, Answer answer) {
        if (answer.status() / 100 != 2) {
            throw new HttpRefused(what, answer.status(), Answers.reason(answer.body()));
        }
        try {
            return Answers.results(answer.body());
        } catch (IOException e) {
            throw new HttpRefused(
                    what, answer.status(), "the answer is not what InfluxDB sends: " + Answers.reason(answer.body()));
        }
    }

    private record Answer(int status, String version, Optional<Duration> retryAfter, String body) {}

    /** @param cut whether a body beyond the limit is cut off, and not an error */
    private Flux<Answer> answer(String what, HttpClientResponse response, ByteBufFlux body, int limit, boolean cut) {
        HttpHeaders headers = response.responseHeaders();
        Optional<Duration> after = Optional.ofNullable(headers.get(HttpHeaderNames.RETRY_AFTER))
                .filter(seconds -> seconds.matches("\\d{1,6}"))
                .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)));
        String version = headers.get("X-Influxdb-Version", "unknown");
        return body.asByteArray()
                .reduceWith(ByteArrayOutputStream::new, (all, bytes) -> {
                    int room = limit - all.size();
                    if (bytes.length > room && !cut) {
                        throw new HttpUnreachable(
                                what, endpoint.toString(), "the answer is longer than %d bytes".formatted(limit), null);
                    }
                    all.write(bytes, 0, Math.min(bytes.length, room));
                    return all;
                })
                .map(all -> new Answer(response.status().code(), version, after, all.toString(StandardCharsets.UTF_8)))
                .flux();
    }

    private Throwable inWords(String what, Throwable e) {
        if (e instanceof SluiceException) {
            return e;
        }
        if (e instanceof ReadTimeoutException) {
            return new HttpUnreachable(what, endpoint.toString(), "it took too long", e);
        }
        if (e instanceof NotSslRecordException || e.getCause() instanceof NotSslRecordException) {
            return new HttpUnreachable(what, endpoint.toString(), "it does not speak https", e);
        }
        for (Throwable at = e; at != null; at = at.getCause()) {
            if (at instanceof CertificateException) {
                return new CertificateNotTrusted(what, endpoint.toString(), e);
            }
        }
        return new HttpUnreachable(what, endpoint.toString(), e);
    }

    private static void authorize(HttpHeaders headers, Credentials credentials) {
        if (credentials instanceof Credentials.Basic basic) {
            byte[] pair = (basic.user() + ":" + basic.password()).getBytes(StandardCharsets.UTF_8);
            headers.set(
                    HttpHeaderNames.AUTHORIZATION,
                    "Basic " + Base64.getEncoder().encodeToString(pair));
        } else if (credentials instanceof Credentials.Token token) {
            headers.set(HttpHeaderNames.AUTHORIZATION, "Token " + token.token());
        }
    }

    private static GenericSslContextSpec<SslContextBuilder> tls(boolean verify) {
        GenericSslContextSpec<SslContextBuilder> spec = Http11SslContextSpec.forClient();
        return verify
                ? spec
                : spec.configure(context -> context.trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .endpointIdentificationAlgorithm(null));
    }

    /** A statement for a message: not all of it, and no password. */
    private static String shown(String influxQl) {
        String safe = influxQl.replaceAll("(?i)(password(?:\\s+for\\s+\\S+\\s*=)?\\s+)'(?:[^'\\\\]|\\\\.)*'", "$1'***'")
                .replaceAll("\\p{Cntrl}", " ");
        return safe.length() > 200 ? safe.substring(0, 200) + "..." : safe;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        connections.dispose();
    }
}
