package dev.sluice.cli.option;

import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Timeouts;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many shards at a time, how often again, how long to wait. */
public final class PaceFlags {

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "" + Pace.DEFAULT_CONCURRENCY,
            converter = Values.Concurrency.class,
            description = "How many shards go side by side. Default: " + Pace.DEFAULT_CONCURRENCY + ".")
    private int concurrency;

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

    public Pace pace() {
        return new Pace(concurrency, retries, timeout == null ? Timeouts.DEFAULT : Timeouts.DEFAULT.withIdle(timeout));
    }
}
