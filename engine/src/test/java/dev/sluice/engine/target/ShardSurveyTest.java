package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.FieldTypeConflict;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.stage.ApplyTombstones;
import dev.sluice.engine.stage.FieldLedger;
import dev.sluice.engine.stage.Indexable;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.testkit.TestThreads;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.tsm.TombstoneWriter;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

class ShardSurveyTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

    @TempDir
    Path scratch;

    private final LoopResources loops = LoopResources.create("survey-test", 1, true);
    private final Scheduler workers = Schedulers.newParallel("survey-workers", 2);
    private final ScriptedServer server =
            ScriptedServer.byRequest(request -> Script.answer(Answers.shard(SHARD, Answers.tsmFiles(1, 3))));

    @AfterEach
    void close() {
        server.close();
        workers.dispose();
        loops.disposeLater(Duration.ZERO, PATIENCE).block(PATIENCE);
    }

    @Test
    void knowsTheNamesThatAreTaken() {
        survey(workers)
                .as(StepVerifier::create)
                .assertNext(survey -> {
                    assertThat(survey.above(1).of(1, 1)).contains("000001004-000000001.tsm");
                    assertThat(survey.below(1).of(1, 1)).get().asString().startsWith("000000000-");
                })
                .expectComplete()
                .verify(PATIENCE);
    }

    @Test
    void knowsTheTypesOfItsFields() {
        ShardSurvey survey = survey(workers).block(PATIENCE);
        assertThat(survey).isNotNull();

        ShardSurvey.guarded(List.of(survey), SHARD, new FieldLedger(), parts(integers()))
                .doOnNext(ShardPart::release)
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectError(FieldTypeConflict.class)
                .verify(PATIENCE);
    }

    @Test
    void knowsThemByTheCheckBeforeItToo() {
        throughTheChecks(Map.of("000000001-000000001.tsm", integers()))
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .expectError(FieldTypeConflict.class)
                .verify(PATIENCE);
    }

    @Test
    void aFieldThatIsDeletedIsNoConflict() throws IOException {
        var files = new TreeMap<String, byte[]>();
        files.put("000000001-000000001.tombstone", tombstone("m,host=a#!~#f"));
        files.put("000000001-000000001.tsm", integers("m,host=a#!~#f", "m,host=a#!~#g"));
        throughTheChecks(files)
                .as(StepVerifier::create)
                .thenConsumeWhile(part -> true)
                .verifyComplete();

        files.put("000000001-000000001.tombstone", tombstone("m,host=a#!~#g"));
        throughTheChecks(files)
                .as(StepVerifier::create)
                .as("what remains of a file with deletions is looked at")
                .thenConsumeWhile(part -> true)
                .expectError(FieldTypeConflict.class)
                .verify(PATIENCE);
    }

    @Test
    void knowsWhichFieldsTheShardDidNotHave() {
        ShardSurvey survey = survey(workers).block(PATIENCE);
        assertThat(survey).isNotNull();
        Flux<ShardPart> parts = parts(integers("m,host=a#!~#g", "n,host=a#!~#g", "n,host=b#!~#g"));

        ShardSurvey.guarded(List.of(survey), SHARD, new FieldLedger(), parts)
                .doOnNext(ShardPart::release)
                .blockLast(PATIENCE);

        assertThat(survey.fresh()).extracting(FieldName::toString).containsExactlyInAnyOrder("m.g", "n.g");
    }

    @Test
    void theLedgerTellsOfThemTooAndNotOfDeletedOnes() throws IOException {
        var files = new TreeMap<String, byte[]>();
        files.put("000000001-000000001.tsm", integers("m,host=a#!~#g"));
        files.put("000000002-000000001.tombstone", tombstone("m,host=a#!~#gone"));
        files.put("000000002-000000001.tsm", integers("m,host=a#!~#gone", "m,host=a#!~#h"));
        ShardSurvey survey = survey(workers).block(PATIENCE);
        assertThat(survey).isNotNull();

        throughTheChecks(survey, files).blockLast(PATIENCE);

        assertThat(survey.fresh()).extracting(FieldName::toString).containsExactlyInAnyOrder("m.g", "m.h");
    }

    @Test
    void readsAShardAgainWhoseIndexIsLong() {
        ScriptedServer many = ScriptedServer.byRequest(
                request -> Script.answer(Answers.shard(SHARD, Map.of("000000003-000000001.tsm", longIndex()))));
        try (many) {
            ShardSurvey survey = ShardSurvey.of(
                            SHARD, SnapshotTransport.to(many.address(), Timeouts.DEFAULT, loops), workers)
                    .block(PATIENCE);

            assertThat(survey).isNotNull();
            assertThat(many.requests()).hasSize(2);
            ShardSurvey.guarded(List.of(survey), SHARD, new FieldLedger(), parts(integers("n,host=7#!~#f")))
                    .doOnNext(ShardPart::release)
                    .as(StepVerifier::create)
                    .thenConsumeWhile(part -> true)
                    .expectError(FieldTypeConflict.class)
                    .verify(PATIENCE);
        }
    }

    @Test
    void takesNoFileApartOnTheEventLoop() {
        Scheduler gone = Schedulers.newSingle("gone");
        gone.dispose();

        // With nobody to do the work nothing is known: done by the loop that brings the bytes, it would succeed.
        survey(gone)
                .as(StepVerifier::create)
                .expectError(RejectedExecutionException.class)
                .verify(PATIENCE);
    }

    private Mono<ShardSurvey> survey(Scheduler scheduler) {
        return ShardSurvey.of(SHARD, SnapshotTransport.to(server.address(), Timeouts.DEFAULT, loops), scheduler);
    }

    /** The way that a restore takes, its parts released. */
    private Flux<ShardPart> throughTheChecks(Map<String, byte[]> files) {
        ShardSurvey survey = survey(workers).block(PATIENCE);
        assertThat(survey).isNotNull();
        return throughTheChecks(survey, files);
    }

    private Flux<ShardPart> throughTheChecks(ShardSurvey survey, Map<String, byte[]> files) {
        var ledger = new FieldLedger();
        Flux<ShardPart> parts = new Indexable(true, Optional.of(ledger)).apply(SHARD, parts(files), notice -> {});
        parts = new ApplyTombstones(scratch, TestThreads.FILES).apply(SHARD, parts, notice -> {});
        return ShardSurvey.guarded(List.of(survey), SHARD, ledger, parts).doOnNext(ShardPart::release);
    }

    private static Flux<ShardPart> parts(byte[] file) {
        return parts(Map.of("000000001-000000001.tsm", file));
    }

    private static Flux<ShardPart> parts(Map<String, byte[]> files) {
        return MemoryShards.chunks(Answers.shard(SHARD, files)).transform(TarReader.parts(SHARD));
    }

    private static byte[] integers() {
        return integers("m,host=a#!~#f");
    }

    private static byte[] integers(String... keys) {
        return file(TsmBlock.ofIntegers(new long[] {1}, new long[] {2}), keys);
    }

    /** More keys than fit into what is kept of a file. */
    private static byte[] longIndex() {
        return file(
                TsmBlock.ofFloats(new long[] {1}, new double[] {2}),
                IntStream.range(0, 60_000)
                        .mapToObj("n,host=%d#!~#f"::formatted)
                        .sorted()
                        .toArray(String[]::new));
    }

    private static byte[] file(TsmBlock values, String... keys) {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(bytes))) {
            for (String key : keys) {
                writer.write(key.getBytes(StandardCharsets.UTF_8), values);
            }
            writer.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] tombstone(String key) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TombstoneWriter(bytes)) {
            writer.delete(key.getBytes(StandardCharsets.UTF_8), Long.MIN_VALUE, Long.MAX_VALUE);
        }
        return bytes.toByteArray();
    }
}
