package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.End;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.test.StepVerifier;

/** Restores to a server whose disk has room for some shards, not for all. */
@RequiresInfluxd
class RestoreDiskFullIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int POINTS = 3_000;
    private static final int BYTES_A_POINT = 3_000;

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void theShardThatFindsNoRoomIsNamedAndNothingElseChanges(Binary binary) throws IOException {
        Path backup = backupOfASmallAndALargeShard(binary);
        try (var server = RealInfluxd.started(binary)) {
            server.stop();
            Files.createDirectories(server.dataDir());
            assumeTrue(
                    run(
                            "mount",
                            "-t",
                            "tmpfs",
                            "-o",
                            "size=8m",
                            "tmpfs",
                            server.dataDir().toString()),
                    "no right to mount a small file system here");
            try {
                server.start();
                server.createDatabase("kept");
                server.write("kept", SampleLines.lines(SampleLines.START, 1_000, 200, new Random(3)));
                List<String> before = SampleLines.answers(server, "kept", "autogen");

                CopyReport report = engine.restoreReport(
                                request(backup, server).skipErrors(true).build())
                        .block(PATIENCE);

                assertThat(report).isNotNull();
                assertThat(report.stored())
                        .singleElement()
                        .satisfies(
                                receipt -> assertThat(receipt.ref().database()).isEqualTo("small"));
                assertThat(report.missing())
                        .singleElement()
                        .isInstanceOfSatisfying(ShardOutcome.Failed.class, failed -> {
                            assertThat(failed.ref().database()).isEqualTo("large");
                            assertThat(failed.why().getMessage()).contains("upload of shard");
                            assertThat(failed.why().hint()).contains("disk");
                        });
                assertThat(server.rows("SELECT count(v) FROM m", "small")).hasSize(1);
                assertThat(SampleLines.answers(server, "kept", "autogen")).isEqualTo(before);

                engine.restore(request(backup, server).build())
                        .as(StepVerifier::create)
                        .thenConsumeWhile(event -> true)
                        .expectError(SluiceException.class)
                        .verify(PATIENCE);
                assertThat(SampleLines.answers(server, "kept", "autogen")).isEqualTo(before);
                server.stop();
                // A server that finds no room when it starts may open no shard at all: make some, as an operator would.
                run("mount", "-o", "remount,size=64m", server.dataDir().toString());
                server.start();
                assertThat(SampleLines.answers(server, "kept", "autogen"))
                        .as("after a restart")
                        .isEqualTo(before);
            } finally {
                server.stop();
                run("umount", server.dataDir().toString());
            }
        }
    }

    private RestoreRequest.Builder request(Path backup, RealInfluxd server) {
        return RestoreRequest.of(new End.Portable(backup), server.rpcAddress()).retries(0);
    }

    private Path backupOfASmallAndALargeShard(Binary binary) {
        Path backup = temp.resolve("backup");
        try (var server = RealInfluxd.started(binary)) {
            server.createDatabase("small");
            server.write("small", "m v=1 " + SampleLines.START);
            server.createDatabase("large");
            server.write("large", incompressible());
            assertThat(engine.backupReport(BackupRequest.portable(server.rpcAddress(), backup)
                                    .build())
                            .block(PATIENCE))
                    .isNotNull();
        }
        return backup;
    }

    private static String incompressible() {
        var random = new Random(1);
        var lines = new StringBuilder();
        byte[] value = new byte[BYTES_A_POINT];
        for (int i = 0; i < POINTS; i++) {
            random.nextBytes(value);
            lines.append("m v=\"")
                    .append(Base64.getEncoder().encodeToString(value))
                    .append("\" ")
                    .append(SampleLines.START + i)
                    .append('\n');
        }
        return lines.toString();
    }

    private static boolean run(String... command) {
        try {
            return ToolRun.run(List.of(command), Map.of(), PATIENCE).exitCode() == 0;
        } catch (RuntimeException e) {
            return false; // there is no such command
        }
    }
}
