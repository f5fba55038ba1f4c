package dev.sluice.engine.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

/** The client against a real influxd. */
@RequiresInfluxd
class InfluxHttpIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final LoopResources loops = LoopResources.create("test-http", 1, true);

    @AfterEach
    void close() {
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(1)).block();
    }

    private InfluxHttp client(RealInfluxd server) {
        return InfluxHttp.to(
                HttpEndpoint.plain(
                        server.httpAddress().host(), server.httpAddress().port()),
                Credentials.NONE,
                Timeouts.DEFAULT,
                loops,
                2);
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void writesAndReadsBack(Binary binary) throws IOException {
        try (var server = RealInfluxd.started(binary);
                var http = client(server)) {
            assertThat(http.ping().block(PATIENCE)).contains(binary.version());
            http.execute("CREATE DATABASE \"a \\\"b\\\" 日本\"").block(PATIENCE);
            var into = new WriteTarget.Database("a \"b\" 日本", Optional.empty(), "ns", Optional.of("all"));
            var zipped = new ByteArrayOutputStream();
            try (var gzip = new GZIPOutputStream(zipped)) {
                gzip.write("m,t=x f=1.5,i=2i,b=true,s=\"é\" 1000000000\n".getBytes(StandardCharsets.UTF_8));
            }
            ByteBuf body = Unpooled.wrappedBuffer(zipped.toByteArray());

            assertThat(http.write(into, body, true).block(PATIENCE)).isEqualTo(new WriteOutcome.Written());

            List<QueryResult> results =
                    http.query("SELECT * FROM m", Optional.of("a \"b\" 日本")).block(PATIENCE);
            assertThat(results).isNotNull();
            QueryResult.Series series = results.get(0).series().get(0);
            assertThat(series.columns()).containsExactly("time", "b", "f", "i", "s", "t");
            assertThat(series.rows()).containsExactly(List.of(1_000_000_000L, true, 1.5, 2L, "é", "x"));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void tellsRefusalsApart(Binary binary) {
        try (var server = RealInfluxd.started(binary);
                var http = client(server)) {
            http.execute("CREATE DATABASE d").block(PATIENCE);

            assertThat(write(http, "nosuch", "m v=1 1\n")).isInstanceOf(WriteOutcome.Denied.class);
            assertThat(write(http, "d", "m v=1 1\nm v= 2\n")).isInstanceOf(WriteOutcome.Partial.class);
            assertThat(write(http, "d", "m v=\n"))
                    .satisfiesAnyOf(
                            outcome -> assertThat(outcome).isInstanceOf(WriteOutcome.Partial.class),
                            outcome -> assertThat(outcome).isInstanceOf(WriteOutcome.Refused.class));
            http.execute("CREATE RETENTION POLICY p ON nosuch DURATION 1h REPLICATION 1")
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e).isInstanceOf(HttpRefused.class))
                    .verify(PATIENCE);
        }
    }

    private static WriteOutcome write(InfluxHttp http, String database, String lines) {
        var into = new WriteTarget.Database(database, Optional.empty(), "ns", Optional.empty());
        ByteBuf body = Unpooled.copiedBuffer(lines, StandardCharsets.UTF_8);
        WriteOutcome outcome = http.write(into, body, false).block(PATIENCE);
        assertThat(outcome).isNotNull();
        return outcome;
    }
}
