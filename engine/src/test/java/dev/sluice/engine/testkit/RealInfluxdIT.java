package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kit itself: what other tests build on. */
@RequiresInfluxd
class RealInfluxdIT {

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void keepsWhatWasWrittenAcrossARestart(RealInfluxd.Binary binary) {
        try (RealInfluxd server = RealInfluxd.started(binary)) {
            server.createDatabase("a.b \"c\" 日本");
            server.write("a.b \"c\" 日本", "m,t=x f=1.5,i=2i,b=true,s=\"é\" 1000000000");

            server.stop();
            server.start();

            assertThat(server.rows("SELECT * FROM m", "a.b \"c\" 日本"))
                    .containsExactly("m time=1000000000 b=true f=1.5 i=2 s=é t=x");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")
    void itsOwnToolsBringADatabaseToAnotherServer(RealInfluxd.Binary binary, @TempDir Path backup) {
        try (RealInfluxd first = RealInfluxd.started(binary);
                RealInfluxd second = RealInfluxd.started(binary)) {
            SampleLines.fill(first, 1);

            assertThat(first.influxdBackup("-portable", backup.toString()).exitCode())
                    .isZero();
            assertThat(second.influxdRestore("-portable", backup.toString()).exitCode())
                    .isZero();

            assertThat(SampleLines.answers(second))
                    .hasSize(SampleLines.SHARDS * SampleLines.POINTS_PER_SHARD)
                    .isEqualTo(SampleLines.answers(first));
        }
    }
}
