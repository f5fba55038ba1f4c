package dev.sluice.engine.line;

import java.util.Locale;
import java.util.Set;

/** Names in statements. */
public final class InfluxQl {

    private static final Set<String> KEYWORDS = Set.of(
            "ALL",
            "ALTER",
            "ANALYZE",
            "ANY",
            "AS",
            "ASC",
            "BEGIN",
            "BY",
            "CARDINALITY",
            "CREATE",
            "CONTINUOUS",
            "DATABASE",
            "DATABASES",
            "DEFAULT",
            "DELETE",
            "DESC",
            "DESTINATIONS",
            "DIAGNOSTICS",
            "DISTINCT",
            "DROP",
            "DURATION",
            "END",
            "EVERY",
            "EXACT",
            "EXPLAIN",
            "FIELD",
            "FOR",
            "FROM",
            "GRANT",
            "GRANTS",
            "GROUP",
            "GROUPS",
            "IN",
            "INF",
            "INSERT",
            "INTO",
            "KEY",
            "KEYS",
            "KILL",
            "LIMIT",
            "MEASUREMENT",
            "MEASUREMENTS",
            "NAME",
            "OFFSET",
            "ON",
            "ORDER",
            "PASSWORD",
            "POLICY",
            "POLICIES",
            "PRIVILEGES",
            "QUERIES",
            "QUERY",
            "READ",
            "REPLICATION",
            "RESAMPLE",
            "RETENTION",
            "REVOKE",
            "SELECT",
            "SERIES",
            "SET",
            "SHARD",
            "SHARDS",
            "SHOW",
            "SLIMIT",
            "SOFFSET",
            "STATS",
            "SUBSCRIPTION",
            "SUBSCRIPTIONS",
            "TAG",
            "TO",
            "USER",
            "USERS",
            "VALUES",
            "WHERE",
            "WITH",
            "WRITE");

    private InfluxQl() {}

    /**
     * A name as a statement wants it, the way {@code influx_inspect export} does it: quoted unless it is a plain ASCII
     * word that means nothing else.
     */
    public static String identifier(String name) {
        boolean plain = !name.isEmpty()
                && isLetter(name.charAt(0))
                && name.chars().allMatch(c -> isLetter((char) c) || (c >= '0' && c <= '9'))
                && !KEYWORDS.contains(name.toUpperCase(Locale.ROOT));
        return plain ? name : quoted(name);
    }

    /** A name in double quotes. */
    public static String quoted(String name) {
        return '"' + name.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    /** A text in single quotes. */
    public static String string(String text) {
        return '\'' + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + '\'';
    }

    private static boolean isLetter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }
}
