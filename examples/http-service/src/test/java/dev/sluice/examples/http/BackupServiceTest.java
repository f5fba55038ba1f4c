package dev.sluice.examples.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.SampleData;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.tar.TarHeaders;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackupServiceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void aBrowserGetsTheBackup(@TempDir Path home) throws Exception {
        try (SluiceEngine engine = SluiceEngine.create()) {
            SampleData sample =
                    Objects.requireNonNull(engine.sampleData(home, 7, 2_000_000).block(PATIENCE));
            RunningServer server = Objects.requireNonNull(engine.serve(
                            new ServeRequest(new ServerAddress("127.0.0.1", 0), sample.dataDir(), sample.metaDir()))
                    .block(PATIENCE));
            try (BackupService service = BackupService.start(server.address(), 0)) {
                Path file = home.resolve("download.zst");
                HttpResponse<Path> response = HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(
                                                URI.create("http://127.0.0.1:%d/backup".formatted(service.port())))
                                        .build(),
                                HttpResponse.BodyHandlers.ofFile(file));

                assertThat(response.statusCode()).isEqualTo(200);
                assertThat(Files.readAllBytes(file)).startsWith((byte) 0x28, (byte) 0xb5, (byte) 0x2f, (byte) 0xfd);
            } finally {
                server.stop().block(PATIENCE);
            }
        }
    }

    @Test
    void aCompressionThatThereIsNotIsTheCallersMistake() throws Exception {
        try (BackupService service = BackupService.start(new ServerAddress("127.0.0.1", 1), 0)) {
            HttpResponse<String> response = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(
                                            "http://127.0.0.1:%d/backup?compression=lzma".formatted(service.port())))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());

            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("lzma");
        }
    }

    /** Before the first byte there is still a status to tell it by. */
    @Test
    void aDatabaseThatIsNotThereIsNoBackup() throws Exception {
        try (BackupService service = BackupService.start(new ServerAddress("127.0.0.1", 1), 0)) {
            HttpResponse<String> response = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/backup".formatted(service.port())))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());

            assertThat(response.statusCode()).isEqualTo(502);
            assertThat(response.body()).contains("cannot connect to 127.0.0.1:1");
            assertThat(response.headers().firstValue("Content-Disposition")).isEmpty();
        }
    }

    /** More than the connection holds: the answer comes while the body is still on its way. */
    @Test
    void whatIsNoBackupIsRefusedBeforeAllOfItHasCome() throws Exception {
        try (BackupService service = BackupService.start(new ServerAddress("127.0.0.1", 1), 0)) {
            for (int again = 0; again < 2; again++) {
                HttpResponse<String> response = HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(
                                                URI.create("http://127.0.0.1:%d/restore".formatted(service.port())))
                                        .expectContinue(false)
                                        .POST(BodyPublishers.ofByteArray(new byte[20 << 20]))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());

                assertThat(response.statusCode()).as(response.body()).isEqualTo(422);
                assertThat(response.body()).contains("is not a stream archive");
            }
        }
    }

    /** Its conversations with the database end with the browser's connection, begun response or not. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aBrowserThatGoesAwayEndsTheBackup(boolean begun) throws Exception {
        ShardRef shard = new ShardRef("db", "rp", 1);
        try (var database = ScriptedServer.byRequest(request -> switch (request.type()) {
                    case 1 -> Script.answer(Answers.metastore(Answers.metadata(shard)));
                    case 3 -> Script.answer(Answers.pathList(shard));
                    default -> begun ? Script.flood(header(shard, 4L << 30)) : Script.hang();
                });
                BackupService service = BackupService.start(database.address(), 0)) {
            ScriptedServer.Conversation reading;
            try (var browser = new Socket(InetAddress.getLoopbackAddress(), service.port())) {
                browser.getOutputStream()
                        .write("GET /backup?compression=none HTTP/1.1\r\nHost: here\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                reading = database.awaitConversation(2);
                if (begun) {
                    browser.getInputStream().readNBytes(1 << 20);
                }
            }

            reading.assertClientGone();
        }
    }

    /** A client that does not read stops the database from being read: what is under way is the engine's budget. */
    @Test
    void aSlowBrowserMakesNobodyHurry() throws Exception {
        ShardRef shard = new ShardRef("db", "rp", 1);
        long endless = 4L << 30;
        try (var database = ScriptedServer.byRequest(request -> switch (request.type()) {
                    case 1 -> Script.answer(Answers.metastore(Answers.metadata(shard)));
                    case 3 -> Script.answer(Answers.pathList(shard));
                    default -> Script.flood(header(shard, endless));
                });
                BackupService service = BackupService.start(database.address(), 0);
                var browser = new Socket(InetAddress.getLoopbackAddress(), service.port())) {
            browser.setReceiveBufferSize(64 << 10);
            browser.getOutputStream()
                    .write("GET /backup?compression=none HTTP/1.1\r\nHost: here\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            ScriptedServer.Conversation reading = database.awaitConversation(2);
            long taken = settled(reading);

            assertThat(taken).isPositive().isLessThan(64L << 20);
            assertThat(browser.getInputStream().readNBytes(8 << 20)).hasSize(8 << 20);
            assertThat(settled(reading)).isGreaterThan(taken);
        }
    }

    private static long settled(ScriptedServer.Conversation conversation) throws InterruptedException {
        long before = -1;
        long now = conversation.taken();
        while (now != before || now == 0) {
            Thread.sleep(500);
            before = now;
            now = conversation.taken();
        }
        return now;
    }

    private static byte[] header(ShardRef shard, long size) {
        ByteBuf header = TarHeaders.encode(
                UnpooledByteBufAllocator.DEFAULT, shard + "/000000001-000000001.tsm", size, Instant.EPOCH, 0644);
        byte[] bytes = ByteBufUtil.getBytes(header);
        header.release();
        return bytes;
    }
}
