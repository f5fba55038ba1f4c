package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;

class ScriptedServerTest {

    private static final byte[] REQUEST =
            "\u0003\u0001{\"Type\":1,\"ShardID\":12,\"BackupDatabase\":\"a b\"}\n".getBytes(StandardCharsets.UTF_8);

    @Test
    void answersByTheRequestAndRecordsIt() throws IOException {
        try (var server = ScriptedServer.byRequest(r -> Script.answer(new byte[r.type()]));
                var client = ask(server)) {
            assertThat(client.getInputStream().readAllBytes()).hasSize(1);
            assertThat(server.requests()).singleElement().satisfies(r -> {
                assertThat(r.mux()).isEqualTo(3);
                assertThat(r.field("ShardID")).isEqualTo("12");
                assertThat(r.field("BackupDatabase")).isEqualTo("a b");
                assertThat(r.hex()).isEqualTo(HexFormat.of().formatHex(REQUEST));
            });
        }
    }

    @Test
    void resetsAfterTheGivenBytesAndThenServesTheNextScript() throws IOException {
        byte[] answer = new byte[5000];
        try (var server = ScriptedServer.inOrder(Script.resetAfter(answer, 700), Script.cutAfter(answer, 800))) {
            try (var client = ask(server)) {
                assertThat(client.getInputStream().readNBytes(700)).hasSize(700);
                assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
            }
            try (var client = ask(server)) {
                assertThat(client.getInputStream().readAllBytes()).hasSize(800);
            }
        }
    }

    @Test
    void noticesThatTheClientLeavesWhileItHangs() throws IOException {
        try (var server = ScriptedServer.inOrder(Script.hang())) {
            ask(server).close();
            server.awaitConversation(0).assertClientGone();
        }
    }

    @Test
    void stopsSendingWhenTheClientDoesNotRead() throws Exception {
        try (var server = ScriptedServer.inOrder(Script.flood(new byte[10]));
                var client = ask(server)) {
            var conversation = server.awaitConversation(0);
            long before = conversation.awaitStandstill(Duration.ofMillis(200));
            assertThat(before).isPositive();
            client.getInputStream().readNBytes(20_000_000);
            assertThat(conversation.taken()).isGreaterThan(before).isGreaterThanOrEqualTo(20_000_000);
        }
    }

    @Test
    void buildsTarsThatOthersRead() throws IOException {
        var shard = new ShardRef("däta.base", "r p", 12);
        byte[] tar = Answers.shard(shard, 1, 3, 700);
        var names = new ArrayList<String>();
        try (var in = new TarArchiveInputStream(new ByteArrayInputStream(tar), "UTF-8")) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                names.add(entry.getName());
                assertThat(in.readAllBytes()).hasSize(700);
            }
        }
        assertThat(names)
                .containsExactly(
                        shard + "/000000001-000000001.tsm",
                        shard + "/000000002-000000001.tsm",
                        shard + "/000000003-000000001.tsm");
        assertThat(tar.length % 512).isZero();
    }

    private static Socket ask(ScriptedServer server) throws IOException {
        var socket = new Socket(server.address().host(), server.address().port());
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(REQUEST);
        return socket;
    }
}
