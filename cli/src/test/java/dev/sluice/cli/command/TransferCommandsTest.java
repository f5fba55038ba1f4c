package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.option.OutputFlags.Output;
import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.event.ExportReport;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.ServerAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

class TransferCommandsTest {

    private final Run run = new Run();

    private static String[] words(String line) {
        return line.split(" ");
    }

    private static TransferEvent exported(List<String> damage, List<String> missing) {
        return new TransferEvent.Exported(new ExportReport(
                "data", List.of("all.lp"), Duration.ofSeconds(2), 10, 12, 500, 500, 1, damage, missing, List.of()));
    }

    private static TransferEvent imported(long rejected) {
        return imported(rejected, 0);
    }

    private static TransferEvent imported(long rejected, long rejectedBefore) {
        return new TransferEvent.Imported(new ImportReport(
                "all.lp",
                "http://localhost:8086",
                Duration.ofSeconds(1),
                1,
                0,
                1,
                10,
                rejected,
                rejectedBefore,
                2,
                0,
                500,
                rejected == 0 ? List.of() : List.of(new ImportReport.Reject("all.lp", 7, "bad number")),
                Optional.empty(),
                List.of()));
    }

    private ExportRequest export(String line) {
        run.engine.transfers = Flux.just(exported(List.of(), List.of()));
        assertThat(run.cli(words("export " + line))).as(run.err()).isZero();
        return run.engine.exports.get(0);
    }

    private ImportRequest imports(String line) {
        run.engine.transfers = Flux.just(imported(0));
        assertThat(run.cli(words("import " + line))).as(run.err()).isZero();
        return run.engine.imports.get(0);
    }

    @Test
    void exportTakesTheFlagsOfTheOriginal() {
        ExportRequest request = export("-datadir D -waldir W -database db -retention rp -start 1970-01-01T00:00:01Z"
                + " -end 1970-01-01T00:00:02.000000001Z -compress -lponly -out F");

        assertThat(request.from()).isEqualTo(new End.Data(Path.of("D"), Optional.empty(), Optional.of(Path.of("W"))));
        assertThat(request.out()).contains(Path.of("F"));
        assertThat(request.options().database()).contains("db");
        assertThat(request.options().policy()).contains("rp");
        assertThat(request.options().start()).isEqualTo(1_000_000_000);
        assertThat(request.options().end()).isEqualTo(2_000_000_001);
        assertThat(request.options().pointsOnly()).isTrue();
        assertThat(request.compression()).isEqualTo(Compression.GZIP);
    }

    @Test
    void exportHasTheDefaultsOfTheOriginal() {
        run.set("HOME", "/home/me");

        ExportRequest request = export("--merge-fields");

        assertThat(request.from())
                .isEqualTo(new End.Data(
                        Path.of("/home/me/.influxdb/data"),
                        Optional.empty(),
                        Optional.of(Path.of("/home/me/.influxdb/wal"))));
        assertThat(request.out()).contains(Path.of("/home/me/.influxdb/export"));
        assertThat(request.options().mergeFields()).isTrue();
    }

    @Test
    void exportReadsOtherEndsAndWritesToStdout() {
        ExportRequest request = export("--from portable:B -out - --compression zstd:3 --where-tag host=a");

        assertThat(request.from()).isEqualTo(new End.Portable(Path.of("B")));
        assertThat(request.out()).isEmpty();
        assertThat(request.compression()).isEqualTo(new Compression(Compression.Codec.ZSTD, 3));
        assertThat(run.out()).as("stdout is for the data").isEmpty();
        assertThat(run.err()).contains("Exported 10 lines");
    }

