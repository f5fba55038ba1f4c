package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpdateLimitTest {

    /** 693 bytes worked and 1,293 failed on 1.6.7 over segments of 1,448 bytes (observed). */
    @ParameterizedTest
    @CsvSource({
        "1.6.7, db1, 693, false",
        "1.6.7, db1, 1293, true",
        "1.8.7, 192.0.2.1, 1293, true",
        "1.8.8, db1, 1293, false",
        "1.8.9, db1, 200000, false",
        "1.8.10, db1, 200000, false",
        "1.6.7, localhost, 32768, false",
        "1.6.7, 127.0.0.2, 32768, false",
        "1.6.7, ::1, 32768, false",
        "1.6.7, localhost, 129809, true",
        "2.0.0, db1, 200000, false"
    })
    void anOldServerIsGivenOnlyWhatArrivesAtOnce(String version, String host, int size, boolean refused) {
        var limit = new UpdateLimit(new ServerAddress(host, 8088), ServerVersion.parse(version));

        assertThat(limit.refuses(update("db", size))).isEqualTo(refused);
        assertThat(limit.warning(List.of(update("db", size)))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"db1, 693, false", "db1, 1293, true", "localhost, 1293, false"})
    void ofAnUnknownVersionNothingIsRefusedAndTheDoubtIsTold(String host, int size, boolean doubtful) {
        var limit = new UpdateLimit(new ServerAddress(host, 8088), ServerVersion.parse("unknown"));

        assertThat(limit.refuses(update("db", size))).isFalse();
        assertThat(limit.warning(List.of(update("small", 10), update("large", size))))
                .map(notice -> notice.message().contains("'large'")
                        && !notice.message().contains("'small'"))
                .isEqualTo(doubtful ? Optional.of(true) : Optional.empty());
    }

    @ParameterizedTest
    @CsvSource({"1.8.7, true", "1.8.8, true", "1.8.9, true", "1.8.10, false"})
    void oneEightEightNeedsTheHeadInOneSegment(String version, boolean refused) {
        var limit = new UpdateLimit(new ServerAddress("db1", 8088), ServerVersion.parse(version));

        assertThat(limit.refuses(update("<".repeat(255), 10))).isEqualTo(refused);
    }

    private static MetastoreUpdate update(String database, int size) {
        return new MetastoreUpdate(database, database, "", "", Metadata.of(new byte[size]));
    }
}
