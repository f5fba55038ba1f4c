package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import dev.sluice.engine.testkit.NeverDone;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

class RunsTest {

    private final Sinks.One<List<Notice>> givenUp = Sinks.one();

    /** An engine that is closed right after a cancel waits for it: the threads that clean up are its own. */
    @Test
    void aCancelledCopyIsOverWhenItHasCleanedUp() {
        var runs = new Runs();
        var source = new MemoryShards(Map.of(new ShardRef("db", "rp", 1), Answers.tsmFiles(1, 2)));
        var options = CopyOptions.of(Task.COPY, Pace.DEFAULT, List.of(), false, Compression.NONE);
        var over = new AtomicBoolean();

        runs.copy(source, new NeverDone(givenUp.asMono()), options, Selection.EVERYTHING)
                .subscribe()
                .dispose();
        runs.over().subscribe(nothing -> {}, error -> {}, () -> over.set(true));

        assertThat(over).isFalse();
        givenUp.tryEmitValue(List.of());
        assertThat(over).isTrue();
    }
}
