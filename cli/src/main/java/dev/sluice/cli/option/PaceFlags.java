package dev.sluice.cli.option;

import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Timeouts;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How many shards at a time, how fast, how often again, how long to wait. */
public final class PaceFlags {

    private static final String RATE_LIMIT = "--rate-limit";

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it before a flag is read
    private CommandSpec command;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "" + Pace.DEFAULT_CONCURRENCY,
            converter = Values.Concurrency.class,
            description = "How many shards go side by side. Default: " + Pace.DEFAULT_CONCURRENCY + ".")
    private int concurrency;

    @Option(
            names = RATE_LIMIT,
            paramLabel = "RATE",
            converter = Values.Bytes.class,
            description = "At most so many bytes a second from the source, such as 200MB/s. Default: no limit.")
    private @Nullable Long rateLimit;

    @Option(
            names = "--retries",
            paramLabel = "N",
            defaultValue = "" + Pace.DEFAULT_RETRIES,
            converter = Values.Retries.class,
            description = "Attempts for a shard after its first one. Default: " + Pace.DEFAULT_RETRIES + ".")
    private int retries;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Values.Span.class,
            description =
                    "Longest silence of a server while data flows. Default: 60s. The first byte of a shard, and the "
                            + "end of a restored one, may take 10 minutes or as long as this.")
    private @Nullable Duration timeout;

    /** Of a backup: a rate limit of the environment or of a file is meant for it. */
    public Pace ofBackup() {
        return pace(rateLimit);
    }

    /** Of anything else, which is slowed down only by a limit on its own command line. */
    public Pace pace() {
        return pace(Given.typed(command, RATE_LIMIT) ? rateLimit : null);
    }

    private Pace pace(@Nullable Long limit) {
        Pace pace = Pace.DEFAULT
                .withConcurrency(concurrency)
                .withRetries(retries)
                .withTimeouts(timeout == null ? Timeouts.DEFAULT : Timeouts.DEFAULT.withIdle(timeout));
        return limit == null ? pace : pace.withRateLimit(limit);
    }
}
