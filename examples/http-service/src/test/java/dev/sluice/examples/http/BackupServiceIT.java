package dev.sluice.examples.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@RequiresInfluxd
class BackupServiceIT {

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void whatOneServerGaveAnotherTakes(RealInfluxd.Binary binary, @TempDir Path home) throws Exception {
        HttpClient browser = HttpClient.newHttpClient();
        try (RealInfluxd first = RealInfluxd.started(binary);
                RealInfluxd second = RealInfluxd.started(binary);
                BackupService from = BackupService.start(first.rpcAddress(), 0);
                BackupService to = BackupService.start(second.rpcAddress(), 0)) {
            SampleLines.fill(first, 1);
            Path file = home.resolve("backup.zst");

            browser.send(HttpRequest.newBuilder(uri(from, "/backup")).build(), BodyHandlers.ofFile(file));
            HttpResponse<String> answer = browser.send(
                    HttpRequest.newBuilder(uri(to, "/restore"))
                            .POST(BodyPublishers.ofFile(file))
                            .build(),
                    BodyHandlers.ofString());

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("%d shards restored, 0 missing\n".formatted(SampleLines.SHARDS));
            assertThat(SampleLines.answers(second))
                    .hasSize(SampleLines.SHARDS * SampleLines.POINTS_PER_SHARD)
                    .isEqualTo(SampleLines.answers(first));

            HttpResponse<String> no = browser.send(
                    HttpRequest.newBuilder(uri(to, "/restore"))
                            .POST(BodyPublishers.ofString("this is no backup"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(no.statusCode()).isEqualTo(422);
            assertThat(no.body()).contains("the stream ended inside a header");
        }
    }

    private static URI uri(BackupService service, String path) {
        return URI.create("http://127.0.0.1:%d%s".formatted(service.port(), path));
    }
}
