package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.FieldTypeConflict;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.stage.FieldLedger;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

class ShardSurveyTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

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
    void knowsTheTypesOfItsFields() throws IOException {
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

    private static Flux<ShardPart> parts(byte[] file) {
        return MemoryShards.chunks(Answers.shard(SHARD, Map.of("000000001-000000001.tsm", file)))
                .transform(TarReader.parts(SHARD));
    }

    private static byte[] integers() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(bytes))) {
            writer.write(
                    "m,host=a#!~#f".getBytes(StandardCharsets.UTF_8),
                    TsmBlock.ofIntegers(new long[] {1}, new long[] {2}));
            writer.finish();
        }
        return bytes.toByteArray();
    }
}
