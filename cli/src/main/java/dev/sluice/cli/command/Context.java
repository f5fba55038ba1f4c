package dev.sluice.cli.command;

import dev.sluice.cli.console.Terminal;
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
 * @param engines makes the engine, when a command needs one
 */
public record Context(
        PrintStream out, PrintStream err, Map<String, String> environment, Terminal terminal, Engine.Factory engines) {

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
                Engine::create);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(
                new BufferedOutputStream(new FileOutputStream(descriptor), 8192), true, StandardCharsets.UTF_8);
    }
}
