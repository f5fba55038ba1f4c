package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The distribution as it was packed: its start script, and whole commands in processes of their own. */
class StartScriptIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);

    @TempDir
    static Path unpacked;

    private static Path home;

    @TempDir
    Path temp;

    @BeforeAll
    static void unpack() throws IOException {
        Path archive = only(Path.of("target"), "sluice-*.tar.gz");
        assertThat(run("tar", "xzf", archive.toString(), "-C", unpacked.toString())
                        .exitCode())
                .isZero();
        // The awkward name is on purpose.
        home = Files.move(only(unpacked, "sluice-*"), unpacked.resolve("a sluice"));
        assertThat(sluice("--version").exitCode()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "--help", "help backup", "backup --nope"})
    void touchesNoNetworkClassBeforeACommandNeedsIt(String words) throws IOException {
        Path log = temp.resolve("classes");

        ToolRun run = sluice(Map.of("JAVA_OPTS", "-Xlog:class+load:file=" + log), words.split(" "));

        assertThat(run.exitCode()).as(run.output()).isEqualTo(words.contains("nope") ? 2 : 0);
        assertThat(Files.readAllLines(log))
                .hasSizeGreaterThan(300)
                .noneMatch(line -> line.contains(" io.netty.") || line.contains(" reactor."));
    }

    @Test
    void theFirstRunMakesAnArchiveOfTheClassesOfABackup() throws IOException {
        Path archive = only(home.resolve("lib"), "classes-*.jsa");

        assertThat(archive)
                .as("Netty and Reactor are in it")
                .satisfies(file -> assertThat(Files.size(file)).isGreaterThan(10_000_000));
        ToolRun run = sluice(Map.of("JAVA_OPTS", "-Xshare:on"), "--version");
        assertThat(run.exitCode()).as(run.output()).isZero();
        assertThat(only(home.resolve("lib"), "classes-*.jsa")).isEqualTo(archive);
    }

    /** Java 17 looks into no archive for what lies below a directory with a blank in its name. */
    @Test
    void aCommandTakesItsClassesFromTheArchive() throws IOException {
        Path plain = temp.resolve("plain");
        assertThat(run("cp", "-r", home.toString(), plain.toString()).exitCode())
                .isZero();
        String script = plain.resolve("bin/sluice").toString();
        assertThat(run(script, "--version").exitCode()).isZero();
        Path log = temp.resolve("classes");

        ToolRun.run(
                List.of(script, "restore", "--nope"), Map.of("JAVA_OPTS", "-Xlog:class+load:file=" + log), PATIENCE);

        assertThat(Files.readAllLines(log))
                .anyMatch(line -> line.contains(" picocli.CommandLine source: shared objects file"))
                .anyMatch(line -> line.contains(".RestoreCommand source: shared objects file"))
                .noneMatch(line -> line.contains(" picocli.") && line.contains("source: file:"));
    }

    /** As a newer version that is unpacked over this one: Java would take no class from the old archive, and not say so. */
    @Test
    void otherJarsGetAnArchiveOfTheirOwn() throws IOException {
        Path plain = temp.resolve("plain");
        assertThat(run("cp", "-r", home.toString(), plain.toString()).exitCode())
                .isZero();
        String script = plain.resolve("bin/sluice").toString();
        assertThat(run(script, "--version").exitCode()).isZero();
        try (var before = Files.newDirectoryStream(plain.resolve("lib"), "classes-*.jsa")) {
            for (Path archive : before) {
                Files.setLastModifiedTime(archive, FileTime.from(Instant.now().minus(Duration.ofDays(40))));
            }
        }
        Path another = Files.createFile(plain.resolve("lib/classes-21-1.jsa"));
        Files.copy(only(plain.resolve("lib"), "slf4j-simple-*.jar"), plain.resolve("lib/another.jar"));
        Path log = temp.resolve("classes");

        ToolRun.run(List.of(script, "--version"), Map.of("JAVA_OPTS", "-Xlog:class+load:file=" + log), PATIENCE);

        assertThat(Files.readAllLines(log)).anyMatch(line -> line.contains(".RootCommand source: shared objects file"));
        assertThat(another).as("not old").exists();
        Files.delete(another);
        assertThat(only(plain.resolve("lib"), "classes-*.jsa"))
                .as("the old one is gone")
                .isNotEmptyFile();
    }

    @Test
    void startsThroughALink() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("s"), home.resolve("bin/sluice"));

        assertThat(run(link.toString(), "--version").output()).startsWith("sluice ");
    }

    /** As under cron, under systemd, and where ssh brings the name of a locale that is not there. */
    @ParameterizedTest
    @ValueSource(strings = {"", "C", "xx_YY.UTF-8"})
    void knowsNamesBeyondAsciiWhateverTheLocale(String locale) {
        byte[] tar = Answers.shard(SHARD, Map.of());
        try (var server = ScriptedServer.byRequest(request -> good(request, tar))) {
            List<String> command = new ArrayList<>(backup(server, temp.resolve("à côté")));
            command.addAll(List.of("-db", "météo"));

            ToolRun wrongName = ToolRun.run(command, Map.of("LC_ALL", locale, "LANG", ""), PATIENCE);
            ToolRun run =
                    ToolRun.run(backup(server, temp.resolve("à côté")), Map.of("LC_ALL", locale, "LANG", ""), PATIENCE);

            assertThat(wrongName.exitCode()).as(wrongName.output()).isEqualTo(1);
            assertThat(wrongName.output()).contains("database 'météo' does not exist");
            assertThat(run.exitCode()).as(run.output()).isZero();
            assertThat(temp.resolve("à côté")).isDirectoryContaining("glob:**.manifest");
        }
    }

    /** As in small images of containers, whose shell has few programs. */
    @Test
    void knowsThemWhereNoProgramTellsOfTheLocale() throws IOException {
        Path tools = Files.createDirectory(temp.resolve("tools"));
        for (String name : List.of("sh", "cat", "cksum", "dirname", "readlink", "sed", "tr")) {
            Path tool = Path.of(run("sh", "-c", "command -v " + name).output().strip());
            Files.createSymbolicLink(tools.resolve(name), tool);
        }

        ToolRun run = sluice(
                Map.of(
                        "PATH", tools.toString(),
                        "SLUICE_JAVA",
                                Path.of(System.getProperty("java.home"), "bin/java")
                                        .toString(),
                        "LC_ALL", "",
                        "LC_CTYPE", "",
                        "LANG", ""),
                "list",
                temp.resolve("à côté").toString());

        assertThat(run.exitCode()).as(run.output()).isEqualTo(1);
        assertThat(run.output()).contains("à côté");
    }

    /** As ssh sends what the other machine has: one name that is not installed here takes the charset from all. */
    @Test
    void knowsThemWhereOneOfTheLocalesIsNotThere() {
        ToolRun run = sluice(
                Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", "C.UTF-8", "LC_TIME", "xx_YY.UTF-8"),
                "list",
                temp.resolve("à côté").toString());

        assertThat(run.exitCode()).as(run.output()).isEqualTo(1);
        assertThat(run.output()).contains("à côté");
    }

    /** "Auf dem Gerät ist kein Speicherplatz mehr verfügbar" leads to no hint. */
    @Test
    void theSystemsWordsAreEnglish() throws IOException {
        Path java = temp.resolve("jdk/bin/java");
        Files.createDirectories(java.getParent());
        Files.writeString(temp.resolve("jdk/release"), "JAVA_VERSION=\"17.0.2\"\n");
        Files.writeString(java, "#!/bin/sh\necho \"$LC_ALL, ${LANGUAGE-none}\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();

        ToolRun run = sluice(
                Map.of(
                        "SLUICE_JAVA", java.toString(),
                        "SLUICE_ARCHIVE", "off",
                        "LC_ALL", "",
                        "LANG", "C.UTF-8", // de_DE.UTF-8 need not be installed
                        "LANGUAGE", "de"),
                "--version");

        assertThat(run.output()).isEqualTo("C.UTF-8, none\n");
    }

    /** Where not even {@code C.UTF-8} is installed. */
    @Test
    void aRestoreToDirectoriesRefusesNamesThatTheLocaleCannotWrite() throws IOException {
        ShardRef named = new ShardRef("météo", "rp", 1);
        byte[] tar = Answers.shard(named, Map.of());
        Path backup = temp.resolve("backup");
        try (var server = ScriptedServer.byRequest(request -> switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(named)));
            case 0 -> Script.answer(tar);
            default -> Script.answer(Answers.pathList(named));
        })) {
            assertThat(run(backup(server, backup).toArray(String[]::new)).exitCode())
                    .isZero();
        }
        Path data = Files.createDirectory(temp.resolve("data"));

        ToolRun run = ToolRun.run( // without the script, which would find a better locale
                List.of(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-cp",
                        home.resolve("lib") + "/*",
                        "dev.sluice.cli.Main",
                        "restore",
                        "-datadir",
                        data.toString(),
                        "-metadir",
                        temp.resolve("meta").toString(),
                        backup.toString()),
                Map.of("LC_ALL", "C"),
                PATIENCE);

        assertThat(run.exitCode()).as(run.output()).isEqualTo(2);
        assertThat(run.output()).contains("not a path: 'météo'").contains("locale");
        assertThat(data).isEmptyDirectory();
    }

    @Test
    void saysWhichJavaIsTooOld() throws IOException {
        Path old = temp.resolve("jdk/bin/java");
        Files.createDirectories(old.getParent());
        Files.writeString(temp.resolve("jdk/release"), "JAVA_VERSION=\"11.0.2\"\n");
        Files.writeString(old, "#!/bin/sh\nexit 9\n");
        assertThat(old.toFile().setExecutable(true)).isTrue();

        ToolRun run = sluice(Map.of("SLUICE_JAVA", old.toString()), "--version");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.output()).contains("is Java 11").contains("hint: Sluice needs 17 or newer");
    }

    /** A directory that is mounted noexec, full or not there ends the same way. */
    @ParameterizedTest
    @ValueSource(strings = {"verify", "list", "inspect", "export -out f --from"})
    void whereZstdCannotBeUnpackedIsTold(String words) throws IOException {
        byte[] tar = Answers.shard(SHARD, 1, 2, 1_000);
        Path backup = temp.resolve("backup");
        Path stream = temp.resolve("stream");
        try (var server = ScriptedServer.byRequest(request -> good(request, tar))) {
            String host = server.address().toString();
            assertThat(sluice(
                                    "backup",
                                    "-portable",
                                    "--check-blocks=false",
                                    "-host",
                                    host,
                                    "--compression",
                                    "zstd",
                                    backup.toString())
                            .exitCode())
                    .isZero();
            assertThat(run(
                                    "sh",
                                    "-c",
                                    "'%s' backup --check-blocks=false -host %s - >'%s'"
                                            .formatted(home.resolve("bin/sluice"), host, stream))
                            .exitCode())
                    .isZero();
        }
        Path noDirectory = Files.createFile(temp.resolve("none"));
        Path scratch = Files.createDirectory(temp.resolve("scratch"));

        ToolRun making =
                sluice(Map.of("JAVA_OPTS", "-Djava.io.tmpdir=" + noDirectory), "copy", backup.toString(), temp + "/gz");
        assertThat(making.exitCode()).as(making.output()).isEqualTo(1);
        assertThat(making.output()).contains("zstd cannot be used").doesNotContain("self-check");

        for (Path from : words.equals("list") ? List.of(stream) : List.of(backup, stream)) {
            List<String> command = new ArrayList<>(List.of(words.split(" ")));
            command.add(from.toString());
            if (!words.equals("verify") && !words.equals("list")) {
                command.addAll(List.of("--scratch", scratch.toString()));
            }
            ToolRun run =
                    sluice(Map.of("JAVA_OPTS", "-Djava.io.tmpdir=" + noDirectory), command.toArray(String[]::new));

            assertThat(run.exitCode()).as(run.output()).isEqualTo(1);
            assertThat(run.output())
                    .contains("zstd cannot be used: its native code could not be loaded from " + noDirectory)
                    .contains("hint: It is unpacked there")
                    .doesNotContain("installation");
        }
    }

    /** A directory among them, as people take it for JAVA_HOME; it must not pass for a Java that makes no archive of classes. */
    @Test
    void saysThatSluiceJavaIsNoProgram() throws IOException {
        List<String> before = names(home.resolve("lib"));

        for (String java : List.of(System.getProperty("java.home"), temp + "/nope", "no-such-java")) {
            ToolRun run = sluice(Map.of("SLUICE_JAVA", java), "--version");

            assertThat(run.exitCode()).as(run.output()).isEqualTo(1);
            assertThat(run.output()).startsWith("sluice: SLUICE_JAVA is '%s', which is no program".formatted(java));
        }
        assertThat(names(home.resolve("lib"))).isEqualTo(before);
    }

    @Test
    void theDemonstrationSucceedsAndLeavesNothing() throws IOException {
        ToolRun run = sluice(Map.of("JAVA_OPTS", "-Djava.io.tmpdir=" + temp), "demo", "--size", "2MB");

        assertThat(run.exitCode()).as(run.output()).isZero();
        assertThat(run.output()).contains("read back from the second server").contains("What to try next");
        assertThat(names(temp)).noneMatch(name -> name.startsWith("sluice-demo"));
    }

    @Test
    void drawsItsProgressOnATerminalOnly() {
        assumeTrue(run("sh", "-c", "command -v script").exitCode() == 0, "needs script(1) for a terminal");
        String demo = "'" + home.resolve("bin/sluice") + "' demo --size 30MB --keep '";

        ToolRun terminal = ToolRun.run(
                List.of("script", "-qec", demo + temp.resolve("one") + "'", "/dev/null"),
                Map.of("TERM", "xterm"),
                PATIENCE);
        ToolRun pipe = run("sh", "-c", demo + temp.resolve("two") + "'");

        assertThat(terminal.exitCode()).as(terminal.output()).isZero();
        assertThat(terminal.output()).contains("\u001b[K");
        assertThat(pipe.exitCode()).as(pipe.output()).isZero();
        assertThat(pipe.output()).doesNotContain("\u001b");
    }

    /** Java would open its own files in the place of it, and they would be read. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "verify -",
                "list -",
                "inspect -",
                "restore -",
                "restore -datadir d -",
                "copy - d",
                "import -database db -",
                "export --from - -out f"
            })
    void aClosedStdinIsTold(String words) {
        ToolRun run = run("sh", "-c", "exec '%s' %s <&-".formatted(home.resolve("bin/sluice"), words));

        assertThat(run.exitCode()).as(run.output()).isEqualTo(2);
        assertThat(run.output()).contains("sluice: there is no stdin: it is closed");
    }

    @Test
    void aClosedStdinDoesNotMatterWhereNothingReadsIt() {
        ToolRun run = run("sh", "-c", "exec '%s' --version <&-".formatted(home.resolve("bin/sluice")));

        assertThat(run.exitCode()).as(run.output()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalEndsItCleanly(String signal, int exitCode) throws IOException, InterruptedException {
        byte[] tar = Answers.shard(SHARD, 1, 2, 100_000);
        try (var server = ScriptedServer.byRequest(
                request -> request.type() == 0 ? Script.hangAfter(tar, 50_000) : good(request, tar))) {
            Process backup = new ProcessBuilder(backup(server, temp))
                    .redirectErrorStream(true)
                    .start();
            try {
                server.awaitConversation(2).awaitStandstill(Duration.ofMillis(100));
                assumeTrue(heeds(backup, exitCode - 128), "is ignored here, as under nohup");

                run("kill", "-" + signal, Long.toString(backup.pid()));

                assertThat(backup.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                assertThat(backup.exitValue()).isEqualTo(exitCode);
                assertThat(new String(backup.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .contains("interrupted after 0 of 1 shard");
                assertThat(names(temp)).isEmpty();
            } finally {
                backup.destroyForcibly();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void theLastObjectOfARunThatASignalEndsHasItsExitCode(String signal, int exitCode)
            throws IOException, InterruptedException {
        byte[] tar = Answers.shard(SHARD, 1, 2, 100_000);
        try (var server = ScriptedServer.byRequest(
                request -> request.type() == 0 ? Script.hangAfter(tar, 50_000) : good(request, tar))) {
            String host = server.address().toString();
            Path directory = Files.createDirectories(temp.resolve("backup"));
            Path lines = temp.resolve("lines");
            for (List<String> command : List.of(
                    List.of("backup", "--json", "-portable", "-host", host, directory.toString()),
                    List.of("export", "--json", "--from", host, "-out", lines.toString()),
                    List.of("inspect", "--json", host))) {
                var words = new ArrayList<>(List.of(home.resolve("bin/sluice").toString()));
                words.addAll(command);
                Path out = temp.resolve(command.get(0) + ".out");
                int before = server.conversations().size();
                Process process = new ProcessBuilder(words)
                        .redirectOutput(out.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                try {
                    server.awaitConversation(before + 2).awaitStandstill(Duration.ofMillis(100));
                    assumeTrue(heeds(process, exitCode - 128), "is ignored here, as under nohup");

                    run("kill", "-" + signal, Long.toString(process.pid()));

                    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                            .isTrue();
                    assertThat(process.exitValue()).isEqualTo(exitCode);
                    assertThat(Files.readAllLines(out))
                            .last()
                            .asString()
                            .startsWith("{\"event\":\"error\",\"error\":\"Interrupted\",\"message\":\"interrupted")
                            .endsWith(",\"exit\":%d}".formatted(process.exitValue()));
                } finally {
                    process.destroyForcibly();
                }
            }
        }
    }

    @Test
    void aFullDiskIsToldAndNothingIsLost() {
        assumeTrue(
                run("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", temp.toString())
                                .exitCode()
                        == 0,
                "needs the right to mount in a namespace of its own");
        byte[] tar = Answers.shard(SHARD, 1, 4, 2_000_000);
        try (var server = ScriptedServer.byRequest(request -> good(request, tar))) {
            var command = new ArrayList<>(List.of("unshare", "-rm", "sh", "-c", """
                            disk=$1; shift
                            mount -t tmpfs -o size=3m tmpfs "$disk" && echo precious >"$disk/20200101T000000Z.manifest"
                            "$@"; code=$?
                            echo "left: $(ls -A "$disk") $(cat "$disk"/*)"
                            exit $code""", "sh", temp.toString()));
            command.addAll(backup(server, temp));

            ToolRun run = ToolRun.run(command, Map.of(), PATIENCE);

            assertThat(run.exitCode()).as(run.output()).isEqualTo(1);
            assertThat(run.output())
                    .contains("cannot write " + temp)
                    .contains("The disk is full")
                    .contains("left: 20200101T000000Z.manifest precious");
        }
    }

    /** Whoever starts the tests may have had a signal ignored, which Java leaves as it is. */
    private static boolean heeds(Process process, int signal) throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        return !Files.exists(status)
                || Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .mapToLong(
                                line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                        .noneMatch(ignored -> (ignored >> (signal - 1) & 1) == 1);
    }

    private static Script good(ScriptedServer.Request request, byte[] tar) {
        return switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(SHARD)));
            case 0 -> Script.answer(tar);
            default -> Script.answer(Answers.pathList(SHARD));
        };
    }

    private static List<String> backup(ScriptedServer server, Path directory) {
        return List.of(
                home.resolve("bin/sluice").toString(),
                "backup",
                "-portable",
                "-host",
                server.address().toString(),
                directory.toString());
    }

    private static ToolRun sluice(String... words) {
        return sluice(Map.of(), words);
    }

    private static ToolRun sluice(Map<String, String> environment, String... words) {
        var command = new ArrayList<>(List.of(home.resolve("bin/sluice").toString()));
        command.addAll(Arrays.asList(words));
        return ToolRun.run(command, environment, PATIENCE);
    }

    private static ToolRun run(String... command) {
        return ToolRun.run(List.of(command), Map.of(), PATIENCE);
    }

    private static Path only(Path directory, String pattern) throws IOException {
        try (var files = Files.newDirectoryStream(directory, pattern)) {
            List<Path> found = new ArrayList<>();
            files.forEach(found::add);
            assertThat(found).as("%s in %s", pattern, directory).hasSize(1);
            return found.get(0);
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
