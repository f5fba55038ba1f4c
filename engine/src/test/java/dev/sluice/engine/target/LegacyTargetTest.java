package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.stage.SlabLine;
import dev.sluice.engine.store.MemoryStore;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class LegacyTargetTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);
    private static final String ARCHIVE = "db.rp.00007.00";

    private final MemoryShards shards = new MemoryShards(Map.of(SHARD, Answers.tsmFiles(1, 2)));
    private final SourceSession source =
            Objects.requireNonNull(shards.open(Selection.EVERYTHING).block(PATIENCE));
    private final MemoryStore store = new MemoryStore();

    /** Two runs into one directory find the same names free; the one that gives up must not take the other's file along. */
    @Test
    void aRunThatGivesUpLeavesTheArchiveOfAnotherRun() {
        TargetSession quick = begin();
        TargetSession slow = begin();
        var underWay = slow.write(SHARD, Flux.never(), stored -> {}).subscribe();

        quick.write(SHARD, parts(), stored -> {}).block(PATIENCE);
        underWay.dispose();
        slow.abort().block(PATIENCE);

        assertThat(names()).containsExactly(ARCHIVE);
    }

    @Test
    void aRunThatGivesUpLeavesNothingOfItsOwn() {
        TargetSession session = begin();

        session.write(SHARD, parts(), stored -> {}).block(PATIENCE);
        assertThat(names()).containsExactly(ARCHIVE);
        session.abort().block(PATIENCE);

        assertThat(names()).isEmpty();
    }

    private TargetSession begin() {
        var line = SlabLine.open(Compression.NONE, 4 << 20, Schedulers.immediate(), 1);
        var target = new LegacyTarget(Mono.just(store), "memory", line, Digest.Algorithm.CRC32C);
        return Objects.requireNonNull(target.begin(source.catalog()).block(PATIENCE));
    }

    private Flux<ShardPart> parts() {
        return source.shards().next().flatMapMany(ShardRead::parts);
    }

    private List<String> names() {
        return Objects.requireNonNull(
                store.list().map(entry -> entry.name()).collectList().block(PATIENCE));
    }
}
