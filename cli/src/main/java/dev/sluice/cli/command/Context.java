package dev.sluice.cli.command;

import dev.sluice.cli.console.Terminal;
import dev.sluice.cli.option.UsageError;
import dev.sluice.engine.model.End;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a command finds around it.
 *
 * @param out for results and data
 * @param err for people
 * @param terminal what {@code err} is connected to
 * @param ends what {@code in} and {@code out} are connected to
 * @param engines makes the engine, when a command needs one
 */
public record Context(
        PrintStream out,
        PrintStream err,
        Map<String, String> environment,
        Terminal terminal,
        Terminals ends,
        Engine.Factory engines) {

    /**
     * Which of the process's ends are connected to a terminal, where bytes of an archive have no business.
     *
     * @param inClosed there is no stdin at all
     */
    public record Terminals(boolean in, boolean out, boolean inClosed) {
        public static final Terminals NONE = new Terminals(false, false);

        public Terminals(boolean in, boolean out) {
            this(in, out, false);
        }

        /**
         * The process's own. Java 17 can tell of stdin and stdout only together; the launcher says more with the
         * system properties {@code sluice.terminal.in} and {@code sluice.terminal.out}, and only the
         * launcher knows of a stdin that is closed, by {@code sluice.stdin.closed}.
         */
        @SuppressWarnings("SystemConsoleNull") // asked only where it still returns null
        static Terminals ofProcess() {
            boolean both = Runtime.version().feature() < 22 && System.console() != null;
            return new Terminals(
                    both || Boolean.getBoolean("sluice.terminal.in"),
                    both || Boolean.getBoolean("sluice.terminal.out"),
                    Boolean.getBoolean("sluice.stdin.closed"));
        }
    }

    /** For a command whose data goes to stdout: results are told on stderr then. */
    Context withDataOnStdout() {
        return new Context(err, err, environment, terminal, ends, engines);
    }

    /**
     * Whether an end that is read may be a stream.
     *
     * @throws UsageError if it is one and nothing, or a terminal, is in its place
     */
    void requireSource(End from, String example) {
        if (from instanceof End.Stream) {
            requireStdin(example);
            require(from, ends.in(), "stdin", example);
        }
    }

    /** @throws UsageError if there is no stdin */
    void requireStdin(String example) {
        if (ends.inClosed()) {
            throw new UsageError("there is no stdin: it is closed", "As in '%s'.".formatted(example));
        }
    }

    /**
     * Whether an end may be a stream.
     *
     * @throws UsageError if it is one and a terminal is in its place
     */
    static void require(End end, boolean terminal, String name, String example) {
        if (end instanceof End.Stream && terminal) {
            throw new UsageError(
                    "%s is a terminal; a stream archive is not for people".formatted(name),
                    "As in '%s'.".formatted(example));
        }
    }

    /**
     * The process's own surroundings. Text is UTF-8 whatever the locale: names of databases are, and a JVM
     * under the C locale would print question marks.
     */
    public static Context ofProcess() {
        return new Context(
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                System.getenv(),
                Terminal.ofProcess(System.getenv()),
                Terminals.ofProcess(),
                Engine::create);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(
                new BufferedOutputStream(new FileOutputStream(descriptor), 8192), true, StandardCharsets.UTF_8);
    }
}
