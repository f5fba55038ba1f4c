package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

class SettingsPrecedenceTest {

    @TempDir
    Path dir;

    private final Run run = new Run();

    private BackupRequest request(String... args) {
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));
        assertThat(run.cli(args)).as(run.err()).isZero();
        return run.engine.backups.get(0);
    }

    private String file(String text) throws IOException {
        return Files.writeString(dir.resolve("settings"), text).toString();
    }

    @Test
    void prefersTheEnvironmentToTheFile() throws IOException {
        run.set("SLUICE_CONCURRENCY", "7");

        BackupRequest request =
                request("backup", "-portable", "--config", file("concurrency = 5\nretries = 9\n"), "DIR");

        assertThat(request.pace().concurrency()).isEqualTo(7);
        assertThat(request.pace().retries()).isEqualTo(9);
    }

    @Test
    void prefersAFlagToTheEnvironment() {
        run.set("SLUICE_CONCURRENCY", "7").set("SLUICE_HOST", "db1:1234");

        BackupRequest request = request("backup", "-portable", "-concurrency", "3", "DIR");

        assertThat(request.pace().concurrency()).isEqualTo(3);
        assertThat(request.server()).hasToString("db1:1234");
    }

    @Test
    void doesNotFlipASwitchThatIsSetTwice() {
        run.set("SLUICE_SKIP_ERRORS", "true").set("SLUICE_PORTABLE", "true");

        assertThat(request("backup", "-skip-errors", "-portable", "DIR").skipErrors())
                .isTrue();
    }

    @Test
    void aCodecOfTheFileCountsForAStreamAsWell() throws IOException {
        assertThat(request("backup", "--config", file("compression = gzip"), "-")
                        .compression())
                .isEqualTo(Compression.GZIP);
    }

    @Test
    void aCodecOfTheEnvironmentCountsForAStreamAsWell() {
        run.set("SLUICE_COMPRESSION", "gzip:1");

        assertThat(request("backup", "-").compression()).isEqualTo(Compression.GZIP);
    }

    /** It is one for backups: that of each night must not slow down a restore. */
    @Test
    void aRateLimitOfTheEnvironmentIsForBackups() {
        run.set("SLUICE_RATE_LIMIT", "1MB/s");
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));

        for (String to : List.of("influxd://h:8088", "data:D", "portable:P")) {
            assertThat(run.cli("copy", "legacy:DIR", to)).as(run.err()).isZero();
        }

        assertThat(run.engine.copies)
                .extracting(request -> request.pace().rateLimit())
                .containsExactly(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(1_000_000));
    }

    @Test
    void lowersASwitchByFlag() {
        run.set("SLUICE_SKIP_ERRORS", "1");

        assertThat(request("backup", "-skip-errors=false", "-portable", "DIR").skipErrors())
                .isFalse();
    }

    @Test
    void takesSettingsUnderEitherNameOfAFlag() {
        run.set("SLUICE_DATABASE", "telemetry");

        assertThat(request("backup", "-portable", "DIR").selection().database()).contains("telemetry");
    }

    @Test
    void takesAnEmptyVariableForNone() {
        run.set("SLUICE_DB", "");

        assertThat(request("backup", "-portable", "DIR").selection().database()).isEmpty();
    }

    @Test
    void findsTheUsersOwnFile() throws IOException {
        Files.createDirectories(dir.resolve(".config/sluice"));
        Files.writeString(dir.resolve(".config/sluice/config"), "# mine\nportable = true\nhost = db2\n");
        run.set("HOME", dir.toString());

        assertThat(request("backup", "DIR").server()).hasToString("db2:8088");
    }

    @Test
    void takesTheFileThatTheEnvironmentNames() throws IOException {
        run.set("SLUICE_CONFIG", file("host = db3"));

        assertThat(request("backup", "-portable", "DIR").server()).hasToString("db3:8088");
    }

    @Test
    void saysThatABadValueCameFromTheEnvironment() {
        run.set("SLUICE_CONCURRENCY", "many");

        assertThat(run.cli("backup", "-portable", "DIR")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("--concurrency (from SLUICE_CONCURRENCY) is a number from 1 to 256, not 'many'");
    }

    @Test
    void saysWhichFileABadValueCameFrom() throws IOException {
        String file = file("skip-errors = maybe");

        assertThat(run.cli("backup", "-portable", "--config=" + file, "DIR")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("-skip-errors (from " + file + ") is true or false, not 'maybe'");
    }

    @Test
    void saysWhereTheOtherHalfOfAContradictionCameFrom() {
        run.set("SLUICE_SINCE", "2020-01-01T00:00:00Z");

        assertThat(run.cli("backup", "-portable", "-start", "2020-01-01T00:00:00Z", "DIR"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("-since (from SLUICE_SINCE) cannot be combined with -start");
    }

    @Test
    void refusesAKeyThatIsNoFlag() throws IOException {
        assertThat(run.cli("backup", "-portable", "--config", file("concurency = 4"), "DIR"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("'concurency', which is no flag").contains("Did you mean 'concurrency'?");
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertThat(run.cli("backup", "-portable", "--config", dir + "/none", "DIR"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("cannot read the settings in " + dir + "/none");
    }

    @Test
    void refusesAFileThatIsNotText() throws IOException {
        Files.write(dir.resolve("settings"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});

        assertThat(run.cli("backup", "-portable", "--config", dir + "/settings", "DIR"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("is not a file of settings");
    }
}
