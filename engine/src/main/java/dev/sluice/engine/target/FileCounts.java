package dev.sluice.engine.target;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.http.QueryResult;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.target.SentArchive.Fingerprint;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * How many data files a server has of a shard, and how large they are, by its own statistics: those that it has opened
 * and indexed, not those that lie there. {@code SHOW STATS FOR 'tsm1_filestore'} has a row for each open shard, with the
 * shard's id as a tag (observed on 1.6.7, 1.8.10 and 1.12.4); it is for administrators.
 */
final class FileCounts {

    private static final String QUESTION = "SHOW STATS FOR 'tsm1_filestore'";

    private final InfluxHttp http;

    /**
     * @param files of data
     * @param bytes of them and of their tombstones
     */
    record Count(long files, long bytes) {
        static final Count NONE = new Count(0, 0);

        Count with(Collection<Fingerprint> sent) {
            return new Count(
                    files + sent.size(),
                    bytes + sent.stream().mapToLong(Fingerprint::size).sum());
        }
    }

    FileCounts(InfluxHttp http) {
        this.http = http;
    }

    /** Fails if the server does not tell its statistics to this user. */
    Mono<Void> askable() {
        return http.execute(QUESTION);
    }

    /** What the server has; nothing of a shard that is not open. Empty if it did not answer. */
    Mono<Optional<Count>> of(ShardRef place) {
        return http.query(QUESTION, Optional.empty())
                .map(results ->
                        results.stream().allMatch(result -> result.error().isEmpty())
                                ? Optional.of(count(results, place))
                                : Optional.<Count>empty())
                .onErrorResume(SluiceException.class, e -> Mono.just(Optional.empty()));
    }

    private static Count count(List<QueryResult> results, ShardRef place) {
        return results.stream()
                .flatMap(result -> result.series().stream())
                .filter(series -> place.idText().equals(series.tags().get("id"))
                        && place.database().equals(series.tags().get("database")))
                .map(series -> new Count(number(series, "numFiles"), number(series, "diskBytes")))
                .findFirst()
                .orElse(Count.NONE);
    }

    private static long number(QueryResult.Series series, String column) {
        List<@Nullable Object> values = series.column(column);
        return !values.isEmpty() && Objects.requireNonNullElse(values.get(0), 0L) instanceof Number number
                ? number.longValue()
                : 0;
    }
}