    @Test
    void partsHaveNamesBesideAFileAndNotBesideADevice(@TempDir Path temp) throws IOException {
        Path file = Files.createFile(temp.resolve("there"));
        export("--split 1MB -out " + file);
        export("--split 1MB -out " + temp.resolve("not-there"));
        run.engine.exports.clear();

        assertThat(run.cli(words("export --split 1MB -out /dev/null"))).isEqualTo(ExitCode.USAGE);

        assertThat(run.err()).contains("--split needs a file, and /dev/null is none");
        assertThat(run.engine.exports).isEmpty();
    }

    @Test
    void exportReadsAServerThatIsNamedByItsPortAlone() {
        assertThat(export("--from db1.example:8088 -out F").from())
                .isEqualTo(new End.Live(new ServerAddress("db1.example", 8088)));
    }

    @Test
    void exportReadsAStreamOrADirectoryWhoseFormatItsContentTells() {
        assertThat(export("--from - -out F").from()).isEqualTo(new End.Stream());
        run.engine.exports.clear();
        assertThat(export("--from backups/monday -out F").from())
                .isEqualTo(new End.Directory(Path.of("backups/monday")));
    }

    @Test
    void anExportThatIsNotWholeEndsWithItsCode() {
        run.engine.transfers = Flux.just(exported(List.of("block 7"), List.of()));
        assertThat(run.cli("export", "-out", "F")).isEqualTo(ExitCode.DAMAGED);
        assertThat(run.err()).contains("damaged: block 7");

        run.engine.transfers = Flux.just(exported(List.of(), List.of("shard 8")));
        assertThat(run.cli("export", "-out", "F")).isEqualTo(ExitCode.PARTIAL);
    }

    @Test
    void bodiesAreCompressedForAnotherMachineUnlessToldOtherwise() {
        assertThat(imports("-path F").options().gzip()).isFalse();
        run.engine.imports.clear();
        assertThat(imports("-path F -host 127.0.0.2").options().gzip()).isFalse();
        run.engine.imports.clear();
        assertThat(imports("-path F -host db1.example").options().gzip()).isTrue();
        run.engine.imports.clear();
        assertThat(imports("-path F --gzip").options().gzip()).isTrue();
        run.engine.imports.clear();
        assertThat(imports("-path F -host db1.example --gzip=false").options().gzip())
                .isFalse();
    }

    @Test
    void whatIsToldBeforeAnErrorIsShown() {
        run.engine.transfers = Flux.<TransferEvent>just(
                        new TransferEvent.Warning("shard 3 is torn at its tail", "look"))
                .concatWith(Flux.error(new InvalidRequest("the disk is full", "make room")));

        assertThat(run.cli("export", "-out", "F")).isNotZero();

        assertThat(run.err()).contains("shard 3 is torn at its tail").contains("the disk is full");
    }

    @Test
    void windowsThatFollowEachOtherJoinWithTheirOverlap(@TempDir Path temp) throws IOException {
        Path state = temp.resolve("state");
        Files.writeString(state, "2026-01-01T00:00:00Z\n");
        String line = "--since-last --overlap 5m -compress --state " + state + " -out " + temp;

        ExportRequest first = export(line);
        Instant between = Instant.parse(Files.readAllLines(state).get(0));
        run.engine.exports.clear();
        Files.writeString(state, between.minusSeconds(3600) + "\n");
        ExportRequest second = export(line);

        long startOfYear = Instant.parse("2026-01-01T00:00:00Z").getEpochSecond() * 1_000_000_000;
        assertThat(first.options().start()).isEqualTo(startOfYear - 300_000_000_000L);
        assertThat(first.options().end()).isEqualTo(between.getEpochSecond() * 1_000_000_000 - 1);
        assertThat(second.options().start())
                .isEqualTo(between.minusSeconds(3900).getEpochSecond() * 1_000_000_000);
        assertThat(String.valueOf(first.out().orElseThrow().getFileName()))
                .startsWith("export-20251231T235500Z-")
                .endsWith(".lp.gz");
    }

