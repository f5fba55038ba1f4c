package dev.sluice.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.End;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.TestThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class DirectoryContentTest {

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "portable-all",
                "portable-db-rp",
                "portable-deletes",
                "portable-range",
                "portable-since",
                "portable-two-runs"
            })
    void tellsPortableBackups(String name) {
        for (String version : Fixtures.VERSIONS) {
            Path directory = Fixtures.backup(version, name);
            assertThat(of(directory)).isEqualTo(new End.Portable(directory));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy", "legacy-dotted", "legacy-since", "legacy-deletes"})
    void tellsLegacyBackups(String name) {
        for (String version : Fixtures.VERSIONS) {
            Path directory = Fixtures.backup(version, name);
            assertThat(of(directory)).isEqualTo(new End.Legacy(directory));
        }
    }

    @Test
    void tellsAnUnfinishedPortableRun() throws IOException {
        Files.createFile(temp.resolve("20261122T230628Z.s1.tar.gz"));

        assertThat(of(temp)).isInstanceOf(End.Portable.class);
    }

    @Test
    void tellsTheDirectoriesOfAServer() throws IOException {
        Path data = temp.resolve("influxdb/data");
        Files.createDirectories(data.resolve("db/autogen/12"));
        assertThat(of(data)).isEqualTo(new End.Data(data, Optional.empty(), Optional.empty()));

        Files.createDirectories(temp.resolve("influxdb/meta"));
        Files.createFile(temp.resolve("influxdb/meta/meta.db"));
        assertThat(of(temp.resolve("influxdb"))).isEqualTo(new End.Data(data, Optional.empty(), Optional.empty()));
        assertThat(of(data)).isEqualTo(new End.Data(data, Optional.empty(), Optional.empty()));
    }

    @Test
    void refusesBothFormatsInOneDirectory() {
        Fixtures.copy("1.8.10", "portable-db-rp", temp);
        Fixtures.copy(Fixtures.backup("1.8.10", "legacy-dotted"), temp);

        assertRefused(
                DirectoryContent.of(temp, TestThreads.FILES),
                InvalidRequest.class,
                "a portable backup and a legacy backup");
        assertRefused(DirectoryContent.ofTarget(temp, TestThreads.FILES), InvalidRequest.class, "more than one");
    }

    @Test
    void saysWhatThereIsWhenItIsNothing() throws IOException {
        assertRefused(DirectoryContent.of(temp, TestThreads.FILES), NotThere.class, "is empty");
        assertRefused(DirectoryContent.of(temp.resolve("none"), TestThreads.FILES), NotThere.class, "does not exist");
        Path file = Files.writeString(temp.resolve("notes.txt"), "x");
        assertRefused(DirectoryContent.of(temp, TestThreads.FILES), NotThere.class, "'notes.txt'");
        assertRefused(DirectoryContent.ofTarget(file, TestThreads.FILES), InvalidRequest.class, "not a directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"monday.zst", "monday.tar", "monday", ".monday", "a\\b.gz", "meta.zst"})
    void aFileIsAStreamArchive(String name) throws IOException {
        Path file = Files.writeString(temp.resolve(name), "x");

        assertThat(of(file)).isEqualTo(new End.StreamFile(file));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"20261122T230628Z.manifest", "20261122T230628Z.s1.tar.gz", "meta.00", "db.autogen.00002.00"})
    void aFileOfABackupIsNotTakenForAStream(String name) throws IOException {
        Path file = Files.writeString(temp.resolve(name), "x");

        assertRefused(DirectoryContent.of(file, TestThreads.FILES), InvalidRequest.class, "one file of a backup");
    }

    @Test
    void aNewDirectoryBecomesPortableAndOneWithABackupGoesOn() throws IOException {
        assertThat(ofTarget(temp.resolve("new"))).isEqualTo(new End.Portable(temp.resolve("new")));
        assertThat(ofTarget(temp)).isEqualTo(new End.Portable(temp));
        Path legacy = Fixtures.backup("1.8.10", "legacy");
        assertThat(ofTarget(legacy)).isEqualTo(new End.Legacy(legacy));
        Files.createDirectories(temp.resolve("db/autogen/12"));
        assertRefused(DirectoryContent.ofTarget(temp, TestThreads.FILES), InvalidRequest.class, "data directory");
    }

    private static End of(Path directory) {
        return Objects.requireNonNull(
                DirectoryContent.of(directory, TestThreads.FILES).block(Duration.ofSeconds(10)));
    }

    private static End ofTarget(Path directory) {
        return Objects.requireNonNull(
                DirectoryContent.ofTarget(directory, TestThreads.FILES).block(Duration.ofSeconds(10)));
    }

    private static void assertRefused(Mono<End> found, Class<? extends SluiceException> type, String words) {
        found.as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e).isInstanceOf(type).hasMessageContaining(words))
                .verify(Duration.ofSeconds(10));
    }
}
