package dev.sluice.cli.console;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What stderr is connected to. */
public interface Terminal {

    /** Whether lines can be drawn over. */
    boolean interactive();

    boolean colour();

    /** As it is now; people resize windows. */
    Size size();

    /** Columns and rows, each at least 1. */
    record Size(int columns, int rows) {
        public static final Size USUAL = new Size(80, 24);
    }

    /** A pipe or a file. */
    static Terminal none() {
        return of(false, false, Size.USUAL);
    }

    static Terminal of(boolean interactive, boolean colour, Size size) {
        return new Terminal() {
            @Override
            public boolean interactive() {
                return interactive;
            }

            @Override
            public boolean colour() {
                return colour;
            }

            @Override
            public Size size() {
                return size;
            }
        };
    }

    /**
     * The process's own. Java 17 cannot tell whether stderr is a terminal, so the launcher says so with the
     * system property {@code sluice.terminal}.
     */
    static Terminal ofProcess(Map<String, String> environment) {
        String kind = environment.getOrDefault("TERM", "");
        if (!Boolean.getBoolean("sluice.terminal") || kind.isEmpty() || kind.equals("dumb")) {
            return none();
        }
        return new Tty(environment.getOrDefault("NO_COLOR", "").isEmpty());
    }

    /** The terminal that controls this process; its size is asked for at most every two seconds. */
    final class Tty implements Terminal {

        private static final Pattern ROWS_COLUMNS = Pattern.compile("(\\d{1,4}) (\\d{1,4})\\s*");

        private final boolean colour;
        private Size size = Size.USUAL;
        private long askedAt = System.nanoTime() - TimeUnit.HOURS.toNanos(1);

        Tty(boolean colour) {
            this.colour = colour;
        }

        @Override
        public boolean interactive() {
            return true;
        }

        @Override
        public boolean colour() {
            return colour;
        }

        @Override
        public synchronized Size size() {
            if (System.nanoTime() - askedAt > TimeUnit.SECONDS.toNanos(2)) {
                size = ask().orElse(size);
                askedAt = System.nanoTime();
            }
            return size;
        }

        private static Optional<Size> ask() {
            try {
                Process stty = new ProcessBuilder("stty", "size")
                        .redirectInput(new File("/dev/tty"))
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                if (!stty.waitFor(200, TimeUnit.MILLISECONDS)) {
                    stty.destroyForcibly();
                    return Optional.empty();
                }
                String answer = new String(stty.getInputStream().readNBytes(64), StandardCharsets.US_ASCII);
                Matcher match = ROWS_COLUMNS.matcher(answer);
                return match.matches()
                        ? Optional.of(new Size(Integer.parseInt(match.group(2)), Integer.parseInt(match.group(1))))
                                .filter(size -> size.columns() > 0 && size.rows() > 0)
                        : Optional.empty();
            } catch (IOException e) {
                return Optional.empty();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
    }
}
