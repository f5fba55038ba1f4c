package dev.sluice.engine.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How a program ended.
 *
 * @param exitCode its exit code
 * @param output stdout and stderr in the order in which they came
 * @param took wall time
 */
public record ToolRun(int exitCode, String output, Duration took) {

    /**
     * Runs a program to its end.
     *
     * @throws AssertionError when it takes longer than {@code limit}; it is ended then
     */
    public static ToolRun run(List<String> command, Map<String, String> environment, Duration limit) {
        try {
            Path out = Files.createTempFile("sluice-tool-", ".out");
            try {
                var builder =
                        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
                builder.environment().putAll(environment);
                long start = System.nanoTime();
                Process process = builder.start();
                try {
                    process.getOutputStream().close();
                    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                        throw new AssertionError(
                                command + " still ran after " + limit + ", output so far:\n" + Files.readString(out));
                    }
                } finally {
                    process.destroyForcibly();
                }
                return new ToolRun(
                        process.exitValue(), Files.readString(out), Duration.ofNanos(System.nanoTime() - start));
            } finally {
                Files.deleteIfExists(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(command + " was interrupted", e);
        }
    }
}
