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
                .containsExactly(new ServeRequest(new ServerAddress("127.0.0.1", 8088), data, meta, false));
    }

    @Test
    void mayWriteIntoDirectoriesThatAreNotThereYet() {
        Path data = dir.resolve("data");
        Path meta = dir.resolve("meta");
        Run run = new Run();

        run.cli("serve", "--writable", "-datadir", data.toString(), "-metadir", meta.toString(), "-bind", "10.0.0.1:9");

        assertThat(run.engine.serves)
                .containsExactly(new ServeRequest(new ServerAddress("10.0.0.1", 9), data, meta, true));
        assertThat(run.err()).contains("can read all data and restore into it");
    }

    @Test
    void warnsOfALogThatIsNotServed() throws IOException {
        Path data = Files.createDirectory(dir.resolve("data"));
        Path meta = Files.createDirectory(dir.resolve("meta"));
        Path shard = Files.createDirectories(dir.resolve("wal/db/rp/1"));
        Path segment = Files.createFile(shard.resolve("_00001.wal"));
        Run empty = new Run();
        Run filled = new Run();

        empty.cli("serve", "-datadir", data.toString(), "-metadir", meta.toString());
        Files.writeString(segment, "points");
        filled.cli("serve", "-datadir", data.toString(), "-metadir", meta.toString());

        assertThat(empty.err()).doesNotContain("write-ahead");
        assertThat(filled.err())
                .contains("write-ahead log below " + dir.resolve("wal") + " is not served")
                .contains("sluice copy data:" + data);
    }

    @Test
    void needsDirectories() throws IOException {
        Path file = Files.writeString(dir.resolve("file"), "");
        Run run = new Run();

        assertThat(run.cli("serve", "-datadir", dir.resolve("none").toString(), "-metadir", dir.toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("serve", "--writable", "-datadir", file.toString(), "-metadir", dir.toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(run.engine.serves).isEmpty();
    }
}
