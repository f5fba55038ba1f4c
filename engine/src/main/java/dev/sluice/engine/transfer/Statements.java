package dev.sluice.engine.transfer;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.http.InfluxHttp;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import reactor.core.publisher.Mono;

/**
 * Executes the statements of a file. What exists already is no failure, nor what this user may not do: whoever may only
 * write has a database that somebody else made. Everything else is.
 */
final class Statements {

    private static final String NAME = "(\"(?:[^\"\\\\]|\\\\.)*\"|\\w+)";

    /** {@code CREATE DATABASE a WITH … NAME b}: an export of 1.8 has one for each policy, and all but one fail. */
    private static final Pattern WITH_POLICY = Pattern.compile(
            "CREATE\\s+DATABASE\\s+" + NAME + "\\s+WITH\\s+(.*?)\\s*\\bNAME\\s+" + NAME + "\\s*;?",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private static final Pattern DURATION =
            Pattern.compile("(?<!SHARD )\\bDURATION\\s+(\\w+)", Pattern.CASE_INSENSITIVE);
    private static final Pattern REPLICATION = Pattern.compile("REPLICATION\\s+(\\d+)", Pattern.CASE_INSENSITIVE);
    private static final Pattern SHARD_DURATION =
            Pattern.compile("SHARD\\s+DURATION\\s+(\\w+)", Pattern.CASE_INSENSITIVE);

    private static final int FORBIDDEN = 403;

    private final InfluxHttp http;
    private final Telling telling;
    private final Retries retries;

    Statements(InfluxHttp http, Telling telling, Retries retries) {
        this.http = http;
        this.telling = telling;
        this.retries = retries;
    }

    /**
     * Signals {@link HttpRefused} with the server's words if it did not work.
     *
     * @return whether the server has what the statement makes, as far as it is known
     */
    Mono<Boolean> execute(String statement, String file, long line) {
        return executed(statement)
                .onErrorResume(HttpRefused.class, e -> {
                    Optional<String> other = conflicts(e) ? asPolicy(statement) : Optional.empty();
                    return other.isPresent() ? executed(other.get()) : Mono.error(e);
                })
                .onErrorResume(HttpRefused.class, e -> {
                    if (e.status() == FORBIDDEN) {
                        telling.warn(
                                "%s, line %d: %s".formatted(file, line, e.reason()),
                                "The import goes on: if the database and its policies are there, this user may be allowed to"
                                        + " write to them. 'sluice export -lponly' writes no statements.");
                        return Mono.just(false);
                    }
                    if (!e.reason().contains("already exists") && !conflicts(e)) {
                        return Mono.error(e);
                    }
                    telling.warn(
                            "%s, line %d: %s; it stays as it is on the server".formatted(file, line, e.reason()),
                            "Compare durations with SHOW RETENTION POLICIES if they matter.");
                    return Mono.just(true);
                });
    }

    private Mono<Boolean> executed(String statement) {
        return http.execute(statement).retryWhen(retries.policy()).thenReturn(true);
    }

    private static boolean conflicts(HttpRefused e) {
        return e.reason().contains("conflicts with an existing policy");
    }

    /** The same policy made by a statement of its own. */
    static Optional<String> asPolicy(String statement) {
        Matcher create = WITH_POLICY.matcher(statement);
        if (!create.matches()) {
            return Optional.empty();
        }
        String options = create.group(2).replaceAll("\\s+", " ");
        String text = "CREATE RETENTION POLICY %s ON %s DURATION %s REPLICATION %s"
                .formatted(
                        create.group(3),
                        create.group(1),
                        found(DURATION, options).orElse("INF"),
                        found(REPLICATION, options).orElse("1"));
        return Optional.of(text
                + found(SHARD_DURATION, options)
                        .map(d -> " SHARD DURATION " + d)
                        .orElse(""));
    }

    private static Optional<String> found(Pattern pattern, String text) {
        Matcher match = pattern.matcher(text);
        return match.find() ? Optional.of(match.group(1)) : Optional.empty();
    }
}
