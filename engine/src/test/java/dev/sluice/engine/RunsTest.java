package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.copy.CopyOptions;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.target.Sealed;
import dev.sluice.engine.target.Target;
import dev.sluice.engine.target.TargetSession;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
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

        runs.copy(source, new NeverDone(), options, Selection.EVERYTHING)
                .subscribe()
                .dispose();
        runs.over().subscribe(nothing -> {}, error -> {}, () -> over.set(true));

        assertThat(over).isFalse();
        givenUp.tryEmitValue(List.of());
        assertThat(over).isTrue();
    }

    /** Takes shards without end, and gives up when it is told to. */
    private final class NeverDone implements Target, TargetSession {
        @Override
        public String describe() {
            return "never done";
        }

        @Override
        public Mono<TargetSession> begin(Catalog catalog) {
            return Mono.just(this);
        }

        @Override
        public int maxOpenShards() {
            return 1;
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.never();
        }

        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return Mono.never();
        }

        @Override
        public Mono<List<Notice>> abort() {
            return givenUp.asMono();
        }
    }
}
