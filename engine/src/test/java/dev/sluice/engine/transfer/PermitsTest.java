package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** How many requests may be under way, by how the server answers. */
class PermitsTest {

    private static final long QUICK = Duration.ofMillis(10).toNanos();
    private static final long SLOW = Duration.ofMillis(200).toNanos();

    private final Permits permits = new Permits(8);

    @Test
    void growsWithQuickAnswersUpToWhatWasAskedFor() {
        assertThat(permits.limit()).isEqualTo(2);

        quickAnswers(100);

        assertThat(permits.limit()).isEqualTo(8);
    }

    @Test
    void shrinksWhileTheServerTakesSeveralTimesAsLong() {
        quickAnswers(100);

        permits.answered(SLOW, 1000);
        assertThat(permits.limit()).isEqualTo(7);

        for (int i = 0; i < 100; i++) {
            permits.answered(SLOW, 1000);
        }
        assertThat(permits.limit()).isOne();
    }

    @Test
    void isHalvedByAServerThatIsOverloaded() {
        quickAnswers(100);

        permits.overloaded();

        assertThat(permits.limit()).isEqualTo(4);
    }

    @Test
    void noMoreAreUnderWayThanThereAreAndTheNextOneFollows() {
        List<Sinks.Empty<Void>> begun = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            permits.with(() -> {
                        Sinks.Empty<Void> end = Sinks.empty();
                        begun.add(end);
                        return end.asMono();
                    })
                    .subscribe();
        }

        assertThat(begun).hasSize(2);
        begun.get(0).tryEmitEmpty();
        assertThat(begun).hasSize(3);
    }

    @Test
    void whoLeavesWhileItsTurnComesTakesNoPermitAlong() {
        for (int round = 0; round < 2_000; round++) {
            var one = new Permits(1);
            Sinks.Empty<Void> end = Sinks.empty();
            one.with(end::asMono).subscribe();
            Disposable waiting = one.with(Mono::empty).subscribe();
            var begin = new CountDownLatch(1);
            CompletableFuture<Void> leaving = CompletableFuture.runAsync(() -> {
                begin.countDown();
                waiting.dispose();
            });
            while (begin.getCount() > 0) {
                Thread.onSpinWait();
            }

            end.tryEmitEmpty();
            leaving.join();

            assertThat(one.with(() -> Mono.just(1)).blockOptional(Duration.ofSeconds(5)))
                    .as("round %d", round)
                    .isPresent();
        }
    }

    private void quickAnswers(int count) {
        for (int i = 0; i < count; i++) {
            permits.answered(QUICK, 1000);
        }
    }
}
