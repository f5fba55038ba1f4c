package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Request;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** Servers 1.0 to 1.4, as far as their source tells: no real one was at hand. */
class OldServerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef FIRST = new ShardRef("db", "a.b c", 1);
    private static final ShardRef SECOND = new ShardRef("db", "rp", 2);
    private static final ShardRef OTHER = new ShardRef("other", "rp", 3);
    private static final List<ShardRef> ALL = List.of(FIRST, SECOND, OTHER);

    private final SluiceEngine engine = SluiceEngine.create();
    private final ScriptedServer server = ScriptedServer.byRequest(OldServerTest::answer);

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        engine.close();
        server.close();
    }

    /** Whoever sends a byte for the type gets nothing, as it breaks the JSON. */
    private static Script answer(Request request) {
        if (request.type() != '{') {
            return Script.nothing();
        }
        return switch (request.field("Type")) {
            case "0" -> shard(Long.parseLong(request.field("ShardID")));
            case "1" -> Script.answer(Answers.metastore(Answers.metadata(ALL.toArray(ShardRef[]::new))));
            case "2" -> paths(ALL.stream().filter(shard -> shard.database().equals(request.field("Database"))));
            case "3" ->
                paths(ALL.stream()
                        .filter(shard -> shard.database().equals(request.field("Database"))
                                && shard.policy().equals(request.field("RetentionPolicy"))));
            default -> Script.nothing();
        };
    }

    private static Script shard(long id) {
        ShardRef shard = ALL.get((int) id - 1);
        return Script.answer(Answers.shard(shard, Answers.tsmFiles(id, 1)));
    }

    private static Script paths(Stream<ShardRef> shards) {
        ShardRef[] found = shards.toArray(ShardRef[]::new);
        return found.length == 0 ? Script.nothing() : Script.answer(Answers.pathList(found));
    }

    @Test
    void backsUpEverythingInThePortableFormat() {
        CopyReport report = report(BackupRequest.portable(server.address(), directory));

        assertThat(report.complete()).isTrue();
        assertThat(report.stored()).extracting(receipt -> receipt.ref()).containsExactlyInAnyOrderElementsOf(ALL);
        assertThat(server.requests())
                .extracting(Request::json)
                .allSatisfy(
                        json -> assertThat(json)
                                .matches(
                                        "\\{\"Type\":\\d,\"Database\":\".*\",\"RetentionPolicy\":\".*\",\"ShardID\":\\d+,\"Since\":\".*\"}"));
        assertThat(server.requests().get(0).hex())
                .startsWith("037b") // the JSON follows the first byte
                .endsWith("7d0a");
    }

    @Test
    void aLegacyBackupGoesToTheDirectoriesOfAStoppedServer() {
        report(BackupRequest.legacy(server.address(), directory.resolve("legacy"))
                .selection(Selection.EVERYTHING.withDatabase("db")));
        var stopped = new End.Data(directory.resolve("data"), Optional.empty(), Optional.empty());

        CopyReport report = engine.copy(CopyRequest.of(new End.Legacy(directory.resolve("legacy")), stopped)
                        .selection(Selection.EVERYTHING.withDatabase("db"))
                        .build())
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE);

        assertThat(report).isNotNull();
        assertThat(report.complete()).isTrue();
        assertThat(directory.resolve("data/db/rp")).isNotEmptyDirectory();
        assertThat(directory.resolve("meta/meta.db")).isNotEmptyFile();
    }

    @Test
    void aPolicyAndAStreamAreAskedForInTheSameForm() {
        var policy = new Selection(
                Optional.of("db"), Optional.of("rp"), Optional.empty(), Optional.empty(), Optional.empty());
        Long bytes = Flux.from(engine.stream(BackupRequest.stream(server.address())
                        .selection(policy)
                        .protocol(Protocol.V1_4)
                        .retries(0)
                        .build()))
                .map(buffer -> {
                    long length = buffer.readableBytes();
                    buffer.release();
                    return length;
                })
                .reduce(0L, Long::sum)
                .block(PATIENCE);

        assertThat(bytes).isPositive();
        assertThat(server.requests())
                .extracting(request -> request.field("Type"))
                .containsExactly("1", "3", "0");
    }

    @Test
    void spokenToAsANewerOneItIsSilentAndTheHintSaysWhatToTry() throws Exception {
        Throwable failure = catchThrowable(() -> engine.backupReport(BackupRequest.portable(server.address(), directory)
                        .retries(0)
                        .build())
                .block(PATIENCE));

        assertThat(failure).isInstanceOf(EmptyAnswer.class);
        assertThat(((EmptyAnswer) failure).hint()).contains("--protocol 1.4");
        try (var files = Files.list(directory)) {
            assertThat(files).isEmpty();
        }
    }

    private CopyReport report(BackupRequest.Builder request) {
        CopyReport report = engine.backupReport(
                        request.protocol(Protocol.V1_4).retries(0).build())
                .block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }
}
