package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.Task;
import dev.sluice.engine.model.Conflict;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Verification;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

class RestoreCommandTest {

    private final Run run = new Run();

    private RestoreRequest request(String line) {
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));
        int exit = run.cli(words("restore " + line));
        assertThat(run.err()).doesNotContain("sluice:");
        assertThat(exit).isZero();
        return run.engine.restores.get(0);
    }

    private static String[] words(String line) {
        return Stream.of(line.split(" ")).filter(word -> !word.isEmpty()).toArray(String[]::new);
    }

    @Test
    void restoresToTheDirectoriesOfAStoppedServer() {
        Run run = new Run();

        run.cli(("restore -datadir d -metadir m -waldir w -db telemetry -newdb copy --force --replace-metastore"
                        + " --keep-expired --with-subscriptions BACKUP")
                .split(" "));

        assertThat(run.engine.copies)
                .containsExactly(CopyRequest.of(
                                new End.Directory(Path.of("BACKUP")),
                                new End.Data(Path.of("d"), Optional.of(Path.of("m")), Optional.of(Path.of("w"))))
                        .task(Task.RESTORE)
                        .selection(Selection.EVERYTHING.withDatabase("telemetry"))
                        .mapping(new Mapping(Optional.of("copy"), Optional.empty()))
                        .force(true)
                        .replaceMetastore(true)
                        .keepExpired(true)
                        .subscriptions(true)
                        .build());
    }

    /** The log of another stopped server is made into files there. */
    @Test
    void scratchIsForAStoppedServerToo() {
        run.cli(words("restore -datadir d --scratch /big BACKUP"));

        assertThat(run.engine.copies).extracting(CopyRequest::scratch).containsExactly(Path.of("/big"));
    }

    @ParameterizedTest
    @CsvSource({
        "-host db2, -host",
        "--http db2, --http",
        "-username me, -username",
        "-password word, -password",
        "--cleanup-on-failure, --cleanup-on-failure",
        "--verify-restore off, --verify-restore"
    })
    void flagsOfARunningServerAreRefusedForAStoppedOne(String typed, String flag) {
        assertThat(run.cli(words("restore -datadir d -metadir m " + typed + " BACKUP")))
                .isEqualTo(ExitCode.USAGE);

        assertThat(run.errLines())
                .hasSize(2)
                .first()
                .isEqualTo("sluice: " + flag + " is for a running server, -datadir for a stopped one");
        assertThat(run.errLines().get(1)).startsWith("  hint: ").contains("-datadir");
        assertThat(run.engine.copies).isEmpty();
    }

    @Test
    void asDefaultsForAllCommandsTheyDoNotMatterToAStoppedServer() {
        run.set("SLUICE_HOST", "db2:8088")
                .set("SLUICE_HTTP", "db2:8086")
                .set("SLUICE_USERNAME", "me")
                .set("SLUICE_VERIFY_RESTORE", "off")
                .set("SLUICE_CLEANUP_ON_FAILURE", "true");

        run.cli(words("restore -datadir d -metadir m BACKUP"));

        assertThat(run.engine.copies).hasSize(1);
    }

    @Test
    void flagsOfAStoppedServerNeedItsDirectory() {
        for (String flag : new String[] {"-metadir m", "-waldir w", "--force", "--replace-metastore"}) {
            Run run = new Run();

            assertThat(run.cli(("restore " + flag + " BACKUP").split(" "))).isEqualTo(ExitCode.USAGE);
            assertThat(run.err()).contains("needs -datadir");
        }
    }

    @Test
    void aMetastoreAloneIsRefusedAndTheOneStepForBothIsTold() {
        Run run = new Run();

        assertThat(run.cli("restore", "-metadir", "m", "BACKUP")).isEqualTo(ExitCode.USAGE);

        assertThat(run.err()).contains("-datadir DIR -metadir DIR", "--replace-metastore");
        assertThat(run.engine.copies).isEmpty();
    }

    @Test
    void restoresEverythingWithTheDefaults() {
        assertThat(request("-portable DIR"))
                .isEqualTo(RestoreRequest.of(new End.Portable(Path.of("DIR")), new ServerAddress("localhost", 8088))
                        .build());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-portable -host db2:9088 -db a -newdb b -rp c -newrp d -shard 7 DIR",
                "--portable --host=db2:9088 -database=a --newdb b -retention c -newrp=d -shard=7 DIR",
                "DIR -portable -host db2:9088 -db a -newdb b -rp c -newrp d -shard 7",
            })
    void takesTheFlagsOfInfluxd(String line) {
        RestoreRequest request = request(line);

        assertThat(request.servers()).singleElement().hasToString("db2:9088");
        assertThat(request.selection().database()).contains("a");
        assertThat(request.selection().policy()).contains("c");
        assertThat(request.selection().shard()).contains(7L);
        assertThat(request.mapping().database()).contains("b");
        assertThat(request.mapping().policy()).contains("d");
    }

    @Test
    void takesTheFormatFromTheFlagsOrLeavesItToTheDirectory() {
        assertThat(request("-portable DIR").from()).isEqualTo(new End.Portable(Path.of("DIR")));
        run.engine.restores.clear();
        assertThat(request("-online DIR").from()).isEqualTo(new End.Legacy(Path.of("DIR")));
        run.engine.restores.clear();
        assertThat(request("DIR").from()).isEqualTo(new End.Directory(Path.of("DIR")));
    }

    /** Which is what the refusal of a directory with two formats asks for. */
    @ParameterizedTest
    @CsvSource({
        "portable:DIR, portable:DIR",
        "legacy:DIR, legacy:DIR",
        "stream:monday.zst, stream:monday.zst",
        "data:DIR, data:DIR",
        "-portable portable:DIR, portable:DIR",
        "./portable:DIR, ./portable:DIR"
    })
    void takesTheFormatBeforeThePathAsCopyDoes(String words, String from) {
        assertThat(request(words).from()).isEqualTo(End.parse(from));

        Run run = new Run();
        run.cli(words("restore -datadir d " + words));
        assertThat(run.engine.copies).extracting(CopyRequest::from).containsExactly(End.parse(from));
    }

    @Test
    void restoresIntoWhatExistsWhereThatIsAskedFor() {
        assertThat(request("DIR").intoExisting()).isEmpty();
        run.engine.restores.clear();
        assertThat(request("--into-existing DIR").intoExisting()).contains(Conflict.BACKUP);
        run.engine.restores.clear();
        assertThat(request("--into-existing --on-conflict existing DIR").intoExisting())
                .contains(Conflict.EXISTING);
    }

    @Test
    void restoresToSeveralServersAtOnce() {
        RestoreRequest request = request("-host a,b:9088 --http a,b:9086 DIR");

        assertThat(request.servers()).extracting(ServerAddress::toString).containsExactly("a:8088", "b:9088");
        assertThat(request.http())
                .extracting(http -> http.endpoint().toString())
                .containsExactly("http://a:8086", "http://b:9086");
    }

    @Test
    void takesShardZeroForAllAsTheOriginalDoes() {
        assertThat(request("-portable -shard 0 DIR").selection().shard()).isEmpty();
    }

    @Test
    void aSettingThatIsInTheWayOfAVerificationIsNamed() {
        run.set("SLUICE_SKIP_ERRORS", "true");

        assertThat(run.cli("restore", "--verify", "DIR")).isEqualTo(ExitCode.USAGE);

        assertThat(run.err()).contains("--verify cannot be combined with -skip-errors (from SLUICE_SKIP_ERRORS)");
    }

    @Test
    void takesWhatIsNew() {
        run.set("INFLUX_USERNAME", "admin").set("INFLUX_PASSWORD", "secret");

        RestoreRequest request = request("-portable --chain -skip-errors --verify-restore off --keep-expired"
                + " --with-subscriptions --http https://db2 --cleanup-on-failure --concurrency 8 --retries 0 --rate-limit 5MB/s"
                + " --timeout 90s DIR");

        assertThat(request.chain()).isTrue();
        assertThat(request.skipErrors()).isTrue();
        assertThat(request.verification()).isEqualTo(Verification.OFF);
        assertThat(request.keepExpired()).isTrue();
        assertThat(request.subscriptions()).isTrue();
        assertThat(request.cleanup()).isTrue();
        assertThat(request.http()).singleElement().satisfies(http -> {
            assertThat(http.endpoint()).hasToString("https://db2:8086");
            assertThat(http.credentials()).isEqualTo(new Credentials.Basic("admin", "secret"));
        });
        assertThat(request.pace().concurrency()).isEqualTo(8);
        assertThat(request.pace().rateLimit()).hasValue(5_000_000);
        assertThat(request.pace().retries()).isZero();
        assertThat(request.pace().timeouts().idle()).isEqualTo(Duration.ofSeconds(90));
    }

    @Test
    void aProofByCountsNeedsTheHttpApi() {
        assertThat(request("-portable --verify-restore counts --http h DIR").verification())
                .isEqualTo(Verification.COUNTS);
    }

    @ParameterizedTest
    @CsvSource({"-username me -password word, me, word", "-username me, me, secret", "-password word, admin, word"})
    void userAndPasswordGoBeforeTheEnvironment(String flags, String user, String password) {
        run.set("INFLUX_USERNAME", "admin").set("INFLUX_PASSWORD", "secret");

        assertThat(request("-portable --http a DIR " + flags).http())
                .extracting(HttpAccess::credentials)
                .containsExactly(new Credentials.Basic(user, password));
    }

    @ParameterizedTest
    @ValueSource(strings = {"h:9086", "http://h:9086"})
    void takesHttpAddressesWithAPort(String address) {
        assertThat(request("-portable --http " + address + " DIR").http())
                .singleElement()
                .satisfies(http -> assertThat(http.endpoint()).hasToString("http://h:9086"));
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of("-portable", "path of the backup is missing", "sluice restore -portable /backups"),
                Arguments.of("-portable a b", "one path is needed, 2 were given: a, b", "needs quotes"),
                Arguments.of("-portable legacy:DIR", "legacy:DIR cannot be combined with -portable", "Leave it out"),
                Arguments.of("-online stream:FILE", "stream:FILE cannot be combined with -online", "Leave it out"),
                Arguments.of("-online -", "a stream is neither a portable nor a legacy backup", "Leave out"),
                Arguments.of("influxd://db2", "influxd://db2:8088 is a server, not a backup", "-host"),
                Arguments.of("http://db2", "http://db2:8086 is a server, not a backup", "sluice copy"),
                Arguments.of("portable:", "'portable:' names no directory", "sluice help copy"),
                Arguments.of("-portable -online DIR", "-portable cannot be combined with -online", "told from"),
                Arguments.of("--on-conflict backup DIR", "--on-conflict needs --into-existing", "stay as they are"),
                Arguments.of("--into-existing --on-conflict me DIR", "--on-conflict is backup or existing", "--help"),
                Arguments.of("-portable -rp week DIR", "-rp needs -db", "which database"),
                Arguments.of("-portable -newdb x DIR", "-newdb needs -db", "which database"),
                Arguments.of("-portable -db a -newrp x DIR", "-newrp needs -rp", "which retention policy"),
                Arguments.of("-portable -rp a -newrp x DIR", "-rp needs -db", "which database"),
                Arguments.of("-portable -db a -newdb ../b DIR", "-newdb cannot be the name", "--help"),
                Arguments.of("-portable -shard abc DIR", "-shard is a shard's id", "--help"),
                Arguments.of("-portable --verify-restore yes DIR", "--verify-restore is full, counts or off", "--help"),
                Arguments.of("--verify -", "--verify reads everything twice", "sluice verify -"),
                Arguments.of("--verify -skip-errors DIR", "--verify cannot be combined with -skip-errors", "refuses"),
                Arguments.of("-host a,b --http a DIR", "--http has 1 addresses and -host 2", "one for each"),
                Arguments.of("--protocol 1.4 DIR", "before 1.5 take no restore", "-datadir"),
                Arguments.of("-portable --cleanup-on-failure DIR", "--cleanup-on-failure needs --http", "8086"),
                Arguments.of("-portable --verify-restore counts DIR", "--verify-restore counts needs --http", "8086"),
                Arguments.of("-portable -skip-error DIR", "unknown flag -skip-error", "Did you mean -skip-errors?"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void r13RefusesWrongFlagsWithAReasonAndARemedy(String line, String message, String hint) {
        assertThat(run.cli(words("restore " + line))).isEqualTo(ExitCode.USAGE);

        assertThat(run.errLines()).hasSize(2);
        assertThat(run.errLines().get(0)).startsWith("sluice: ").contains(message);
        assertThat(run.errLines().get(1)).startsWith("  hint: ").contains(hint);
        assertThat(run.engine.restores).isEmpty();
    }
}
