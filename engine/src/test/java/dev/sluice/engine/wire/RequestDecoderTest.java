package dev.sluice.engine.wire;

import static dev.sluice.engine.wire.Recorded.buffer;
import static dev.sluice.engine.wire.Recorded.drain;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.wire.SnapshotRequest.DatabaseInfo;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreBackup;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import dev.sluice.engine.wire.SnapshotRequest.ShardExport;
import dev.sluice.engine.wire.SnapshotRequest.ShardUpload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestDecoderTest {

    private static final String JSON = "{}[]\",:0-e\\";

    static Stream<Arguments> recorded() {
        return SnapshotRequestTest.recorded();
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void readsWhatTheOriginalClientSends(String version, String name, SnapshotRequest request) {
        byte[] bytes = Recorded.rpc(version, name + ".request");

        SnapshotRequest decoded = decode(bytes);

        assertThat(decoded).isEqualTo(request);
        assertThat(drain(decoded.encode(ByteBufAllocator.DEFAULT))).isEqualTo(bytes);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void readsByteByByte(String version, String name, SnapshotRequest request) {
        byte[] bytes = Recorded.rpc(version, name + ".request");
        var decoder = new RequestDecoder();
        for (int i = 0; i < bytes.length - 2; i++) {
            assertThat(decoder.decode(buffer(new byte[] {bytes[i]}))).isEmpty();
        }

        assertThat(decoder.decode(buffer(new byte[] {'}'}))).contains(request);
    }

    @ParameterizedTest
    @MethodSource("dev.sluice.engine.wire.Recorded#versions")
    void refusesATypeThatServersDoNotKnow(String version) {
        assertRefused(Recorded.rpc(version, "unknown-type.request"), "request type 9 is not known", 1);
    }

    @Test
    void needsNeitherNewlineNorAllFieldsNorTheirCase() {
        assertThat(decode("\u0003\u0000{\"shardid\":1}")).isEqualTo(new ShardBackup(1, ShardBackup.ALL));
        assertThat(decode("\u0003\u0000 \n{ \"SHARDID\" : 18446744073709551615 }"))
                .isEqualTo(new ShardBackup(-1, ShardBackup.ALL));
        assertThat(decode("\u0003\u0001{}")).isEqualTo(new MetastoreBackup());
    }

    @Test
    void passesOverFieldsThatItDoesNotKnow() {
        assertThat(
                        decode(
                                "\u0003\u0000{\"x\":{\"ShardID\":5,\"y\":[1,{\"z\":null}]},\"ShardID\":7,\"w\":[[]],\"v\":1e3}"))
                .isEqualTo(new ShardBackup(7, ShardBackup.ALL));
    }

    @Test
    void takesNullForUnset() {
        assertThat(decode("\u0003\u0003{\"BackupDatabase\":null,\"Since\":null}"))
                .isEqualTo(new DatabaseInfo(Optional.empty()));
    }

    @Test
    void readsTimesWithNineDigitsAndZone() {
        assertThat(decode("\u0003\u0000{\"ShardID\":1,\"Since\":\"2020-01-01T02:00:00.123456789+02:00\"}"))
                .isEqualTo(new ShardBackup(1, Instant.parse("2020-01-01T00:00:00.123456789Z")));
    }

    @Test
    void takesTheZeroEndOfTheOriginalToolForNoEnd() {
        assertThat(decode("\u0003\u0005{\"ShardID\":1,\"ExportStart\":\"2020-01-01T00:00:00Z\","
                        + "\"ExportEnd\":\"0001-01-01T00:00:00Z\"}"))
                .isEqualTo(new ShardExport(1, Instant.parse("2020-01-01T00:00:00Z"), ShardExport.NO_END));
        assertThat(decode("\u0003\u0005{\"ShardID\":1,\"ExportEnd\":\"2020-01-01T00:00:00Z\"}"))
                .isEqualTo(new ShardExport(1, RequestFields.UNSET, Instant.parse("2020-01-01T00:00:00Z")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"ShardID\":\"1\"}",
                "{\"ShardID\":-1}",
                "{\"ShardID\":1.0}",
                "{\"ShardID\":18446744073709551616}",
                "{\"ShardID\":{}}",
                "{\"ShardID\":[1]}",
                "{\"BackupDatabase\":1}",
                "{\"BackupDatabase\":true}",
                "{\"Type\":256}",
                "{\"Since\":\"yesterday\"}",
                "{\"Since\":\"2020-01-01\"}",
                "{\"Since\":\"2020-02-30T00:00:00Z\"}",
                "{\"Since\":\"2020-01-01T00:00Z\"}",
                "{\"Since\":\"2020-01-01T00:00:00.1234567891Z\"}",
                "{\"Since\":\"0000-01-01T00:00:00+02:00\"}",
                "[]",
                "1 ",
                "\"x\"",
                "null ",
                "}",
                "{\"ShardID\"}",
                "{,}",
                "{]",
                "{\"a\":\u0000}",
                "GET / HTTP/1.1\r\n",
            })
    void refusesWhatServersRefuse(String json) {
        assertThatExceptionOfType(MalformedRequest.class)
                .isThrownBy(() -> decode("\u0003\u0000" + json))
                .withMessageStartingWith("JSON is not ")
                .satisfies(e -> assertThat(e.offset()).isBetween(2L, 2L + json.length()));
    }

    @Test
    void saysWhereTheJsonGoesWrong() {
        assertThatExceptionOfType(MalformedRequest.class)
                .isThrownBy(() -> decode("\u0003\u0000{\"ShardID\":1,\"Since\":5 ,\"x\":1}"))
                .withMessageContaining("Since must be a string")
                .satisfies(e -> assertThat(e.offset()).isBetween(23L, 25L));
    }

    @Test
    void refusesAnotherProtocolAtTheFirstByte() {
        assertRefused("G".getBytes(UTF_8), "first byte is 0x47, want 0x03", 0);
        assertRefused(new byte[] {(byte) 0x80}, "first byte is 0x80", 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 8, 255})
    void refusesTypesWithoutAnAnswer(int type) {
        assertRefused(new byte[] {3, (byte) type}, "request type " + type, 1);
    }

    @Test
    void refusesAPolicyListWithoutNames() {
        assertThatExceptionOfType(MalformedRequest.class)
                .isThrownBy(() -> decode("\u0003\u0004{\"BackupRetentionPolicy\":\"x\"}"))
                .withMessageContaining("database must not be empty");
    }

    @Test
    void refusesARangeThatEndsBeforeItStarts() {
        assertThatExceptionOfType(MalformedRequest.class)
                .isThrownBy(() -> decode("\u0003\u0005{\"ExportStart\":\"2021-01-01T00:00:00Z\","
                        + "\"ExportEnd\":\"2020-01-01T00:00:00Z\"}"));
    }

    @Test
    void refusesJsonWithoutEnd() {
        String json = "{\"x\":\"" + "x".repeat(RequestDecoder.MAX_JSON) + "\"}";
        assertRefused(("\u0003\u0000" + json).getBytes(UTF_8), "longer than 65536", 2 + RequestDecoder.MAX_JSON);

        var decoder = new RequestDecoder();
        byte[] blanks = " ".repeat(1000).getBytes(UTF_8);
        decoder.decode(buffer(new byte[] {3, 0}));
        assertThatExceptionOfType(MalformedRequest.class).isThrownBy(() -> {
            for (int i = 0; i < 70; i++) {
                decoder.decode(buffer(blanks));
            }
        });
    }

    @Test
    void takesJsonUpToTheBound() {
        String json = "{\"x\":\"" + "x".repeat(RequestDecoder.MAX_JSON - 8) + "\"}";
        assertThat(json).hasSize(RequestDecoder.MAX_JSON);
        assertThat(decode("\u0003\u0001" + json)).isEqualTo(new MetastoreBackup());
    }

    @Test
    void leavesTheTarOfAnUploadInTheBuffer() {
        ByteBuf in = buffer(new byte[] {3, 7, (byte) 0xff, 2, 3, 4, 5, 6, 7, 8, 't', 'a', 'r'});

        assertThat(new RequestDecoder().decode(in)).contains(new ShardUpload(0xff02030405060708L));

        assertThat(in.toString(UTF_8)).isEqualTo("tar");
    }

    @Test
    void leavesWhatFollowsTheJsonInTheBuffer() {
        ByteBuf in = buffer("\u0003\u0001{\"Type\":1}\nmore".getBytes(UTF_8));

        assertThat(new RequestDecoder().decode(in)).isPresent();

        assertThat(in.toString(UTF_8)).isEqualTo("\nmore");
    }

    @Test
    void readsMetadataHoweverItIsCut() {
        byte[] metadata = new byte[5000];
        new Random(1).nextBytes(metadata);
        var update = new MetastoreUpdate("a", "b", "", "", Metadata.of(metadata));
        byte[] bytes = drain(update.encode(ByteBufAllocator.DEFAULT));

        for (int cut : new int[] {0, 1, 2, 3, 100, bytes.length - 5001, bytes.length - 5000, bytes.length - 1}) {
            assertThat(decodeInPieces(bytes, cut)).as("cut at %d", cut).isEqualTo(update);
        }
        assertThat(new RequestDecoder().decode(buffer(Arrays.copyOf(bytes, bytes.length - 1))))
                .isEmpty();
    }

    @Test
    void waitsForTheByteBehindTheJsonOfAnUpdate() {
        var decoder = new RequestDecoder();
        assertThat(decoder.decode(buffer("\u0003\u0006{\"UploadSize\":0}".getBytes(UTF_8))))
                .isEmpty();

        assertThat(decoder.decode(buffer(new byte[] {'\n'})))
                .contains(new MetastoreUpdate("", "", "", "", Metadata.of(new byte[0])));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, RequestDecoder.MAX_UPLOAD + 1L})
    void refusesUploadSizesThatCrashServers(long size) {
        assertThatExceptionOfType(MalformedRequest.class)
                .isThrownBy(() -> decode("\u0003\u0006{\"UploadSize\":%d}\n".formatted(size)))
                .withMessageContaining("UploadSize");
    }

    @Test
    void doesNotAllocateWhatIsOnlyPromised() {
        byte[] bytes = "\u0003\u0006{\"UploadSize\":%d}\nxyz"
                .formatted(RequestDecoder.MAX_UPLOAD)
                .getBytes(UTF_8);

        assertThat(Allocated.by(() ->
                        assertThat(new RequestDecoder().decode(buffer(bytes))).isEmpty()))
                .isLessThan(4 << 20);
    }

    @Test
    void takesOneRequestOnly() {
        var decoder = new RequestDecoder();
        decoder.decode(buffer("\u0003\u0001{}".getBytes(UTF_8)));
        assertThatIllegalStateException().isThrownBy(() -> decoder.decode(buffer(new byte[] {3})));
    }

    @Test
    void garbageIsRefusedAndNothingElse() {
        var random = new Random(20_261_123);
        List<byte[]> samples = new ArrayList<>();
        SnapshotRequestTest.RECORDED.values().forEach(r -> samples.add(drain(r.encode(ByteBufAllocator.DEFAULT))));
        samples.add(drain(
                new MetastoreUpdate("a", "b", "", "", Metadata.of(new byte[50])).encode(ByteBufAllocator.DEFAULT)));

        int refused = 0;
        int complete = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = i % 5 == 0 ? noise(random) : mutation(samples.get(random.nextInt(samples.size())), random);
            try {
                var decoder = new RequestDecoder();
                ByteBuf in = buffer(bytes);
                int cut = random.nextInt(bytes.length + 1);
                Optional<SnapshotRequest> request = decoder.decode(in.readSlice(cut));
                if (request.isEmpty()) {
                    request = decoder.decode(in);
                }
                if (request.isPresent()) {
                    complete++;
                    assertThat(decode(drain(request.get().encode(ByteBufAllocator.DEFAULT))))
                            .as(new String(bytes, ISO_8859_1))
                            .isEqualTo(request.get());
                }
            } catch (MalformedRequest e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1000);
        assertThat(complete).isGreaterThan(500);
    }

    private static byte[] noise(Random random) {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        if (bytes.length > 1 && random.nextBoolean()) {
            bytes[0] = 3;
            bytes[1] = (byte) random.nextInt(8);
        }
        return bytes;
    }

    private static byte[] mutation(byte[] sample, Random random) {
        byte[] bytes = Arrays.copyOf(sample, sample.length - random.nextInt(3) * random.nextInt(sample.length) / 2);
        for (int n = random.nextInt(3); n > 0; n--) {
            bytes[random.nextInt(bytes.length)] =
                    (byte) (random.nextBoolean() ? random.nextInt(256) : JSON.charAt(random.nextInt(JSON.length())));
        }
        return bytes;
    }

    private static void assertRefused(byte[] bytes, String message, long offset) {
        assertThatExceptionOfType(MalformedRequest.class)
                .isThrownBy(() -> decode(bytes))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.offset()).isEqualTo(offset));
    }

    private static SnapshotRequest decodeInPieces(byte[] bytes, int cut) {
        var decoder = new RequestDecoder();
        assertThat(decoder.decode(buffer(Arrays.copyOf(bytes, cut)))).isEmpty();
        return decoder.decode(buffer(Arrays.copyOfRange(bytes, cut, bytes.length)))
                .orElseThrow();
    }

    private static SnapshotRequest decode(String bytes) {
        return decode(bytes.getBytes(UTF_8));
    }

    private static SnapshotRequest decode(byte[] bytes) {
        return new RequestDecoder().decode(buffer(bytes)).orElseThrow();
    }
}
