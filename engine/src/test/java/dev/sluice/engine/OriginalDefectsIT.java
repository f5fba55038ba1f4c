package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What {@code influxd backup} takes for a success although data is missing, shown on the real programs.
 *
 * <p>A test that fails here on a new version of the original is good news about the original.
 */
@RequiresInfluxd
class OriginalDefectsIT {
    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";

    @TempDir
    Path original;

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aCleanCloseInsideAShard(Binary binary) throws IOException {
        try (var scenario = DefectScenario.cleanCloseInsideAShard(binary)) {
            assertSuccess(scenario.original(original));
            assertThat(DefectScenario.tarOfShard(original, 1)).hasSize((int) DefectScenario.CUT);

            assertThat(scenario.restored(original).run().exitCode()).isNotZero();
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aCleanCloseBetweenTwoFiles(Binary binary) {
        try (var scenario = DefectScenario.cleanCloseBetweenTwoFiles(binary)) {
            assertThat(scenario.rows()).hasSize(120);

            assertSuccess(scenario.original(original));

            var restored = scenario.restored(original);
            assertThat(restored.run().exitCode()).as("the restore takes it too").isZero();
            assertThat(restored.rows()).isEqualTo(scenario.rows().subList(0, 60));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aResetAndThenAGoodAttempt(Binary binary) throws IOException {
        try (var scenario = DefectScenario.resetThenAGoodAttempt(binary)) {
            assertSuccess(scenario.original(original));

            var attempts = scenario.proxy().conversations().stream()
                    .filter(conversation -> conversation.shardId() == 1)
                    .toList();
            assertThat(attempts).hasSize(2);
            long whole = attempts.get(1).bytesToClient();
            byte[] tar = DefectScenario.tarOfShard(original, 1);
            assertThat(tar).as("both attempts, one behind the other").hasSize((int) (DefectScenario.CUT + whole));
            assertThat(Arrays.copyOfRange(tar, (int) DefectScenario.CUT, (int) DefectScenario.CUT + 512))
                    .as("the header of the first file again")
                    .isEqualTo(Arrays.copyOf(tar, 512));
        }
    }

    /**
     * Since 1.7 the original knows {@code -skip-errors}: it retries for 235 seconds, then leaves the shard out and says
     * nothing. Too slow for every run: {@code -Dsluice.slow=true} asks for it. 1.6 has no such flag.
     */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void aShardThatNeverComesWithSkipErrors(Binary binary) throws IOException {
        if (!binary.isAtLeast(1, 7)) {
            ToolRun run = binary.run(List.of("backup", "-skip-errors", original.toString()));
            assertThat(run.exitCode()).isNotZero();
            assertThat(run.output()).contains("flag provided but not defined: -skip-errors");
            return;
        }
        assumeTrue(Boolean.getBoolean("sluice.slow"), "takes four minutes: -Dsluice.slow=true");
        try (var scenario = DefectScenario.unreachableShard(binary)) {
            assertSuccess(scenario.original(original, "-skip-errors"));
            assertThat(archives()).containsExactly("s1.tar.gz");
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aStartWithoutAnEnd(Binary binary) {
        try (var scenario = DefectScenario.morningAndAfternoon(binary)) {
            assertThat(scenario.rows()).hasSize(120);

            assertSuccess(scenario.original(original, "-start", "2026-01-05T05:00:00Z"));

            var restored = scenario.restored(original);
            assertThat(restored.run().exitCode()).isZero();
            assertThat(restored.rows())
                    .as("the points before the start, and none after it")
                    .isEqualTo(scenario.rows().subList(0, 60));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aRangeOnAShardWithATombstone(Binary binary) throws IOException {
        // A compaction, due within a second of the deletion, takes the tombstone away; it may be faster than we are.
        for (int attempt = 1; !cutOffAtATombstone(binary, original.resolve("attempt-" + attempt)); attempt++) {
            assertThat(attempt).as("attempts overtaken by a compaction").isLessThan(10);
        }
    }

    private static boolean cutOffAtATombstone(Binary binary, Path directory) throws IOException {
        try (var scenario = DefectScenario.tombstone(binary)) {
            assertThat(scenario.rows()).hasSize(60);

            assertSuccess(
                    scenario.original(directory, "-start", "2026-01-05T00:30:00Z", "-end", "2026-01-05T00:40:00Z"));
            if (!scenario.hasTombstone()) {
                return false;
            }
            byte[] tar = DefectScenario.tarOfShard(directory, 1);
            assertThat(tar).hasSizeGreaterThan(1024);
            assertThat(Arrays.copyOfRange(tar, tar.length - 1024, tar.length))
                    .as("no end of archive")
                    .isNotEqualTo(new byte[1024]);
            assertThat(scenario.restored(directory).run().exitCode()).isNotZero();
            return true;
        }
    }

    private static void assertSuccess(ToolRun run) {
        assertThat(run.exitCode()).as(run.output()).isZero();
        assertThat(run.output()).contains("backup complete");
    }

    private List<String> archives() throws IOException {
        var names = new ArrayList<String>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(original, "*.tar.gz")) {
            files.forEach(file -> {
                String name = file.getFileName().toString();
                names.add(name.substring(name.indexOf('.') + 1));
            });
        }
        return names;
    }
}
