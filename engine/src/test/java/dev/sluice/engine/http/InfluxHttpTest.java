package dev.sluice.engine.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.HttpUnreachable;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Timeouts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpServer;
import reactor.test.StepVerifier;

/** The client against a server that says what it is told to. */
class InfluxHttpTest {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final WriteTarget INTO =
            new WriteTarget.Database("my db", Optional.of("raw & data"), "ns", Optional.of("all"));

    /** A request as it arrived. */
    private record Seen(String uri, HttpHeaders headers, String body) {}

    private final LoopResources loops = LoopResources.create("test-http", 1, true);
    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private @Nullable DisposableServer server;
    private @Nullable InfluxHttp client;

    @AfterEach
    void close() {
        if (client != null) {
            client.close();
        }
        if (server != null) {
            server.disposeNow();
        }
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(1)).block();
    }

    private InfluxHttp answering(int status, String body, String... headers) {
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.receive()
                        .aggregate()
                        .asString()
                        .defaultIfEmpty("")
                        .flatMap(text -> {
                            seen.add(new Seen(request.uri(), request.requestHeaders(), text));
                            response.status(status);
                            for (int i = 0; i < headers.length; i += 2) {
                                response.header(headers[i], headers[i + 1]);
                            }
                            return response.sendString(Mono.just(body)).then();
                        }))
                .bindNow();
        return to(server.port(), Credentials.NONE, Timeouts.DEFAULT);
    }

    private InfluxHttp to(int port, Credentials credentials, Timeouts timeouts) {
        client = InfluxHttp.to(HttpEndpoint.plain("127.0.0.1", port), credentials, timeouts, loops, 2);
        return client;
    }

    @Test
    void pingTellsTheVersion() {
        answering(204, "", "X-Influxdb-Version", "1.8.10")
                .ping()
                .as(StepVerifier::create)
                .expectNext("1.8.10")
                .expectComplete()
                .verify(PATIENCE);
    }

    @Test
    void pingOfSomethingElseIsRefused() {
        answering(404, "nothing here")
                .ping()
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(HttpRefused.class)
                        .hasMessageContaining("nothing here")
                        .hasMessageContaining("404"))
                .verify(PATIENCE);
    }

    /** influxd repeats a record that it cannot read in a header of its answer, whatever bytes it has. */
    @Test
    void aHeaderWithAnyBytesIsNoReasonNotToReadTheAnswer() {
        String answer = "HTTP/1.1 400 Bad Request\r\nX-Influxdb-Error: unable to parse 'm v=\0\1\u000b 5'\r\n"
                + "Content-Length: 14\r\n\r\ninvalid number";
        server = TcpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.receive()
                        .next()
                        .flatMap(any -> response.sendString(Mono.just(answer)).then()))
                .bindNow();
        ByteBuf body = Unpooled.copiedBuffer("m v=\0\1 5", StandardCharsets.UTF_8);

        to(port(), Credentials.NONE, Timeouts.DEFAULT)
                .write(INTO, body, false)
                .as(StepVerifier::create)
                .expectNext(new WriteOutcome.Refused(400, "invalid number"))
                .expectComplete()
                .verify(PATIENCE);

        assertThat(body.release()).isTrue();
    }

    @Test
    void decodesResultsWithAllKindsOfValues() {
        String json = """
                {"results":[{"statement_id":0,"series":[{"name":"m","tags":{"host":"a","x":""},
                "columns":["time","f","i","b","s","u"],
                "values":[[1,1.5,-3,true,"t\\u00e9xt",18446744073709551615],[2,null,null,null,null,null]]}]},
                {"statement_id":1}]}
                """;

        List<QueryResult> results =
                answering(200, json).query("SELECT 1", Optional.of("d")).block(PATIENCE);

        assertThat(results).isNotNull().hasSize(2);
        QueryResult.Series series = results.get(0).series().get(0);
        assertThat(series.name()).isEqualTo("m");
        assertThat(series.tags()).isEqualTo(Map.of("host", "a", "x", ""));
        assertThat(series.rows().get(0))
                .isEqualTo(List.of(1L, 1.5, -3L, true, "téxt", new BigInteger("18446744073709551615")));
        assertThat(series.column("f")).isEqualTo(Arrays.asList(1.5, null));
        assertThat(series.column("none")).isEmpty();
        assertThat(results.get(1).series()).isEmpty();
    }

    @Test
    void sendsStatementsInTheBodyAndNotInTheUrl() {
        answering(200, "{\"results\":[{}]}")
                .query("SET PASSWORD FOR a = 'geheim & so'", Optional.of("d b"))
                .block();

        assertThat(seen.get(0).uri()).isEqualTo("/query");
        assertThat(seen.get(0).body()).contains("db=d+b").contains("q=SET+PASSWORD+FOR+a+%3D+%27geheim+%26+so%27");
    }

    @Test
    void anErrorInsideAGoodAnswerIsToldWithTheResult() {
        List<QueryResult> results = answering(
                        200, "{\"results\":[{\"statement_id\":0,\"error\":\"database not found: x\"}]}")
                .query("SELECT * FROM m", Optional.of("x"))
                .block(PATIENCE);

        assertThat(results)
                .isNotNull()
                .singleElement()
                .satisfies(result -> assertThat(result.error()).contains("database not found: x"));
    }

    @Test
    void executingFailsWithTheServersWordsButWithoutThePassword() {
        answering(200, "{\"results\":[{\"error\":\"user already exists\"}]}")
                .execute("CREATE USER a WITH PASSWORD 'geheim'")
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(HttpRefused.class)
                        .hasMessageContaining("user already exists")
                        .hasMessageNotContaining("geheim"))
                .verify(PATIENCE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"results\":[{\"series\":[{\"name\":\"m\",\"col", "[]", "<html>", "{\"results\":[{}]"})
    void anAnswerThatIsNoResultIsAnError(String body) {
        answering(200, body)
                .query("SELECT 1", Optional.empty())
                .as(StepVerifier::create)
                .expectErrorSatisfies(e ->
                        assertThat(e).isInstanceOf(HttpRefused.class).hasMessageContaining("not what InfluxDB sends"))
                .verify(PATIENCE);
    }

    static Stream<Arguments> outcomes() {
        return Stream.of(
                Arguments.of(204, "", new WriteOutcome.Written()),
                Arguments.of(200, "", new WriteOutcome.Written()),
                Arguments.of(
                        400,
                        "{\"error\":\"partial write: points beyond retention policy dropped=1\"}",
                        new WriteOutcome.Partial(400, "partial write: points beyond retention policy dropped=1")),
                Arguments.of(
                        400,
                        "{\"error\":\"unable to parse 'm v=': missing field value\"}",
                        new WriteOutcome.Refused(400, "unable to parse 'm v=': missing field value")),
                Arguments.of(
                        404,
                        "{\"error\":\"database not found: \\\"x\\\"\"}",
                        new WriteOutcome.Denied(404, "database not found: \"x\"")),
                Arguments.of(
                        401,
                        "{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}",
                        new WriteOutcome.Denied(401, "unauthorized access")),
                Arguments.of(
                        413,
                        "{\"error\":\"Request Entity Too Large\"}",
                        new WriteOutcome.TooLarge("Request Entity Too Large")),
                Arguments.of(
                        500,
                        "{\"error\":\"retention policy not found: x\"}",
                        new WriteOutcome.Denied(500, "retention policy not found: x")),
                Arguments.of(503, "busy", new WriteOutcome.Retryable(503, "busy", Optional.empty())),
                Arguments.of(500, "", new WriteOutcome.Retryable(500, "no reason given", Optional.empty())));
    }

    @ParameterizedTest
    @MethodSource("outcomes")
    void tellsWhatBecameOfAWrite(int status, String answer, WriteOutcome outcome) {
        ByteBuf body = Unpooled.copiedBuffer("m v=1 1\n", StandardCharsets.UTF_8);

        assertThat(answering(status, answer).write(INTO, body, false).block(PATIENCE))
                .isEqualTo(outcome);

        assertThat(body.refCnt()).isOne();
        assertThat(seen.get(0).uri()).isEqualTo("/write?db=my%20db&rp=raw%20%26%20data&precision=ns&consistency=all");
        assertThat(seen.get(0).body()).isEqualTo("m v=1 1\n");
        assertThat(seen.get(0).headers().get("content-length")).isEqualTo("8");
    }

    @Test
    void waitsAsLongAsTheServerAsks() {
        ByteBuf body = Unpooled.copiedBuffer("m v=1 1\n", StandardCharsets.UTF_8);

        assertThat(answering(429, "slow down", "Retry-After", "7")
                        .write(INTO, body, false)
                        .block(PATIENCE))
                .isEqualTo(new WriteOutcome.Retryable(429, "slow down", Optional.of(Duration.ofSeconds(7))));
    }

    @Test
    void writesIntoABucketWithAToken() {
        answering(204, "");
        InfluxHttp withToken = to(port(), new Credentials.Token("t0k3n"), Timeouts.DEFAULT);
        ByteBuf first = Unpooled.copiedBuffer("m v=1 1\n", StandardCharsets.UTF_8);
        ByteBuf second = Unpooled.copiedBuffer("m v=2 2\n", StandardCharsets.UTF_8);

        withToken
                .write(new WriteTarget.Bucket("my org", "b/1", "ns"), Flux.just(first, second), true)
                .block(PATIENCE);

        assertThat(seen.get(0).uri()).isEqualTo("/api/v2/write?org=my%20org&bucket=b%2F1&precision=ns");
        assertThat(seen.get(0).headers().get("authorization")).isEqualTo("Token t0k3n");
        assertThat(seen.get(0).headers().get("content-encoding")).isEqualTo("gzip");
        assertThat(seen.get(0).body()).isEqualTo("m v=1 1\nm v=2 2\n");
        assertThat(first.refCnt() + second.refCnt()).isZero();
    }

    @Test
    void sendsUserAndPasswordInAHeaderAlone() {
        answering(204, "");
        Credentials credentials = new Credentials.Basic("me", "geheim:1");

        to(port(), credentials, Timeouts.DEFAULT).ping().block(PATIENCE);

        assertThat(seen.get(0).headers().get("authorization")).isEqualTo("Basic bWU6Z2VoZWltOjE=");
        assertThat(seen.get(0).uri()).doesNotContain("geheim");
        assertThat(credentials.toString()).doesNotContain("geheim");
        assertThat(new Credentials.Token("t0k3n").toString()).doesNotContain("t0k3n");
    }

    @Test
    void nobodyListeningIsToldWithTheAddress() {
        answering(204, "");
        int port = port();
        if (server != null) {
            server.disposeNow();
        }

        to(port, Credentials.NONE, Timeouts.DEFAULT)
                .ping()
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(HttpUnreachable.class)
                        .hasMessage("no answer to ping from http://127.0.0.1:%d: Connection refused", port))
                .verify(PATIENCE);
    }

    @Test
    void aNameWithoutAnAddressIsTold() {
        client = InfluxHttp.to(
                HttpEndpoint.plain("no-such-host.invalid", 8086), Credentials.NONE, Timeouts.DEFAULT, loops, 2);

        client.ping()
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> {
                    assertThat(e)
                            .isInstanceOf(HttpUnreachable.class)
                            .hasMessageContaining("no-such-host.invalid:8086: its name leads to no address (");
                    assertThat(((HttpUnreachable) e).hint()).contains("spelled right");
                })
                .verify(PATIENCE);
    }

    @Test
    void aServerWithoutHttpsIsTold() {
        answering(204, "");
        int port = port();
        var tls = new HttpEndpoint("127.0.0.1", port, true, true, "");
        InfluxHttp https = InfluxHttp.to(tls, Credentials.NONE, Timeouts.DEFAULT, loops, 2);

        https.ping()
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(HttpUnreachable.class)
                        .hasMessage("no answer to ping from https://127.0.0.1:%d: it does not speak https", port))
                .verify(PATIENCE);
        https.close();
    }

    @Test
    void aSilentServerIsGivenUp() {
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> Mono.never())
                .bindNow();
        Timeouts short_ = new Timeouts(Duration.ofSeconds(2), Duration.ofMillis(200), Duration.ofMillis(200));

        to(port(), Credentials.NONE, short_)
                .ping()
                .as(StepVerifier::create)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(HttpUnreachable.class).hasMessageContaining("too long"))
                .verify(PATIENCE);
    }

    @Test
    void aHangUpInsteadOfAnAnswerIsTold() {
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> {
                    request.withConnection(connection -> connection.channel().close());
                    return Mono.never();
                })
                .bindNow();

        to(port(), Credentials.NONE, Timeouts.DEFAULT)
                .ping()
                .as(StepVerifier::create)
                .expectError(HttpUnreachable.class)
                .verify(PATIENCE);
    }

    private int port() {
        DisposableServer running = server;
        assertThat(running).isNotNull();
        return running.port();
    }
}
