package dev.sluice.engine.http;

import java.time.Duration;
import java.util.Optional;

/** What the server says of a body of lines. Writing the same lines again is harmless in each case. */
public sealed interface WriteOutcome {

    /** All lines are stored. */
    record Written() implements WriteOutcome {}

    /** Some lines are stored, others are not; the server does not always name them. */
    record Partial(int status, String reason) implements WriteOutcome {}

    /** Not now: overloaded, or failed inside. Some lines may be stored. */
    record Retryable(int status, String reason, Optional<Duration> after) implements WriteOutcome {}

    /** The body is larger than the server takes. */
    record TooLarge(String reason) implements WriteOutcome {}

    /** Something in the body is not acceptable, so that nothing of it is stored as far as the server tells. */
    record Refused(int status, String reason) implements WriteOutcome {}

    /** Nothing would be accepted: no such database, no permission, not this API. */
    record Denied(int status, String reason) implements WriteOutcome {}
}
