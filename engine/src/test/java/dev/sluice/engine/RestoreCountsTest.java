package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.NotInstalled;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Verification;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.FakeInfluxd;
import dev.sluice.engine.testkit.PortableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Restores that are proved by the server's own statistics. */
class RestoreCountsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef FIRST = new ShardRef("db", "rp", 1);
    private static final ShardRef SECOND = new ShardRef("db", "rp", 2);

    private final SluiceEngine engine = SluiceEngine.create();
    private final FakeInfluxd server = new FakeInfluxd();
    private final FakeInflux http = new FakeInflux().version("1.8.10");

    @TempDir
    Path directory;

    @BeforeEach
    void backup() throws IOException {
        PortableFiles.write(
                directory,
                Data.parseFrom(Answers.metadata(FIRST, SECOND)),
                Map.of(FIRST, archive(FIRST), SECOND, archive(SECOND)));
    }

    @AfterEach
    void close() {
        engine.close();
        server.close();
        http.close();
    }

    @Test
    void nothingIsReadBackWhereTheStatisticsAgree() {
        http.onQuery(question -> statistics(bytes -> bytes));

        CopyReport report = restore(request());

        assertThat(report.complete()).isTrue();
        assertThat(report.notices()).isEmpty();
        assertThat(server.files())
                .hasSize(2)
                .allSatisfy((shard, files) -> assertThat(files).isNotEmpty());
        assertThat(readBack()).isZero();
    }

    @Test
    void whatAShardHadBeforeDoesNotCount() throws IOException {
        http.onQuery(question -> statistics(bytes -> bytes));
        restore(request());

        CopyReport again = restore(request().intoExisting(Conflict.BACKUP));

        assertThat(again.complete()).isTrue();
        assertThat(again.notices()).isEmpty();
        assertThat(server.files())
                .allSatisfy((shard, files) -> assertThat(files).hasSize(2));
    }

    @Test
    void aShardOfWhichTheStatisticsTellOtherwiseIsReadBackAndCompared() {
        http.onQuery(question -> statistics(bytes -> bytes + 1));

        CopyReport report = restore(request());

        assertThat(report.complete()).isTrue();
        assertThat(report.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("read back and compared: db/rp/1, db/rp/2"))
                .extracting(Notice::kind)
                .isEqualTo(Notice.Kind.NOTE);
        assertThat(readBack()).isEqualTo(2);
    }

    /** An address of another server that has the same shards already: they do not become more by what is sent. */
    @Test
    void theStatisticsOfAnotherServerProveNothing() {
        http.onQuery(question -> "[" + row("101", "db", 1, 1_000) + "," + row("102", "db", 1, 1_000) + "]");

        restore(request());

        assertThat(readBack()).isEqualTo(2);
    }

    @Test
    void whatIsNotThereIsNotInstalledWhateverTheStatisticsSay() {
        http.onQuery(question -> "");
        server.when(request -> request.type() == 7
                ? Optional.of(conversation -> conversation.receiveArchive()) // and forgets it
                : Optional.empty());

        assertThat(catchThrowable(() -> restore(request()))).isInstanceOf(NotInstalled.class);
    }

    @Test
    void whoMayNotAskForThemIsToldBeforeAnythingChanges() {
        http.onStatement(statement -> statement.startsWith("SHOW STATS") ? "not an administrator" : "");

        assertThat(catchThrowable(() -> restore(request())))
                .isInstanceOf(HttpRefused.class)
                .hasMessageContaining("not an administrator");
        assertThat(server.databases()).isEmpty();
    }

    private long readBack() {
        return server.requests().stream()
                .filter(request -> request.type() == 0 && request.field("Since").startsWith("0001"))
                .count();
    }

    private String statistics(LongUnaryOperator wrong) {
        return server.files().entrySet().stream()
                .map(shard -> {
                    String[] parts = shard.getKey().split("/", -1);
                    long bytes = shard.getValue().values().stream()
                            .mapToLong(file -> file.length)
                            .sum();
                    return row(
                            parts[2],
                            parts[0],
                            shard.getValue().size(),
                            shard.getValue().isEmpty() ? 0 : wrong.applyAsLong(bytes));
                })
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static String row(String id, String database, int files, long bytes) {
        return "{\"name\":\"tsm1_filestore\",\"tags\":{\"database\":\"%s\",\"id\":\"%s\",\"retentionPolicy\":\"rp\"},"
                        .formatted(database, id)
                + "\"columns\":[\"diskBytes\",\"numFiles\"],\"values\":[[%d,%d]]}".formatted(bytes, files);
    }

    private RestoreRequest.Builder request() {
        return RestoreRequest.of(new End.Portable(directory), server.address())
                .http(HttpAccess.anonymous(http.endpoint()))
                .verification(Verification.COUNTS)
                .retries(0);
    }

    private CopyReport restore(RestoreRequest.Builder request) {
        CopyReport report = engine.restoreReport(request.build()).block(PATIENCE);
        assertThat(report).isNotNull();
        return report;
    }

    private static byte[] archive(ShardRef shard) {
        return Answers.shard(shard, Answers.tsmFiles(shard.id(), 1));
    }
}
