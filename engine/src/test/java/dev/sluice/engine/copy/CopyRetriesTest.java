package dev.sluice.engine.copy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.NoPauses;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CopyRetriesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef SHARD = new ShardRef("db", "autogen", 1);

    @Test
    void aShardThatFailsThousandsOfTimesIsStillCopied() {
        int failures = 3_000;
        var from = new MemoryShards(Map.of(SHARD, Answers.files(1, 1, 3_000)))
                .cut(SHARD, Collections.nCopies(failures, 700).toArray(Integer[]::new));
        var options = CopyOptions.of(Task.COPY, Pace.DEFAULT.withRetries(failures), List.of(), false, Compression.NONE);

        CopyReport report = new Copy(from, new MemoryShards(), options, new NoPauses())
                .run(Selection.EVERYTHING)
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE);

        assertThat(report).isNotNull();
        assertThat(report.retries()).isEqualTo(failures);
    }
}
