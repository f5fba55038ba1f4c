package dev.sluice.cli.command;

import dev.sluice.cli.console.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One run of the command line with everything around it played. */
final class Run {

    final ScriptedEngine engine = new ScriptedEngine();
    final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private Terminal terminal = Terminal.none();
    private Context.Terminals ends = Context.Terminals.NONE;
    private OutputStream stdout = out;

    Run terminal(Terminal value) {
        terminal = value;
        return this;
    }

    Run ends(Context.Terminals value) {
        ends = value;
        return this;
    }

    /** Something else in the place of standard output. */
    Run stdout(OutputStream value) {
        stdout = value;
        return this;
    }

    Run set(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    int cli(String... args) {
        return new Cli(context()).run(args);
    }

    Context context() {
        return new Context(
                new PrintStream(stdout, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                environment,
                terminal,
                ends,
                memory -> {
                    engine.memory = memory;
                    return engine;
                });
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    List<String> errLines() {
        return err().lines().toList();
    }
}
