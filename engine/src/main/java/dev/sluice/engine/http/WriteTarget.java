package dev.sluice.engine.http;

import java.util.Optional;

/** Where lines go. */
public sealed interface WriteTarget {

    /** For people. */
    String describe();

    /**
     * {@code /write} of InfluxDB 1.x.
     *
     * @param policy empty for the database's default
     * @param precision of the timestamps, as the server spells it: {@code ns}, {@code u}, {@code ms}, {@code s},
     *     {@code m}, {@code h}
     * @param consistency {@code any}, {@code one}, {@code quorum}, {@code all}; without effect on open source servers
     */
    record Database(String database, Optional<String> policy, String precision, Optional<String> consistency)
            implements WriteTarget {
        @Override
        public String describe() {
            return database + policy.map(name -> "/" + name).orElse("");
        }
    }

    /** {@code /api/v2/write} of InfluxDB 2.x and 3.x. */
    record Bucket(String org, String bucket, String precision) implements WriteTarget {
        @Override
        public String describe() {
            return "bucket " + bucket;
        }
    }
}
