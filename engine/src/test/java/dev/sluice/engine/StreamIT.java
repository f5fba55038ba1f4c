package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.store.Pipes;
import dev.sluice.engine.testkit.RealInfluxd;
import dev.sluice.engine.testkit.RealInfluxd.Binary;
import dev.sluice.engine.testkit.RequiresInfluxd;
import dev.sluice.engine.testkit.SampleLines;
import dev.sluice.engine.testkit.TestThreads;
import dev.sluice.engine.testkit.ToolRun;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;

/** Streams of a real server, restored by Sluice, and unpacked with tar alone. */
@RequiresInfluxd
class StreamIT {

    private static final String BINARIES = "dev.sluice.engine.testkit.RealInfluxd#binaries";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Ten points of each kind, with 13 fields together. */
    private static final int VALUES_PER_SHARD = 130;

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path home;

    private Path stream(RealInfluxd server, Compression compression) {
        Path file = home.resolve("stream");
        Flux<ByteBuf> bytes = engine.stream(BackupRequest.stream(server.rpcAddress())
                .compression(compression)
                .build());
        Pipes.write("the file", () -> open(file, StandardOpenOption.WRITE), bytes, TestThreads.FILES)
                .block(PATIENCE);
        return file;
    }

    private static FileChannel open(Path file, StandardOpenOption option) {
        try {
            return option == StandardOpenOption.READ
                    ? FileChannel.open(file, option)
                    : FileChannel.open(file, option, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void bringsAServerToAnother(Binary binary) {
        for (String compression : List.of("zstd", "gzip", "none")) {
            bringsAServerToAnother(binary, compression);
        }
    }

    private void bringsAServerToAnother(Binary binary, String compression) {
        try (RealInfluxd first = RealInfluxd.started(binary);
                RealInfluxd second = RealInfluxd.started(binary)) {
            SampleLines.fill(first, 1);
            Path file = stream(first, Compression.parse(compression));

            CopyReport report = Objects.requireNonNull(engine.restore(
                            RestoreRequest.of(new End.Stream(), second.rpcAddress())
                                    .build(),
                            Pipes.read("the file", () -> open(file, StandardOpenOption.READ), TestThreads.FILES))
                    .ofType(Event.Finished.class)
                    .map(Event.Finished::report)
                    .blockLast(PATIENCE));

            assertThat(report.complete()).isTrue();
            assertThat(SampleLines.answers(second))
                    .hasSize(SampleLines.SHARDS * SampleLines.POINTS_PER_SHARD)
                    .isEqualTo(SampleLines.answers(first));
        }
    }

    /** {@code zstd -d | tar x} into the directories of a server that never was. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void unpackedWithTarItIsAServersDirectories(Binary binary) throws IOException {
        assumeTrue(has("zstd") && has("tar"), "zstd and tar are needed");
        try (RealInfluxd first = RealInfluxd.started(binary);
                RealInfluxd second = RealInfluxd.started(binary)) {
            SampleLines.fill(first, 1);
            Path file = stream(first, Compression.ZSTD);
            second.stop();
            for (Path directory : List.of(second.dataDir(), second.metaDir(), second.walDir())) {
                delete(directory);
            }

            ToolRun run = ToolRun.run(
                    List.of(
                            "sh",
                            "-c",
                            "zstd -d < '%s' | tar xf - -C '%s'"
                                    .formatted(file, second.dataDir().getParent())),
                    Map.of(),
                    PATIENCE);
            assertThat(run.exitCode()).as(run.toString()).isZero();
            second.start();

            assertThat(SampleLines.answers(second))
                    .hasSize(SampleLines.SHARDS * SampleLines.POINTS_PER_SHARD)
                    .isEqualTo(SampleLines.answers(first));
        }
    }

    @ParameterizedTest
    @MethodSource(BINARIES)
    void aServerIsLookedIntoAsTheFileOfItsStreamIs(Binary binary) {
        try (RealInfluxd server = RealInfluxd.started(binary)) {
            SampleLines.fill(server, 1);
            End live = new End.Live(server.rpcAddress());
            End kept = new End.Directory(stream(server, Compression.ZSTD));

            for (End end : List.of(live, kept)) {
                Listing listing = Objects.requireNonNull(
                        engine.list(end, Selection.EVERYTHING).block(PATIENCE));
                assertThat(listing.complete()).as(end.toString()).isTrue();
                assertThat(listing.shards()).hasSize(SampleLines.SHARDS);

                Inspection inspection = Objects.requireNonNull(
                        engine.inspect(InspectRequest.of(end).withScratch(home.resolve("scratch")))
                                .block(PATIENCE));
                assertThat(inspection.complete()).as(end.toString()).isTrue();
                assertThat(inspection.damaged()).isFalse();
                assertThat(inspection.shards().stream()
                                .mapToLong(shard -> shard.values().orElseThrow())
                                .sum())
                        .as(end.toString())
                        .isEqualTo((long) SampleLines.SHARDS * VALUES_PER_SHARD);
                CopyReport report = Objects.requireNonNull(engine.verify(VerifyRequest.of(end))
                        .ofType(Event.Finished.class)
                        .map(Event.Finished::report)
                        .blockLast(PATIENCE));
                assertThat(report.damaged()).isFalse();
                assertThat(report.complete()).isTrue();
            }
        }
    }

    /** The file is read from several places at once. */
    @ParameterizedTest
    @MethodSource(BINARIES)
    void aFileOfAStreamIsRestored(Binary binary) {
        for (String compression : List.of("zstd", "gzip", "none")) {
            aFileOfAStreamIsRestored(binary, compression);
        }
    }

    private void aFileOfAStreamIsRestored(Binary binary, String compression) {
        try (RealInfluxd first = RealInfluxd.started(binary);
                RealInfluxd second = RealInfluxd.started(binary)) {
            SampleLines.fill(first, 1);
            Path file = stream(first, Compression.parse(compression));

            CopyReport report = Objects.requireNonNull(
                    engine.restoreReport(RestoreRequest.of(new End.Directory(file), second.rpcAddress())
                                    .build())
                            .block(PATIENCE));

            assertThat(report.complete()).isTrue();
            assertThat(SampleLines.answers(second))
                    .hasSize(SampleLines.SHARDS * SampleLines.POINTS_PER_SHARD)
                    .isEqualTo(SampleLines.answers(first));
        }
    }

    private static boolean has(String tool) {
        return ToolRun.run(List.of("sh", "-c", "command -v " + tool), Map.of(), PATIENCE)
                        .exitCode()
                == 0;
    }

    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
