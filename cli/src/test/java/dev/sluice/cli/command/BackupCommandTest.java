package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Samples;
import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.TimeRange;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

class BackupCommandTest {

    private final Run run = new Run();

    private BackupRequest request(String line) {
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));
        int exit = run.cli(words("backup " + line));
        assertThat(run.err()).doesNotContain("sluice:");
        assertThat(exit).isZero();
        return run.engine.backups.get(0);
    }

    @ParameterizedTest
    @CsvSource({"--protocol 1.4, V1_4", "--protocol=1.5, V1_5", "'', V1_5"})
    void theProtocolOfOldServersIsAskedForByName(String flag, Protocol protocol) {
        assertThat(request("-portable DIR " + flag).protocol()).isEqualTo(protocol);
    }

    private static String[] words(String line) {
        return Stream.of(line.split(" ")).filter(word -> !word.isEmpty()).toArray(String[]::new);
    }

    @Test
    void withoutPortableTheLegacyFormatIsWrittenAsTheOriginalDoes() {
        assertThat(request("-db telemetry DIR"))
                .isEqualTo(BackupRequest.legacy(ServerAddress.parse("localhost:8088"), Path.of("DIR"))
                        .selection(Selection.EVERYTHING.withDatabase("telemetry"))
                        .build());
        assertThat(request("--compression none DIR").to()).isEqualTo(new End.Legacy(Path.of("DIR")));
    }

    @Test
    void asksForEverythingWithTheDefaults() {
        assertThat(request("-portable DIR"))
                .isEqualTo(BackupRequest.portable(
                                new dev.sluice.engine.model.ServerAddress("localhost", 8088), Path.of("DIR"))
                        .build());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-portable -host db1:9088 -db telemetry -rp week -skip-errors DIR",
                "--portable --host db1:9088 --db telemetry --rp week --skip-errors DIR",
                "-portable=true -host=db1:9088 -database=telemetry -retention=week -skip-errors=1 DIR",
                "DIR -portable -host db1:9088 -db telemetry -rp week -skip-errors=T",
                "-portable DIR --host=db1:9088 -db=telemetry -retention week -skip-errors=True",
                "-portable=false -portable -db other -db telemetry -rp week -host db1:9088 -skip-errors -- DIR",
            })
    void takesFlagsInEveryWayThatGoWritesThem(String line) {
        BackupRequest request = request(line);

        assertThat(request.server()).hasToString("db1:9088");
        assertThat(request.selection().database()).contains("telemetry");
        assertThat(request.selection().policy()).contains("week");
        assertThat(request.skipErrors()).isTrue();
        assertThat(request.to()).isEqualTo(new End.Portable(Path.of("DIR")));
    }

    @Test
    void takesWhatIsNew() {
        BackupRequest request =
                request("-portable --compression zstd:3 --concurrency 8 --retries 0 --rate-limit 200MB/s"
                        + " --timeout 90s --digest sha256 --memory 16MiB DIR");

        assertThat(request.compression()).isEqualTo(new Compression(Compression.Codec.ZSTD, 3));
        assertThat(request.pace().concurrency()).isEqualTo(8);
        assertThat(request.pace().retries()).isZero();
        assertThat(request.pace().rateLimit()).hasValue(200_000_000);
        assertThat(request.pace().timeouts().idle()).isEqualTo(Duration.ofSeconds(90));
        assertThat(request.digest()).isEqualTo(Digest.Algorithm.SHA256);
        assertThat(run.engine.memory).hasValue(16 << 20);
    }

    @Test
    void takesASpanOfTime() {
        Instant from = Instant.parse("2020-01-01T00:00:00Z");
        Instant to = Instant.parse("2020-02-01T00:00:00Z");

        assertThat(request("-portable -start 2020-01-01T00:00:00Z -end 2020-02-01T00:00:00Z DIR")
                        .selection()
                        .time())
                .contains(new TimeRange(from, to));
    }

    @Test
    void takesHalfOpenSpans() {
        Instant instant = Instant.parse("2020-01-01T00:00:00Z");

        assertThat(request("-portable -start 2020-01-01T00:00:00Z DIR")
                        .selection()
                        .time())
                .contains(new TimeRange(instant, TimeRange.MAX));
        run.engine.backups.clear();
        assertThat(request("-portable -stop 2020-01-01T00:00:00Z DIR")
                        .selection()
                        .time())
                .contains(new TimeRange(TimeRange.MIN, instant));
    }

    @Test
    void takesAShardWithNothingButItsId() {
        Selection selection =
                request("-portable -shard 18446744073709551615 DIR").selection();

        assertThat(selection.shard()).contains(-1L);
        assertThat(selection.database()).isEmpty();
    }

    @Test
    void takesAPolicyWithAShard() {
        assertThat(request("-portable -rp week -shard 7 DIR").selection().policy())
                .contains("week");
    }

    @Test
    void takesAValueThatLooksLikeAFlagWhenItIsBoundToItsFlag() {
        assertThat(request("-portable -db=-portable DIR").selection().database())
                .contains("-portable");
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of("-portable", "path of the backup is missing", "sluice backup -portable /backups"),
                Arguments.of("-portable a b", "one path is needed, 2 were given: a, b", "needs quotes"),
                Arguments.of("-portable -", "a stream is not a portable backup", "Leave out -portable"),
                Arguments.of("--compression gzip DIR", "--compression needs -portable", "no compression"),
                Arguments.of("-portable=maybe DIR", "-portable is true or false, not 'maybe'", "--help"),
                Arguments.of("-portable= DIR", "-portable has an empty value", "-portable=false"),
                Arguments.of("-portable -db= DIR", "-db has an empty value", "Leave the flag out"),
                Arguments.of("-portable DIR -db", "-db needs a value", "Write -db NAME"),
                Arguments.of("-db -portable DIR", "-db needs a value, but the flag -portable follows", "-db=-portable"),
                Arguments.of("-portable -db a/b DIR", "-db cannot be the name", "--help"),
                Arguments.of("-portable -rp week DIR", "-rp needs -db", "which database"),
                Arguments.of(
                        "-portable -since 2020-01-01T00:00:00Z -start 2020-01-01T00:00:00Z DIR",
                        "-since cannot be combined with -start",
                        "choose one"),
                Arguments.of(
                        "-portable -since 2020-01-01T00:00:00Z -end 2020-01-01T00:00:00Z DIR",
                        "-since cannot be combined with -stop",
                        "choose one"),
                Arguments.of(
                        "-portable -start 2020-01-01T00:00:00Z -stop 2020-01-01T00:00:00Z DIR",
                        "-start must lie before -stop",
                        "older"),
                Arguments.of("-portable -start 2020-01-01 DIR", "-start is a time of RFC 3339", "--help"),
                Arguments.of("-portable -end 2020-01-01 DIR", "-end is a time of RFC 3339", "--help"),
                Arguments.of("-portable -shard 0 DIR", "-shard is a shard's id, which is never '0'", "--help"),
                Arguments.of("-portable -shard x DIR", "-shard is a shard's id", "--help"),
                Arguments.of("-portable --http a,b DIR", "--http has 2 addresses", "one"),
                Arguments.of("-portable --protocol 1.3 DIR", "--protocol is 1.4", "--help"),
                Arguments.of("-portable -host http://x DIR", "-host is host:port without a scheme", "--help"),
                Arguments.of("-portable -host x:y DIR", "-host: port is a number, not 'y'", "--help"),
                Arguments.of("-portable --compression lz4 DIR", "--compression: compression is gzip", "--help"),
                Arguments.of("-portable --compression gzip:10 DIR", "gzip has levels 0 to 9, not 10", "--help"),
                Arguments.of("-portable --concurrency 0 DIR", "--concurrency is a number from 1 to 256", "--help"),
                Arguments.of("-portable --retries -1 DIR", "--retries is a number from 0 to 1000", "--help"),
                Arguments.of("-portable --digest md5 DIR", "--digest is sha256 or crc32c, not 'md5'", "--help"),
                Arguments.of("-portable --json --quiet DIR", "--json cannot be combined with --quiet", "--json alone"),
                Arguments.of("-portable -online DIR", "unknown flag -online", "Did you mean restore?"),
                Arguments.of("-portable -datadir x DIR", "unknown flag -datadir", "Did you mean restore?"),
                Arguments.of("-portable --metadir=x DIR", "unknown flag --metadir", "Did you mean restore?"),
                Arguments.of("-portable -protable DIR", "unknown flag -protable", "Did you mean -portable?"),
                Arguments.of("-portable --compresion zstd DIR", "--compresion", "Did you mean --compression?"),
                Arguments.of("-portable -xyz DIR", "unknown flag -xyz", "'sluice backup --help' lists the flags"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void refusesWithAReasonAndARemedy(String line, String message, String hint) {
        assertThat(run.cli(words("backup " + line))).isEqualTo(ExitCode.USAGE);

        assertThat(run.errLines()).hasSize(2);
        assertThat(run.errLines().get(0)).startsWith("sluice: ").contains(message);
        assertThat(run.errLines().get(1)).startsWith("  hint: ").contains(hint);
        assertThat(run.out().lines()).hasSize(line.contains("--json") ? 1 : 0);
        assertThat(run.engine.backups).isEmpty();
    }

    @Test
    void showsItsHelpForEachWayToAsk() {
        for (String ask : new String[] {"backup -h", "backup -help", "backup --help", "help backup"}) {
            Run asked = new Run();
            assertThat(asked.cli(words(ask))).isZero();
            assertThat(asked.out())
                    .contains("-skip-errors")
                    .contains("--rate-limit")
                    .contains("-stop");
            assertThat(asked.err()).isEmpty();
        }
    }

    @Test
    void keepsThePathAsItIs() {
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));

        run.cli("backup", "-portable", "my backups/größe @home ${user.name}");

        assertThat(run.engine.backups)
                .singleElement()
                .satisfies(request -> assertThat(request.to())
                        .isEqualTo(new End.Portable(Path.of("my backups/größe @home ${user.name}"))));
    }

    @Test
    void doesNotTakeAPathForAFileOfArguments() {
        run.engine.events = Flux.just(new Event.Finished(Samples.whole()));

        run.cli("backup", "-portable", "@DIR");

        assertThat(run.engine.backups.get(0).to()).isEqualTo(new End.Portable(Path.of("@DIR")));
    }

    @Test
    void namesNoTypeOfReactorInWhatIsReflectedOn() {
        assertThat(Arrays.stream(new Class<?>[] {BackupCommand.class, ServeCommand.class, DemoCommand.class})
                        .flatMap(command -> Stream.concat(
                                Arrays.stream(command.getDeclaredMethods())
                                        .flatMap(method -> Stream.concat(
                                                Stream.of(method.getReturnType()),
                                                Arrays.stream(method.getParameterTypes()))),
                                Arrays.stream(command.getDeclaredFields()).map(field -> (Class<?>) field.getType())))
                        .map(Class::getName))
                .noneMatch(name -> name.startsWith("reactor.") || name.startsWith("io.netty."));
    }

    @Test
    void doesNotAskForASelectionByDefault() {
        assertThat(request("-portable DIR").selection()).isEqualTo(Selection.EVERYTHING);
        assertThat(request("-portable DIR").selection().since()).isEqualTo(Optional.empty());
    }
}
