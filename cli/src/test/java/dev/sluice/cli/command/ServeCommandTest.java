package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.model.ServerAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {

    @TempDir
    Path dir;

    @Test
    void onlyReadsUnlessToldOtherwise() throws IOException {
        Path data = Files.createDirectory(dir.resolve("data"));
        Path meta = Files.createDirectory(dir.resolve("meta"));
        Run run = new Run();

        run.cli("serve", "-datadir", data.toString(), "-metadir", meta.toString());

        assertThat(run.engine.serves)
                .containsExactly(new ServeRequest(new ServerAddress("127.0.0.1", 8088), data, meta));
    }

    @Test
    void mayWriteIntoDirectoriesThatAreNotThereYet() {
        Path data = dir.resolve("data");
        Path meta = dir.resolve("meta");
        Run run = new Run();

        run.cli("serve", "--writable", "-datadir", data.toString(), "-metadir", meta.toString(), "-bind", "10.0.0.1:9");

        assertThat(run.engine.serves)
                .containsExactly(new ServeRequest(new ServerAddress("10.0.0.1", 9), data, meta).writing());
        assertThat(run.err()).contains("can read all data and restore into it");
    }

    @Test
    void servesTheLogFromWhereItIsSaidToLie() throws IOException {
        Path data = Files.createDirectory(dir.resolve("data"));
        Path meta = Files.createDirectory(dir.resolve("meta"));
        Path wal = Files.createDirectory(dir.resolve("fast"));
        Path scratch = dir.resolve("scratch");
        Run run = new Run();

        run.cli(
                "serve",
                "-datadir",
                data.toString(),
                "-metadir",
                meta.toString(),
                "-waldir",
                wal.toString(),
                "--scratch",
                scratch.toString());

        assertThat(run.engine.serves)
                .containsExactly(new ServeRequest(new ServerAddress("127.0.0.1", 8088), data, meta)
                        .withWal(wal)
                        .withScratch(scratch));
    }

    @Test
    void needsDirectories() throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "");
        Run run = new Run();

        assertThat(run.cli("serve", "-datadir", dir.resolve("none").toString(), "-metadir", dir.toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("serve", "--writable", "-datadir", file.toString(), "-metadir", dir.toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.cli(
                        "serve",
                        "-datadir",
                        dir.toString(),
                        "-metadir",
                        dir.toString(),
                        "-waldir",
                        dir.resolve("none").toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.engine.serves).isEmpty();
    }
}
