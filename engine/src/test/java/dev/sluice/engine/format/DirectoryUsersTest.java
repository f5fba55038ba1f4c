package dev.sluice.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryUsersTest {

    @TempDir
    Path temp;

    private Path data;
    private Path proc;

    @BeforeEach
    void directories() throws IOException {
        data = Files.createDirectories(temp.resolve("data/db"));
        proc = Files.createDirectories(temp.resolve("proc"));
    }

    /** Connections of a server come and go: of what is listed, some is closed when it is looked at. */
    @Test
    void aFileThatWasClosedMeanwhileHidesNoOther() throws IOException {
        Path open = Files.createDirectories(proc.resolve("4000000000/fd"));
        for (int i = 0; i < 40; i++) {
            Files.createFile(
                    open.resolve(String.valueOf(i))); // no link: it cannot be read as one, like one that is gone
        }
        Files.createSymbolicLink(open.resolve("40"), data.toRealPath().resolve("000000001-000000001.tsm"));

        assertThat(DirectoryUsers.find(proc, List.of(temp.resolve("data")))).hasValue("a process (pid 4000000000)");
    }

    @Test
    void filesElsewhereAreNobodysBusiness() throws IOException {
        Path open = Files.createDirectories(proc.resolve("4000000000/fd"));
        Files.createSymbolicLink(open.resolve("0"), temp.toRealPath().resolve("elsewhere/file"));

        assertThat(DirectoryUsers.find(proc, List.of(temp.resolve("data")))).isEmpty();
    }

    /** Who has only looked whether a restore is under way is no server, and nothing works for it. */
    @Test
    void theFileThatKeepsAnotherRestoreAwayIsNoWork() throws IOException {
        Path open = Files.createDirectories(proc.resolve("4000000000/fd"));
        Path real = temp.toRealPath().resolve("data");
        Files.createSymbolicLink(open.resolve("0"), real.resolve("sluice.lock"));
        Files.createSymbolicLink(open.resolve("1"), real.resolve("sluice.lock (deleted)"));
        assertThat(DirectoryUsers.find(proc, List.of(temp.resolve("data")))).isEmpty();

        Files.createSymbolicLink(open.resolve("2"), real.resolve("sluice.lock.tsm"));
        assertThat(DirectoryUsers.find(proc, List.of(temp.resolve("data")))).isPresent();
    }

    @Test
    void directoriesThatAreNotThereHaveNoUsers() {
        assertThat(DirectoryUsers.find(proc, List.of(temp.resolve("nothing")))).isEmpty();
    }
}