    @Test
    void aStateBelongsToOneExport(@TempDir Path temp) throws IOException {
        Path state = temp.resolve("state");
        String line = "--since-last --from db1:8088 --state " + state + " -out " + temp;
        export(line + " -database a");
        String before = Files.readString(state);

        for (String other : List.of("", " -database b", " -database a --measurement m", " -database a -retention p")) {
            assertThat(run.cli(words("export " + line + other))).isEqualTo(ExitCode.USAGE);
        }
        assertThat(run.err()).contains("belongs to another export", "'influxd://db1:8088 -database a'", "-database b");
        assertThat(Files.readString(state)).isEqualTo(before);

        Files.writeString(state, "2026-01-01T00:00:00Z\n"); // as it was written before, and as people write it
        export(line + " -database b");
        assertThat(Files.readAllLines(state)).hasSize(2).last().isEqualTo("influxd://db1:8088 -database b");
    }

    @Test
    void databasesExportedSideBySideHaveFilesOfTheirOwn(@TempDir Path temp) {
        export("--since-last -database a/b --state " + temp.resolve("s1") + " -out " + temp);

        assertThat(run.engine.exports.get(0).out().orElseThrow().getFileName().toString())
                .startsWith("export-00000000T000000Z-")
                .endsWith("Z-a%2Fb.lp");
    }

    @Test
    void aWindowOfTheSameNameIsNotReplaced(@TempDir Path temp) throws IOException {
        long now = Instant.now().getEpochSecond();
        for (int i = -1; i < 60; i++) { // whichever second it is when the command looks
            String end = Instant.ofEpochSecond(now + i).toString().replaceAll("[-:]", "");
            Files.writeString(temp.resolve("export-00000000T000000Z-" + end + "-001.lp"), "other");
        }

        assertThat(run.cli(words("export --since-last --split 1GB --state " + temp.resolve("s") + " -out " + temp)))
                .isEqualTo(ExitCode.FAILED);

        assertThat(run.engine.exports).isEmpty();
        assertThat(run.err()).contains("is there already", "Nothing was exported");
    }

    @Test
    void aStateThatCannotBeKeptIsToldBeforeTheWork(@TempDir Path temp) {
        String line = "export --since-last --state " + temp.resolve("none/state") + " -out " + temp;

        assertThat(run.cli(words(line))).isEqualTo(ExitCode.USAGE);

        assertThat(run.engine.exports).isEmpty();
        assertThat(run.err()).contains("its directory is missing");
    }

    @Test
    void twoExportsDoNotWorkWithOneState(@TempDir Path temp) throws IOException {
        Path state = Files.writeString(temp.resolve("state"), "2026-01-01T00:00:00Z\n");
        String line = "export --since-last --state " + state + " -out " + temp;
        run.engine.transfers = Flux.defer(() -> {
            assertThat(run.cli(words(line + " --json"))).as("the second one").isEqualTo(ExitCode.FAILED);
            assertThat(run.out().lines())
                    .singleElement()
                    .asString()
                    .startsWith(
                            "{\"event\":\"error\",\"error\":\"StoreFailed\",\"message\":\"another export works with")
                    .endsWith(",\"exit\":1}");
            return Flux.just(exported(List.of("block 7"), List.of()));
        });

        assertThat(run.cli(words(line))).as("the first one").isEqualTo(ExitCode.DAMAGED);

        assertThat(run.err()).contains("another export works with " + state, "Nothing was exported");
        assertThat(run.engine.exports).hasSize(1);
        run.engine.transfers = Flux.just(exported(List.of(), List.of()));
        assertThat(run.cli(words(line))).as("when it has ended").isEqualTo(ExitCode.OK);
    }

    @Test
    void aStateThatCannotBeReadIsToldAsSuch(@TempDir Path temp) throws IOException {
        Path state = Files.createDirectory(temp.resolve("state"));

        assertThat(run.cli(words("export --since-last --state " + state + " -out " + temp)))
                .isEqualTo(ExitCode.FAILED);
        assertThat(run.err()).contains("it is a directory");
    }

