package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.MemoryStore;
import dev.sluice.engine.testkit.TestThreads;
import io.netty.buffer.Unpooled;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Under which stamp a run is written. */
class PortableTargetTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00.700Z");
    private static final Catalog NOTHING =
            new Catalog(Metastore.of(1, List.of()).toMetadata(), List.of(), List.of(), List.of());

    private final MemoryStore store = new MemoryStore();
    private final SlabLine line = SlabLine.open(Compression.GZIP, 8 << 20, TestThreads.WORKERS, 2);

    @AfterEach
    void close() {
        line.close();
    }

    @ParameterizedTest
    @CsvSource({
        "20261128T100000Z, 20261129T100000Z",
        "20261129T095959Z, 20261129T100000Z",
        "20261129T100000Z, 20261129T100001Z"
    })
    void isNamedByTheTimeOfItsStart(String other, String own) {
        put(other + ".manifest");

        TargetSession session = begin();

        assertThat(session.found()).isEmpty();
        assertThat(seal(session)).isEqualTo("memory:" + own + ".manifest");
    }

    /** Restores would take the other one for the newest, and go on with that until the clock has caught up. */
    @Test
    void comesBehindARunThatAWrongClockHasDatedLater() {
        put("20310101T000000Z.manifest");
        put("notes.manifest");

        TargetSession session = begin();

        assertThat(session.found()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.WARNING);
            assertThat(notice.message()).contains("has a run of 20310101T000000Z", "is called 20310101T000001Z");
            assertThat(notice.hint()).contains("clock");
        });
        assertThat(seal(session)).isEqualTo("memory:20310101T000001Z.manifest");
    }

    private TargetSession begin() {
        var target = new PortableTarget(
                Mono.just(store),
                "memory",
                line,
                Digest.Algorithm.CRC32C,
                Selection.EVERYTHING,
                Clock.fixed(NOW, ZoneOffset.UTC));
        return Objects.requireNonNull(target.begin(NOTHING).block(PATIENCE));
    }

    private static String seal(TargetSession session) {
        return Objects.requireNonNull(session.seal(List.of()).block(PATIENCE)).location();
    }

    private void put(String name) {
        store.put(name, Flux.just(Unpooled.copiedBuffer(new byte[] {'{', '}'})), Digest.Algorithm.CRC32C)
                .block(PATIENCE);
    }
}
