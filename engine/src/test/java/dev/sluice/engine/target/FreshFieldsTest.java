package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tsm.FieldName;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class FreshFieldsTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);
    private static final Instant BEGUN = Instant.parse("2026-11-29T12:00:00Z");
    private static final FieldName V = FieldName.of("m,h=a#!~#v".getBytes(StandardCharsets.UTF_8));
    private static final FieldName W = FieldName.of("m,h=a#!~#w".getBytes(StandardCharsets.UTF_8));

    private final List<Instant> asked = new ArrayList<>();
    private final List<Set<FieldName>> shown = new ArrayList<>();

    /** To the second attempt a field of the first one looks as if the shard had always had it. */
    @Test
    void keepsWhatAnEarlierAttemptHasBrought() {
        var fields = new FreshFields(Optional.of(writer(Mono.just(Set.of()))), BEGUN);

        fields.seen(SHARD, Set.of(V));
        fields.seen(SHARD, Set.of(W));
        fields.seen(SHARD, Set.of());
        show(fields);

        assertThat(shown).containsExactly(Set.of(V, W));
        assertThat(asked).containsExactly(BEGUN.minusSeconds(3600));
        assertThat(fields.notices()).isEmpty();
    }

    @Test
    void looksIntoAllFilesForWhatTheNewOnesDoNotHave() {
        var fields = new FreshFields(Optional.of(writer(Mono.just(Set.of(W)))), BEGUN);

        fields.seen(SHARD, Set.of(V, W));
        show(fields);

        assertThat(asked).containsExactly(BEGUN.minusSeconds(3600), ShardBackup.ALL);
        assertThat(shown.get(1)).containsExactly(W);
        assertThat(fields.notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.MISSING);
            assertThat(notice.message()).contains("db/rp/7 (m.w)");
            assertThat(notice.hint()).contains("sluice copy -shard N");
        });
    }

    @Test
    void aServerThatTakesNoneLeavesTheShardStored() {
        var fields =
                new FreshFields(Optional.of(writer(Mono.error(new HttpRefused("a write", 403, "not you")))), BEGUN);

        fields.seen(SHARD, Set.of(V));
        show(fields);

        assertThat(fields.notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.message()).contains("m.v", "not you"));
    }

    @Test
    void theEndOfTheMemoryIsNoNotice() {
        var fields = new FreshFields(
                Optional.of(writer(Mono.error(new EngineBroken(new OutOfMemoryError("so says the test"))))), BEGUN);

        fields.seen(SHARD, Set.of(V));

        fields.show(SHARD, since -> Flux.empty()).as(StepVerifier::create).verifyError(EngineBroken.class);
    }

    private void show(FreshFields fields) {
        fields.show(SHARD, since -> {
                    asked.add(since);
                    return Flux.<ShardPart>empty();
                })
                .as(StepVerifier::create)
                .verifyComplete();
    }

    private FieldWriter writer(Mono<Set<FieldName>> left) {
        return (shard, fields, parts) -> {
            shown.add(fields);
            return left;
        };
    }
}
