package dev.sluice.engine.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;

class SampleDataTest {

    @TempDir
    Path dir;

    @ParameterizedTest
    @ValueSource(longs = {2_000_000, 12_000_000, 50_000_000})
    void isAboutAsLargeAsAsked(long size) {
        SampleData.Summary summary = sample(dir, 1, size);
        assertThat(summary.bytes()).isBetween(size * 3 / 4, size * 5 / 4);
        assertThat(summary.shards()).isEqualTo(12);
    }

    @Test
    void theSameSeedGivesTheSameFilesAndAnotherOneOthers() throws IOException {
        Map<String, Integer> one = contents(sample(sub("1"), 7, 1_000_000));
        assertThat(contents(sample(sub("2"), 7, 1_000_000))).isEqualTo(one);
        assertThat(contents(sample(sub("3"), 8, 1_000_000))).isNotEqualTo(one).hasSize(25);
    }

    @Test
    void everyBlockIsSoundAndLiesInTheTimeOfItsShard() throws IOException {
        SampleData.Summary summary = sample(dir, 3, 1_000_000);
        var metastore = Metastore.decode(
                Metadata.of(Files.readAllBytes(summary.metaDir().resolve("meta.db"))));
        assertThat(metastore.shards()).hasSize(12);
        var points = new HashMap<String, Long>();
        metastore.shards().forEach(shard -> {
            Path shardDir = summary.dataDir().resolve(shard.ref().toString());
            for (Path file : files(shardDir)) {
                try (var channel = FileChannel.open(file)) {
                    var tsm = TsmFile.open(channel);
                    tsm.forEachKey((key, type, entries) -> {
                        long count = 0;
                        for (BlockEntry entry : entries) {
                            count += TsmBlock.decode(tsm.block(entry)).size();
                        }
                        String series = new String(key, StandardCharsets.UTF_8).split("#!~#", 2)[0];
                        points.put(file + " " + series, count);
                    });
                    TsmFile.Summary times = tsm.summary();
                    assertThat(times.minTime() / 1_000_000_000)
                            .isGreaterThanOrEqualTo(shard.group().time().start().getEpochSecond());
                    assertThat(times.maxTime() / 1_000_000_000)
                            .isLessThan(shard.group().time().end().getEpochSecond());
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        });
        assertThat(points.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(summary.points());
    }

    @Test
    void neverWritesOverWhatIsThere() throws IOException {
        Files.createDirectory(dir.resolve("data"));
        SampleData.write(dir, 1, 1)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(InvalidRequest.class).hasMessageContaining("exists already"));
    }

    private Path sub(String name) throws IOException {
        return Files.createDirectory(dir.resolve(name));
    }

    private static SampleData.Summary sample(Path dir, long seed, long size) {
        return Objects.requireNonNull(SampleData.write(dir, seed, size).block());
    }

    private static Map<String, Integer> contents(SampleData.Summary summary) throws IOException {
        var contents = new TreeMap<String, Integer>();
        Path root = summary.dataDir().resolveSibling("");
        for (Path file : files(root)) {
            contents.put(root.relativize(file).toString(), Arrays.hashCode(Files.readAllBytes(file)));
        }
        return contents;
    }

    private static Iterable<Path> files(Path root) {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
