package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.ServerAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

class CliTest {

    private final Run run = new Run();

    @Test
    void showsItsHelp() {
        assertThat(run.cli("--help")).isZero();
        assertThat(run.out())
                .contains("backup")
                .contains("serve")
                .contains("demo")
                .contains("Exit codes");
    }

    @Test
    void showsItsVersion() {
        assertThat(run.cli("-version")).isZero();
        assertThat(run.out()).startsWith("sluice ").contains("Java " + System.getProperty("java.version"));
    }

    @Test
    void showsItsHelpAsAnErrorWhenNothingIsAskedFor() {
        assertThat(run.cli()).isEqualTo(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Usage: sluice");
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        assertThat(run.cli("bakcup", "-portable", "DIR")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("unknown command 'bakcup'").contains("Did you mean 'backup'?");
    }

    @Test
    void asksForACommandBeforeFlags() {
        assertThat(run.cli("-portable", "DIR")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("Name a command first");
    }

    @Test
    void printsACompletionScript() {
        assertThat(run.cli("completion")).isZero();
        assertThat(run.out()).contains("#!/usr/bin/env bash").contains("--compression");
    }

    @Test
    void takesTheNameOfTheShellForCompletion() {
        assertThat(run.cli("completion", "bash")).isZero();
        assertThat(run.out()).contains("#!/usr/bin/env bash");

        assertThat(run.cli("completion", "tcsh")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("no completion for 'tcsh'").contains("bash and zsh");
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(
                        new ConnectionFailed(new ServerAddress("localhost", 1), new IOException("Connection refused")),
                        1,
                        "sluice: cannot connect to localhost:1: Connection refused"),
                Arguments.of(new NotThere("no database 'x'", "There are: y."), 1, "sluice: no database 'x'"),
                Arguments.of(new InvalidRequest("DIR is a file", "Name a directory."), 2, "sluice: DIR is a file"),
                Arguments.of(Samples.damaged(3), 4, "sluice: archive of shard telemetry/autogen/3 ended"));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void endsWithTheCodeOfTheError(SluiceException error, int exit, String message) {
        run.engine.events = Flux.concat(Flux.just(Samples.started(2)), Flux.error(error));

        assertThat(run.cli("backup", "-portable", "--quiet", "DIR")).isEqualTo(exit);

        assertThat(run.errLines()).hasSize(2);
        assertThat(run.errLines().get(0)).startsWith(message);
        assertThat(run.errLines().get(1)).isEqualTo("  hint: " + error.hint());
        assertThat(run.out()).isEmpty();
        assertThat(run.engine.closed).isTrue();
    }

    @Test
    void endsWithThreeWhenSomethingIsMissing() {
        run.engine.events = Flux.just(new Event.Finished(Samples.partial()));

        assertThat(run.cli("backup", "-portable", "--quiet", "DIR")).isEqualTo(ExitCode.PARTIAL);

        assertThat(run.err())
                .contains("3 shards are missing")
                .contains("telemetry/autogen/2")
                .contains("telemetry/autogen/3")
                .contains("telemetry/autogen/18446744073709551615");
    }

    @Test
    void asksToReportADefectInTwoLines() {
        run.engine.events = Flux.error(new IllegalStateException("boom"));

        assertThat(run.cli("backup", "-portable", "DIR")).isEqualTo(ExitCode.FAILED);
        assertThat(run.errLines())
                .containsExactly(
                        "sluice: a defect in Sluice: java.lang.IllegalStateException: boom",
                        "  hint: Please report it, with the output of the same command with --debug.");
    }

    @Test
    void aMissingClassIsNoDefect() {
        run.engine.events = Flux.error(new NoClassDefFoundError("com/example/Codec"));

        assertThat(run.cli("backup", "-portable", "DIR")).isEqualTo(ExitCode.FAILED);
        assertThat(run.errLines())
                .first()
                .asString()
                .startsWith("sluice: a part of Sluice cannot be loaded or does not work: ")
                .endsWith("com/example/Codec");
        assertThat(run.err()).contains("unpack it again");
    }

    @Test
    void theEndOfTheMemoryNamesOnlyFlagsThatTheCommandHas() {
        var error = new OutOfMemoryError("Java heap space");
        run.engine.events = Flux.error(error);

        assertThat(run.cli("backup", "-portable", "DIR")).isEqualTo(ExitCode.FAILED);
        assertThat(run.errLines())
                .containsExactly(
                        "sluice: out of memory",
                        "  hint: Give it more with JAVA_OPTS=-Xmx512m. Or ask for less at a time with a smaller --concurrency.");

        var export = new Run();
        export.engine.transfers = Flux.error(new EngineBroken(error));
        assertThat(export.cli("export", "-datadir", "D", "-waldir", "W", "-out", "F"))
                .isEqualTo(ExitCode.FAILED);
        assertThat(export.errLines())
                .containsExactly("sluice: out of memory", "  hint: Give it more with JAVA_OPTS=-Xmx512m.");
    }

    @Test
    void showsTheTraceOfADefectOnDemand() {
        run.engine.events = Flux.error(new IllegalStateException("boom"));

        run.cli("backup", "-portable", "--debug", "DIR");

        assertThat(run.err()).contains("at dev.sluice.cli.command.CliTest");
    }

    @Test
    void takesAnEndWithoutAReportForADefect() {
        run.engine.events = Flux.just(Samples.started(2));

        assertThat(run.cli("backup", "-portable", "DIR")).isEqualTo(ExitCode.FAILED);
        assertThat(run.err()).contains("ended without a report");
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of("backup --json", 2, "UsageError", "path of the backup is missing"),
                Arguments.of("backup -json=true -portable -skip-error DIR", 2, "UsageError", "unknown flag"),
                Arguments.of("backup -portable -shard x DIR --json", 2, "UsageError", "-shard is a shard's id"),
                Arguments.of("restore --json -rp week DIR", 2, "UsageError", "-rp needs -db"),
                Arguments.of("copy --json DIR", 2, "UsageError", "two ends are needed"),
                Arguments.of("verify --json DIR", 1, "NotThere", "no database"),
                Arguments.of("list --json", 2, "UsageError", "what is to be listed"),
                Arguments.of("inspect --json a b", 2, "UsageError", "one path is needed"),
                Arguments.of("import --json --resume -", 2, "UsageError", "needs --progress FILE"),
                Arguments.of("export --json --since-last -out x", 2, "UsageError", "--since-last needs --state"),
                Arguments.of("export --json --config /nowhere", 2, "UsageError", "cannot read the settings"),
                Arguments.of("backup --json -portable DIR", 1, "NotThere", "no database"),
                Arguments.of("export --json -out F", 1, "Defect", "a defect in Sluice"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void everyFailureIsAnObjectWhereJsonIsAskedFor(String line, int exit, String name, String message) {
        run.engine.events = Flux.concat(Flux.just(Samples.started(2)), Flux.error(new NotThere("no database 'x'", "")));
        run.engine.transfers = Flux.error(new IllegalStateException("boom"));

        assertThat(run.cli(line.split(" "))).isEqualTo(exit);

        assertThat(run.out().lines().filter(object -> object.contains("\"error\"")))
                .as("once: %s", run.out())
                .hasSize(1);
        assertThat(run.out().lines())
                .last()
                .asString()
                .startsWith("{\"event\":\"error\",\"error\":\"%s\",\"message\":\"".formatted(name))
                .contains(message)
                .endsWith(",\"exit\":%d}".formatted(exit));
        assertThat(run.err()).contains("sluice: ").contains(message).doesNotContain("\"event\"");
    }

    @Test
    void jsonMayComeFromTheEnvironmentAndBeTakenBack() {
        run.set("SLUICE_JSON", "true");

        run.cli("backup");
        assertThat(run.out()).startsWith("{\"event\":\"error\"");
        run.cli("backup", "-nope");
        assertThat(run.out().lines()).hasSize(2);
        run.cli("backup", "--json=false");
        run.cli("backup", "-json=false", "-nope");
        run.cli("serve");
        assertThat(run.out().lines()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "backup --json -host a -rp x -",
                "backup --json --nope -",
                "copy --json -newdb x DIR -",
                "export -out - --json -retention x",
                "export --nope -out - --json",
                "export --nope -out=- --json"
            })
    void whereStdoutHasDataTheObjectGoesToStderr(String line) {
        assertThat(run.cli(line.split(" "))).isEqualTo(ExitCode.USAGE);

        assertThat(run.out()).isEmpty();
        assertThat(run.errLines()).last().asString().startsWith("{\"event\":\"error\",\"error\":\"UsageError\"");
    }

    @Test
    void keepsControlCharactersOutOfTheTerminal() {
        run.engine.events = Flux.error(new NotThere("no \u001b[2Jdatabase", ""));

        run.cli("backup", "-portable", "DIR");

        assertThat(run.err()).doesNotContain("\u001b").contains("no  [2Jdatabase");
    }

    @Test
    void aResultThatStandardOutputDoesNotTakeIsNoSuccess() {
        var full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        var run = new Run().stdout(full);

        assertThat(run.cli("--version")).isEqualTo(ExitCode.FAILED);
        assertThat(run.err()).contains("standard output did not take all of the result");
    }
}
