package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./sluice} in a directory of sources, with a Maven that is none. */
class BuildScriptIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path top;

    private Path lock;

    @BeforeEach
    void sources() throws IOException {
        for (String room : List.of("engine", "libdeflate", "cli")) {
            Files.createDirectories(top.resolve(room).resolve("src/main"));
        }
        Files.createFile(top.resolve("pom.xml"));
        Files.copy(Path.of("../sluice"), top.resolve("sluice"));
        script("mvnw", """
                #!/bin/sh
                echo built >>log
                mkdir -p made/sluice-1/bin made/sluice-1/lib
                printf '#!/bin/sh\\necho runs\\n' >made/sluice-1/bin/sluice
                chmod +x made/sluice-1/bin/sluice
                tar czf cli/target/sluice-1.tar.gz -C made sluice-1
                """);
        lock = Files.createDirectories(top.resolve("cli/target")).resolve("building");
    }

    @Test
    void severalStartsBuildOnce() throws IOException, InterruptedException {
        List<Process> starts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            var start = new ProcessBuilder(top.resolve("sluice").toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            start.environment().putAll(environment());
            starts.add(start.start());
        }
        for (Process start : starts) {
            assertThat(start.waitFor()).isZero();
        }

        assertThat(Files.readAllLines(top.resolve("log"))).hasSize(1);
        assertThat(lock).doesNotExist();
    }

    @Test
    void aLockOfAProcessThatIsGoneIsTakenAway() throws IOException {
        Files.writeString(Files.createDirectory(lock).resolve("pid"), "999999999\n");

        ToolRun run = start(Map.of());

        assertThat(run.exitCode()).as(run.output()).isZero();
        assertThat(run.output()).endsWith("runs\n").doesNotContain("waiting");
    }

    /** On a full disk, say, or where another user has built: it is not for ever that somebody else builds. */
    @Test
    void aLockThatCannotBeMadeIsTold() throws IOException {
        Files.createFile(lock);

        ToolRun run = start(Map.of());

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.output()).contains("building cannot be made").doesNotContain("waiting");
    }

    /** Of another user, whose process cannot be asked after either. */
    @Test
    void aLockThatCannotBeTakenAwayIsWaitedForQuietly() throws IOException {
        Files.writeString(Files.createDirectory(lock).resolve("pid"), "999999999\n");
        Path tools = Files.createDirectory(top.resolve("tools"));
        script("tools/rm", "#!/bin/sh\necho no >&2\nexit 1\n");
        script("tools/sleep", "#!/bin/sh\n/bin/rm -r '%s'\n".formatted(lock));

        ToolRun run = start(Map.of("PATH", tools + ":" + System.getenv("PATH")));

        assertThat(run.output()).startsWith("Another start of Sluice builds it; waiting.");
    }

    private ToolRun start(Map<String, String> more) {
        Map<String, String> environment = environment();
        environment.putAll(more);
        return ToolRun.run(List.of(top.resolve("sluice").toString()), environment, PATIENCE);
    }

    private static Map<String, String> environment() {
        var environment = new HashMap<>(Map.of("JAVA_HOME", System.getProperty("java.home")));
        environment.put("SLUICE_JAVA", "");
        return environment;
    }

    private void script(String name, String text) throws IOException {
        Path file = Files.writeString(top.resolve(name), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
