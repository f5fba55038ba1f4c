package dev.sluice.engine.http;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one statement.
 *
 * @param error the server's words where the statement failed; the HTTP status is 200 all the same
 */
public record QueryResult(List<Series> series, Optional<String> error) {

    public QueryResult {
        series = List.copyOf(series);
    }

    /**
     * Rows of one measurement or listing.
     *
     * @param tags in the server's order
     * @param rows one value for each column: String, Long, Double, Boolean, BigInteger or null
     */
    public record Series(
            String name, Map<String, String> tags, List<String> columns, List<List<@Nullable Object>> rows) {

        public Series {
            tags = Collections.unmodifiableMap(tags);
            columns = List.copyOf(columns);
            rows = List.copyOf(rows);
        }

        /** The values of one column, from the first row on; empty if there is no such column. */
        public List<@Nullable Object> column(String name) {
            int index = columns.indexOf(name);
            var values = new ArrayList<@Nullable Object>();
            if (index >= 0) {
                rows.forEach(row -> values.add(row.get(index)));
            }
            return values;
        }
    }
}