    @Test
    void aWindowThatFailedIsTakenAgain(@TempDir Path temp) throws IOException {
        Path state = Files.writeString(temp.resolve("state"), "2026-01-01T00:00:00Z\n");
        run.engine.transfers = Flux.just(exported(List.of("block 7"), List.of()));

        assertThat(run.cli("export", "--since-last", "--state", state.toString(), "-out", temp.toString()))
                .isEqualTo(ExitCode.DAMAGED);

        assertThat(Files.readString(state)).isEqualTo("2026-01-01T00:00:00Z\n");
    }

    @Test
    void importTakesTheFlagsOfTheOriginal() {
        ImportRequest request = imports("-import -path F -compressed -pps 100 -precision s -consistency one -host db1"
                + " -port 9086 -ssl -unsafeSsl -username me -password word -database db");

        assertThat(request.path()).contains(Path.of("F"));
        assertThat(request.endpoint()).isEqualTo(new HttpEndpoint("db1", 9086, true, false, ""));
        assertThat(request.credentials()).isEqualTo(new Credentials.Basic("me", "word"));
        assertThat(request.options().precision()).isEqualTo("s");
        assertThat(request.options().consistency()).contains("one");
        assertThat(request.options().pointsPerSecond()).hasValue(100);
        assertThat(request.options().database()).contains("db");
        assertThat(request.options().progress()).contains(Path.of("F.sluice-progress"));
    }

    @Test
    void importTakesCredentialsFromTheEnvironment() {
        run.set("INFLUX_USERNAME", "me").set("INFLUX_PASSWORD", "word").set("INFLUX_TOKEN", "t0k");

        assertThat(imports("-").credentials()).isEqualTo(new Credentials.Basic("me", "word"));
        run.engine.imports.clear();
        ImportRequest bucket = imports("--org o --bucket b F");

        assertThat(bucket.credentials()).isEqualTo(new Credentials.Token("t0k"));
        assertThat(run.out() + run.err()).doesNotContain("t0k", "word");
    }

    @Test
    void rejectedPointsEndWithCodeThree() {
        run.engine.transfers = Flux.just(imported(1));

        assertThat(run.cli("import", "F")).isEqualTo(ExitCode.PARTIAL);

        assertThat(run.err()).contains("1 point NOT stored", "all.lp, line 7: bad number");
    }

