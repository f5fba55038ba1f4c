package dev.sluice.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EndTest {

    @Test
    void readsEveryKindOfEnd() {
        assertThat(End.parse("-")).isEqualTo(new End.Stream());
        assertThat(End.parse("influxd://db1:8088")).isEqualTo(new End.Live(new ServerAddress("db1", 8088)));
        assertThat(End.parse("http://db1")).isEqualTo(new End.Http(HttpEndpoint.plain("db1", 8086)));
        assertThat(End.parse("https://db1:443/influx"))
                .isEqualTo(new End.Http(new HttpEndpoint("db1", 443, true, true, "/influx")));
        assertThat(End.parse("portable:/b/monday")).isEqualTo(new End.Portable(Path.of("/b/monday")));
        assertThat(End.parse("legacy:/b/old")).isEqualTo(new End.Legacy(Path.of("/b/old")));
        assertThat(End.parse("stream:/b/monday.zst")).isEqualTo(new End.StreamFile(Path.of("/b/monday.zst")));
        assertThat(End.parse("./-")).isEqualTo(new End.Directory(Path.of("./-")));
        assertThat(End.parse("/b/what:ever")).isEqualTo(new End.Directory(Path.of("/b/what:ever")));
    }

    @Test
    void looksForMetaAndWalBesideTheDataUnlessTold() {
        var plain = (End.Data) End.parse("data:/var/lib/influxdb/data");
        assertThat(plain.metaDir()).isEqualTo(Path.of("/var/lib/influxdb/meta"));
        assertThat(plain.walDir()).isEqualTo(Path.of("/var/lib/influxdb/wal"));

        assertThat(End.parse("data:/d?meta=/m&wal=/w"))
                .isEqualTo(new End.Data(Path.of("/d"), Optional.of(Path.of("/m")), Optional.of(Path.of("/w"))));
    }

    @Test
    void refusesWhatNamesNothing() {
        assertThatThrownBy(() -> End.parse("portable:")).hasMessageContaining("names no directory");
        assertThatThrownBy(() -> End.parse("data:/d?met=/m")).hasMessageContaining("meta=DIR and wal=DIR");
        assertThatThrownBy(() -> End.parse("influxd://")).isInstanceOf(IllegalArgumentException.class);
    }

    /** Ends are shown, in messages and reports; secrets are not. */
    @Test
    void takesNoCredentialsAndDoesNotRepeatThem() {
        assertThatThrownBy(() -> End.parse("http://ann:secret@db1:8086"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-username")
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> HttpEndpoint.parse("https://ann:secret@db1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
    }
}
