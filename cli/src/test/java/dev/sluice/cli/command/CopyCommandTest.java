package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.LineCopyRequest;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.model.Mapping;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CopyCommandTest {

    @Test
    void takesTwoEndsAndDefaults() {
        assertThat(request("influxd://old:8088 /backups/new"))
                .isEqualTo(CopyRequest.of(
                                new End.Live(ServerAddress.parse("old:8088")),
                                new End.Directory(Path.of("/backups/new")))
                        .build());
    }

    @Test
    void takesEveryFlag() {
        assertThat(request("legacy:a data:b?meta=c -db telemetry -rp week -newdb copy -newrp month --chain -skip-errors"
                        + " --compression zstd:3 --concurrency 8 --retries 0 --rate-limit 1MB/s --digest sha256"))
                .isEqualTo(CopyRequest.of(
                                new End.Legacy(Path.of("a")),
                                new End.Data(Path.of("b"), Optional.of(Path.of("c")), Optional.empty()))
                        .selection(new Selection(
                                Optional.of("telemetry"),
                                Optional.of("week"),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty()))
                        .mapping(new Mapping(Optional.of("copy"), Optional.of("month")))
                        .chain(true)
                        .skipErrors(true)
                        .compression(Compression.parse("zstd:3"))
                        .concurrency(8)
                        .retries(0)
                        .rateLimit(1_000_000)
                        .digest(Digest.Algorithm.SHA256)
                        .build());
    }

    @ParameterizedTest
    @CsvSource({
        "a, 'two ends are needed'",
        "a b c, '3 were given'",
        "a a, 'are the same'",
        "portable: b, 'names no directory'",
        "a b --rejects x, '--rejects is for points'",
        "a http://h --rate-limit 1MB/s, '--rate-limit is for archives'",
        "a influxd://h -newdb x, '-newdb needs -db'",
        "a influxd://h -db d -newrp x, '-newrp needs -rp'"
    })
    void refusesWhatMakesNoSense(String words, String message) {
        Run run = new Run();

        int code = run.cli(("copy " + words).split(" "));

        assertThat(code).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains(message);
        assertThat(run.engine.copies).isEmpty();
    }

    @Test
    void writesPointsToAnHttpAddress() {
        Run run = new Run();

        run.cli("copy legacy:a http://new:8086 -db telemetry -newdb copy -skip-errors --rejects bad.lp --concurrency 2"
                .split(" "));

        assertThat(run.engine.copies).isEmpty();
        assertThat(run.engine.lineCopies).hasSize(1);
        LineCopyRequest request = run.engine.lineCopies.get(0);
        assertThat(request.from()).isEqualTo(new End.Legacy(Path.of("a")));
        assertThat(request.to()).isEqualTo(HttpAccess.anonymous(HttpEndpoint.plain("new", 8086)));
        assertThat(request.selection().database()).contains("telemetry");
        assertThat(request.mapping().database()).contains("copy");
        assertThat(request.skipErrors()).isTrue();
        assertThat(request.rejects()).contains(Path.of("bad.lp"));
        assertThat(request.pace().concurrency()).isEqualTo(2);
    }

    private static CopyRequest request(String words) {
        Run run = new Run();
        run.cli(("copy " + words).split(" "));
        assertThat(run.err()).doesNotContain("unknown flag");
        assertThat(run.engine.copies).hasSize(1);
        return run.engine.copies.get(0);
    }
}