    @Test
    void anInterruptionEndsTheEngineWhichTellsHowFarItCame() {
        Interruption interruption = Interruption.manual();
        run.engine.transfers = Flux.<TransferEvent>just(new TransferEvent.Warning("7 points so far", "Go on."))
                .concatWith(Flux.<TransferEvent>never().doOnSubscribe(s -> interruption.request(129)));

        var request =
                ImportRequest.of(Path.of("F"), HttpEndpoint.plain("db", 8086)).build();
        int exit = TransferRun.importLines(run.context(), Output.JSON, request, () -> interruption);

        assertThat(exit).isEqualTo(129);
        assertThat(run.out().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).contains("7 points so far"),
                        line -> assertThat(line)
                                .contains(
                                        "\"error\"",
                                        "\"Interrupted\"",
                                        "interrupted; points that were",
                                        "\"exit\":129"));
        assertThat(run.err()).contains("interrupted; points that were sent stay");
    }

    @Test
    void aPortIsNoPartOfTheHost() {
        assertThat(run.cli("import", "F", "-host", "db1:8087")).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("not 'db1:8087'", "-host db1 -port 8087");

        assertThat(imports("F -host ::1 -port 8087").endpoint()).isEqualTo(HttpEndpoint.plain("::1", 8087));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://db1", "https://db1:8087", "db1/influx"})
    void anAddressOfTheWebIsNoHost(String host) {
        assertThat(run.cli("import", "F", "-host", host)).isEqualTo(ExitCode.USAGE);
        assertThat(run.err())
                .contains("not '%s'".formatted(host), "-ssl", "-path-prefix")
                .doesNotContain("-port /");
    }

    @Test
    void pointsThatAnInterruptedRunRejectedEndWithCodeThree() {
        run.engine.transfers = Flux.just(imported(0, 5));

        assertThat(run.cli("import", "F", "--resume")).isEqualTo(ExitCode.PARTIAL);

        assertThat(run.err())
                .contains("5 points NOT stored by the interrupted run")
                .doesNotContain("0 points NOT stored");
    }

    @Test
    void writesJson() {
        run.engine.transfers =
                Flux.just(new TransferEvent.Started("F", "T"), new TransferEvent.Warning("careful", ""), imported(1));

        assertThat(run.cli("import", "--json", "F")).isEqualTo(ExitCode.PARTIAL);

        assertThat(run.out().lines()).first().isEqualTo("{\"event\":\"started\",\"source\":\"F\",\"target\":\"T\"}");
        assertThat(run.out()).contains("\"event\":\"imported\"", "\"rejected\":1", "\"reason\":\"bad number\"");
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of("export -retention x", "-retention needs -database"),
                Arguments.of("export -start 2026-01-02T00:00:00Z -end 2026-01-01T00:00:00Z", "-end lies before -start"),
                Arguments.of("export -start 2026-01-02", "-start is a time of RFC 3339"),
                Arguments.of("export --from portable:x -datadir y", "--from cannot be combined"),
                Arguments.of("export -compress --compression zstd", "-compress means gzip"),
                Arguments.of("export -out - --split 1GB", "--split needs a file"),
                Arguments.of("import a -consistency most", "-consistency is any, one, quorum or all"),
                Arguments.of("export --where-tag host", "--where-tag is KEY=VALUE"),
                Arguments.of("export --where-tag host=a --where-tag host=b", "--where-tag gives 'host' two values"),
                Arguments.of("export --since-last -out x", "--since-last needs --state"),
                Arguments.of("import", "the path is missing"),
                Arguments.of("import a -path b", "one path is needed"),
                Arguments.of("import -precision d a", "-precision is ns"),
                Arguments.of("import -pps -1 a", "-pps is a number"),
                Arguments.of("import --bucket b a", "--bucket and --org belong together"),
                Arguments.of("import --resume -", "needs --progress FILE"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void refusesWithAReason(String line, String message) {
        assertThat(run.cli(words(line))).isEqualTo(ExitCode.USAGE);

        assertThat(run.err()).contains(message).contains("hint: ");
    }

    @Test
    void aCopyOfPointsSaysWhatWasReadAndWrittenAndEndsWithTheGraverCode() {
        var read = (TransferEvent.Exported) exported(List.of("a block left out"), List.of());
        var written = (TransferEvent.Imported) imported(3);
        run.engine.transfers = Flux.just(new TransferEvent.Copied(read.report(), written.report()));

        int code = run.cli(words("copy /backups/monday http://new:8086"));

        assertThat(code).isEqualTo(ExitCode.DAMAGED);
        assertThat(run.out())
                .contains("Read 10 points with 12 values", "Imported 10 points into http://localhost:8086");
        assertThat(run.err()).contains("damaged: a block left out", "3 points NOT stored");
    }

    @Test
    void aCopyOfPointsAsJsonHasBothReports() {
        var read = (TransferEvent.Exported) exported(List.of(), List.of());
        var written = (TransferEvent.Imported) imported(3);
        run.engine.transfers = Flux.just(new TransferEvent.Copied(read.report(), written.report()));

        int code = run.cli(words("copy --json /backups/monday http://new:8086"));

        assertThat(code).isEqualTo(ExitCode.PARTIAL);
        assertThat(run.out())
                .contains("\"event\":\"copied\",\"complete\":false", "\"read\":{\"complete\":true", "\"rejected\":3");
    }
}
