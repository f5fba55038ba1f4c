package dev.sluice.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs commands as whole processes, from their start to their end, and tells what they cost. */
public final class Program {

    /** The shell's own clock counts what the process, and whatever it waited for, has used. */
    private static final String TIMED =
            "TIMEFORMAT='%3R %3U %3S'; { time \"$@\" >\"$OUT\" 2>\"$ERR\" </dev/null; } 2>\"$TIMES\"";

    private static final Pattern TIMES = Pattern.compile("([0-9.]+) ([0-9.]+) ([0-9.]+)\\s*");
    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    private static final long LOOK_EVERY_MILLIS = 10;
    private static final double TICKS_A_SECOND = 100;

    private Program() {}

    /**
     * A run.
     *
     * @param wallSeconds from the start of the process to its end
     * @param cpuSeconds user and system, of the process and its children
     * @param peakBytes most resident memory of the process, 0 where the system does not tell
     * @param out what it wrote to stdout
     */
    public record Run(double wallSeconds, double cpuSeconds, long peakBytes, String out) {}

    /** Runs a command to its end; anything but exit code 0 is an error. */
    public static Run run(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("sluice-bench-");
        try {
            return run(command, environment, directory);
        } finally {
            for (String name : List.of("out", "err", "times")) {
                Files.deleteIfExists(directory.resolve(name));
            }
            Files.delete(directory);
        }
    }

    private static Run run(List<String> command, Map<String, String> environment, Path directory)
            throws IOException, InterruptedException {
        List<String> timed = new ArrayList<>(List.of("bash", "-c", TIMED, "bash"));
        timed.addAll(command);
        var builder = new ProcessBuilder(timed);
        builder.environment().putAll(environment);
        for (String name : List.of("out", "err", "times")) {
            builder.environment()
                    .put(name.toUpperCase(Locale.ROOT), directory.resolve(name).toString());
        }
        Process shell = builder.start();
        long peak = 0;
        try {
            while (shell.isAlive()) {
                peak = Math.max(peak, peakOfChild(shell.pid()));
                Thread.sleep(LOOK_EVERY_MILLIS);
            }
        } finally {
            shell.descendants().forEach(ProcessHandle::destroy);
            shell.destroy();
        }
        Matcher times = TIMES.matcher(Files.readString(directory.resolve("times")));
        if (shell.waitFor() != 0 || !times.matches()) {
            throw new IOException(
                    String.join(" ", command) + " failed:\n" + Files.readString(directory.resolve("err")));
        }
        return new Run(
                Double.parseDouble(times.group(1)),
                Double.parseDouble(times.group(2)) + Double.parseDouble(times.group(3)),
                peak,
                Files.readString(directory.resolve("out")));
    }

    private static long peakOfChild(long shell) {
        return read("/proc/" + shell + "/task/" + shell + "/children")
                .map(children -> children.strip().split(" ", -1)[0])
                .filter(child -> !child.isEmpty())
                .flatMap(child -> read("/proc/" + child + "/status"))
                .map(PEAK::matcher)
                .filter(Matcher::find)
                .map(found -> Long.parseLong(found.group(1)) * 1024)
                .orElse(0L);
    }

    /** User and system time that a running process has used so far, in seconds; 0 where the system does not tell. */
    public static double cpuSecondsOf(long pid) {
        return read("/proc/" + pid + "/stat")
                .map(stat -> stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1))
                .map(fields -> (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_A_SECOND)
                .orElse(0.0);
    }

    private static Optional<String> read(String path) {
        try {
            return Optional.of(Files.readString(Path.of(path)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            // A process that has just ended.
            return Optional.empty();
        }
    }
}
