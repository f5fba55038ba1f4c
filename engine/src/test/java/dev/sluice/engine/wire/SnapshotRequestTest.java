package dev.sluice.engine.wire;

import static dev.sluice.engine.wire.Recorded.drain;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.wire.SnapshotRequest.DatabaseInfo;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreBackup;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import dev.sluice.engine.wire.SnapshotRequest.PolicyInfo;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import dev.sluice.engine.wire.SnapshotRequest.ShardExport;
import dev.sluice.engine.wire.SnapshotRequest.ShardUpload;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SnapshotRequestTest {

    private static final ByteBufAllocator ALLOC = PooledByteBufAllocator.DEFAULT;

    /** What each recorded request asks for. {@code unknown-type} is none of ours. */
    static final Map<String, SnapshotRequest> RECORDED = Map.ofEntries(
            Map.entry("dbinfo-all", new DatabaseInfo(Optional.empty())),
            Map.entry("dbinfo-missing", new DatabaseInfo(Optional.of("nope"))),
            Map.entry("dbinfo-one", new DatabaseInfo(Optional.of("telemetry"))),
            Map.entry("meta", new MetastoreBackup()),
            Map.entry("rpinfo", new PolicyInfo("telemetry", "autogen")),
            Map.entry("rpinfo-missing", new PolicyInfo("telemetry", "nope")),
            Map.entry("shard", ShardBackup.of(new ShardRef("telemetry", "autogen", 1), ShardBackup.ALL)),
            Map.entry("shard-missing", new ShardBackup(9999, ShardBackup.ALL)),
            Map.entry("shard-since-future", new ShardBackup(1, Instant.parse("2030-01-01T00:00:00Z"))),
            Map.entry(
                    "shard-export",
                    new ShardExport(1, Instant.parse("2026-01-01T00:30:00Z"), Instant.parse("2026-01-01T01:00:00Z"))));

    static Stream<Arguments> recorded() {
        return Recorded.versions()
                .flatMap(version -> RECORDED.entrySet().stream()
                        .map(entry -> Arguments.of(version, entry.getKey(), entry.getValue())));
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void isEncodedAsTheOriginalClientDoes(String version, String name, SnapshotRequest request) {
        assertThat(drain(request.encode(ALLOC))).isEqualTo(Recorded.rpc(version, name + ".request"));
    }

    @Test
    void escapesNamesAsGoDoes() {
        // sent by the original 1.6.7 client for -db 'a<&>'
        assertThat(text(new DatabaseInfo(Optional.of("a<&>"))))
                .contains("\"BackupDatabase\":\"a\\u003c\\u0026\\u003e\"");
        assertThat(text(new DatabaseInfo(Optional.of("\u2028\u2029\u001f\u007f\"\\日本 \ud83d\ude00"))))
                .contains("\"\\u2028\\u2029\\u001f\u007f\\\"\\\\日本 \ud83d\ude00\"");
    }

    @Test
    void writesHalfASurrogatePairAsGoDoes() {
        assertThat(text(new DatabaseInfo(Optional.of("x\ud83dy")))).contains("\"x\ufffdy\"");
    }

    @Test
    void writesIdsAboveTheSignedRange() {
        assertThat(text(new ShardBackup(-1, ShardBackup.ALL))).contains("\"ShardID\":18446744073709551615,");
    }

    @Test
    void writesAsManyDigitsOfASecondAsItTakes() {
        assertThat(text(new ShardBackup(1, Instant.parse("2020-01-01T00:00:00.120Z"))))
                .contains("\"Since\":\"2020-01-01T00:00:00.12Z\"");
        assertThat(text(new ShardBackup(1, Instant.parse("2020-01-01T00:00:00.123456789Z"))))
                .contains("\"Since\":\"2020-01-01T00:00:00.123456789Z\"");
    }

    @Test
    void sendsTheLimitsOfTimeForAnOpenRange() {
        assertThat(text(new ShardExport(1, ShardExport.NO_START, ShardExport.NO_END)))
                .contains("\"ExportStart\":\"1677-09-21T00:12:43.145224193Z\"")
                .contains("\"ExportEnd\":\"2262-04-11T23:47:16.854775807Z\"");
    }

    @Test
    void refusesAnExportWithoutAnEnd() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ShardExport(1, ShardExport.NO_START, RequestFields.UNSET))
                .withMessageContaining("end of an export");
    }

    @Test
    void refusesTimesThatTheServerCannotHold() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ShardExport(1, Instant.parse("1600-01-01T00:00:00Z"), ShardExport.NO_END));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ShardExport(1, ShardExport.NO_END, ShardExport.NO_START));
        assertThatIllegalArgumentException().isThrownBy(() -> new ShardBackup(1, Instant.MAX));
        assertThatIllegalArgumentException().isThrownBy(() -> new ShardBackup(1, Instant.MIN));
    }

    @Test
    void refusesEmptyNames() {
        assertThatIllegalArgumentException().isThrownBy(() -> new DatabaseInfo(Optional.of("")));
        assertThatIllegalArgumentException().isThrownBy(() -> new PolicyInfo("", "autogen"));
        assertThatIllegalArgumentException().isThrownBy(() -> new PolicyInfo("telemetry", ""));
    }

    @Test
    void putsMetadataRightBehindTheNewline() {
        var update = new MetastoreUpdate("a", "b", "p", "q", Metadata.of(new byte[] {1, 2, 3}));

        byte[] bytes = drain(update.encode(ALLOC));

        assertThat(new String(bytes, UTF_8))
                .startsWith("\u0003\u0006{\"Type\":6,\"BackupDatabase\":\"a\",\"RestoreDatabase\":\"b\","
                        + "\"BackupRetentionPolicy\":\"p\",\"RestoreRetentionPolicy\":\"q\",\"ShardID\":0,")
                .endsWith("\"UploadSize\":3}\n\u0001\u0002\u0003");
    }

    @Test
    void announcesAnUploadInTenBytes() {
        assertThat(drain(new ShardUpload(0x0102030405060708L).encode(ALLOC)))
                .containsExactly(3, 7, 1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void describesItself() {
        assertThat(new ShardBackup(-1, ShardBackup.ALL).describe()).isEqualTo("shard 18446744073709551615");
        assertThat(RECORDED.get("shard")).extracting(SnapshotRequest::describe).isEqualTo("shard telemetry/autogen/1");
        assertThat(new MetastoreBackup().describe()).isEqualTo("the metastore");
        assertThat(new DatabaseInfo(Optional.of("x")).describe()).isEqualTo("the shard list of database x");
        assertThat(new DatabaseInfo(Optional.empty()).describe()).isEqualTo("the shard list of all databases");
        assertThat(new PolicyInfo("x", "y").describe()).isEqualTo("the shard list of database x, retention policy y");
        assertThat(new ShardUpload(7).describe()).isEqualTo("the upload of shard 7");
    }

    private static String text(SnapshotRequest request) {
        return new String(drain(request.encode(ALLOC)), UTF_8);
    }
}
