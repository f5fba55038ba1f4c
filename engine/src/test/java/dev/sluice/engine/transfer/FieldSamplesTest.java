package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.TestThreads;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.tsm.TombstoneWriter;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class FieldSamplesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

    @TempDir
    Path scratch;

    private final FakeInflux server = new FakeInflux();
    private final InfluxHttp http =
            InfluxHttp.to(server.endpoint(), new Credentials.None(), Timeouts.DEFAULT, TestThreads.LOOPS, 1);
    private final Map<String, byte[]> files = new TreeMap<>();

    @AfterEach
    void close() {
        http.close();
        server.close();
    }

    /** An older file may have a value that was replaced since: written again it would be back. */
    @Test
    void writesAPointOfTheNewestFileThatHasTheField() throws IOException {
        files.put("000000001-000000001.tsm", file(Map.of("m,h=a#!~#v", 1L, "m,h=b#!~#w", 5L)));
        files.put("000000002-000000001.tsm", file(Map.of("m,h=a#!~#v", 2L, "other,h=a#!~#v", 9L)));

        show("m,h=z#!~#v", "m,h=z#!~#w")
                .as(StepVerifier::create)
                .expectNext(Set.of())
                .verifyComplete();

        assertThat(server.lines()).containsExactlyInAnyOrder("db/rp m,h=a v=2i 1000", "db/rp m,h=b w=5i 1000");
    }

    @Test
    void writesNoPointThatIsDeleted() throws IOException {
        files.put("000000001-000000001.tombstone", deleted("m,h=a#!~#v"));
        files.put("000000001-000000001.tsm", file(Map.of("m,h=a#!~#v", 1L, "m,h=b#!~#v", 3L)));

        show("m,h=z#!~#v").as(StepVerifier::create).expectNext(Set.of()).verifyComplete();

        assertThat(server.lines()).containsExactly("db/rp m,h=b v=3i 1000");
    }

    @Test
    void tellsOfWhatItCannotWrite() throws IOException {
        files.put("000000001-000000001.tombstone", deleted("m,h=a#!~#v"));
        files.put("000000001-000000001.tsm", file(Map.of("m,h=a#!~#v", 1L, "#m,h=a#!~#v", 3L)));

        show("m,h=z#!~#v", "#m#!~#v")
                .as(StepVerifier::create)
                .expectNext(names("m#!~#v", "#m#!~#v"))
                .verifyComplete();

        assertThat(server.writes()).isEmpty();
    }

    /** A point that its policy does not keep any more, for one. */
    @Test
    void aLineThatIsRefusedDoesNotHideTheOthers() throws IOException {
        files.put("000000001-000000001.tsm", file(Map.of("m,h=a#!~#CONFLICT", 1L, "m,h=a#!~#v", 2L)));

        show("m#!~#CONFLICT", "m#!~#v")
                .as(StepVerifier::create)
                .expectNext(names("m#!~#CONFLICT"))
                .verifyComplete();

        assertThat(server.lines()).contains("db/rp m,h=a v=2i 1000");
    }

    @Test
    void aRefusalIsAnError() throws IOException {
        files.put("000000001-000000001.tsm", file(Map.of("m,h=a#!~#v", 1L)));
        server.onWrite(write -> FakeInflux.Answer.of(403, "{\"error\":\"not you\"}"));

        show("m#!~#v")
                .as(StepVerifier::create)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(HttpRefused.class).hasMessageContaining("not you"))
                .verify(PATIENCE);
    }

    private Mono<Set<FieldName>> show(String... keys) {
        Flux<ShardPart> parts = MemoryShards.chunks(Answers.shard(SHARD, files)).transform(TarReader.parts(SHARD));
        return new FieldSamples(http, scratch, TestThreads.FILES, Schedulers.parallel())
                .show(SHARD, names(keys), parts);
    }

    private static Set<FieldName> names(String... keys) {
        return Stream.of(keys)
                .map(key -> FieldName.of(key.getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.toSet());
    }

    private static byte[] file(Map<String, Long> values) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TsmWriter(Channels.newChannel(bytes))) {
            for (var entry : new TreeMap<>(values).entrySet()) {
                writer.write(
                        entry.getKey().getBytes(StandardCharsets.UTF_8),
                        TsmBlock.ofIntegers(new long[] {1_000}, new long[] {entry.getValue()}));
            }
            writer.finish();
        }
        return bytes.toByteArray();
    }

    private static byte[] deleted(String key) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var writer = new TombstoneWriter(bytes)) {
            writer.delete(key.getBytes(StandardCharsets.UTF_8), Long.MIN_VALUE, Long.MAX_VALUE);
        }
        return bytes.toByteArray();
    }
}
