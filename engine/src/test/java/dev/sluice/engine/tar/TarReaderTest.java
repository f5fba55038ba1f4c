package dev.sluice.engine.tar;

import static dev.sluice.engine.tar.Archives.SHARD;
import static dev.sluice.engine.tar.Archives.cut;
import static dev.sluice.engine.tar.Archives.entry;
import static dev.sluice.engine.tar.Archives.header;
import static dev.sluice.engine.tar.Archives.joined;
import static dev.sluice.engine.tar.Archives.sealed;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.Archives.NoError;
import dev.sluice.engine.tar.Archives.Story;
import dev.sluice.engine.testkit.RandomCancel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class TarReaderTest {

    private static final String TSM = "telemetry/autogen/1/000000001-000000001.tsm";
    private static final byte[] ZEROS = new byte[512];

    @ParameterizedTest
    @ValueSource(strings = {"1.6.7", "1.8.10", "1.12.4"})
    void readsWhatEachServerSends(String version) {
        byte[] answer = Archives.recorded(version + "/rpc/shard.response");
        var story = new Story();

        assertThat(Archives.readAll(cut(answer), SHARD, story)).isInstanceOf(NoError.class);

        assertThat(story.lines).hasSize(3);
        assertThat(story.lines.get(0)).startsWith("000000001-000000001.tsm 52809 2026-11-23T00:24:");
        assertThat(story.lines).endsWith("end after 52809", "files 1");
        assertThat(story.content.toByteArray()).isEqualTo(Arrays.copyOfRange(answer, 512, 512 + 52809));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.6.7", "1.8.10", "1.12.4"})
    void anEmptyShardIsAnArchiveWithoutFiles(String version) {
        byte[] answer = Archives.recorded(version + "/rpc/shard-since-future.response");
        var story = new Story();

        assertThat(Archives.readAll(cut(answer), SHARD, story)).isInstanceOf(NoError.class);

        assertThat(story.lines).containsExactly("files 0");
    }

    @Test
    void readsTombstonesAndPaxHeaders() {
        var story = new Story();

        assertThat(Archives.readAll(
                        cut(Archives.recorded("1.8.10/portable-deletes/20261123T002431Z.s4.tar.gz")),
                        new ShardRef("telemetry", "one.week", 4),
                        story))
                .isInstanceOf(NoError.class);
        assertThat(Archives.readAll(
                        cut(Archives.recorded("1.8.10/portable-all/20261123T002426Z.s18.tar.gz")),
                        new ShardRef("plant 日本", "one.week", 18),
                        story))
                .isInstanceOf(NoError.class);

        assertThat(story.lines).anyMatch(line -> line.startsWith("000000001-000000001.tombstone 96 "));
        assertThat(story.lines).endsWith("end after 20178", "files 1");
    }

    @ParameterizedTest
    @ValueSource(ints = {TarArchiveOutputStream.LONGFILE_GNU, TarArchiveOutputStream.LONGFILE_POSIX})
    void readsLongNamesAsOtherToolsWriteThem(int mode) throws Exception {
        var shard = new ShardRef("d".repeat(200), "p".repeat(120), 7);
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(bytes, 512)) {
            tar.setLongFileMode(mode);
            var entry = new TarArchiveEntry(shard + "/x.tsm");
            entry.setSize(3);
            entry.setModTime(1_700_000_000_000L);
            tar.putArchiveEntry(entry);
            tar.write(new byte[] {1, 2, 3});
            tar.closeArchiveEntry();
        }
        var story = new Story();

        assertThat(Archives.readAll(cut(bytes.toByteArray()), shard, story)).isInstanceOf(NoError.class);

        assertThat(story.lines).containsExactly("x.tsm 3 2023-11-14T22:13:20Z", "end after 3", "files 1");
    }

    @Test
    void paxRecordsGoBeforeTheHeader() {
        String records = """
                23 mtime=1700000000.25
                9 size=3
                18 comment=size=4
                9 gname=
                """;
        byte[] archive = joined(pax(records), header(TSM, 0), Arrays.copyOf(new byte[] {1, 2, 3}, 512), ZEROS, ZEROS);
        var story = new Story();

        assertThat(Archives.readAll(cut(archive), SHARD, story)).isInstanceOf(NoError.class);

        assertThat(story.lines)
                .containsExactly("000000001-000000001.tsm 3 2023-11-14T22:13:20.250Z", "end after 3", "files 1");
    }

    @Test
    void leaksNothingWhenCancelledAnywhere() {
        byte[] archive = Archives.of(entry(TSM, 3_000), entry(TSM.replace("1.tsm", "2.tsm"), 700));
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 3_000; seed++) {
                List<ByteBuf> pieces = cut(archive, Archives.randomBorders(archive, new Random(seed)));

                cancel.run(seed, List.copyOf(pieces), TarReader.parts(SHARD), ShardPart::release);

                assertThat(pieces).as("seed %d", seed).allMatch(piece -> piece.refCnt() == 0);
            }
        }
    }

    @Test
    void tellsTheSameHoweverTheInputIsCut() {
        byte[] archive = Archives.of(
                entry("日本/r.p x/5/000000001-000000001.tsm", 700),
                entry("日本/r.p x/5/000000001-000000002.tsm", 0),
                entry("日本/r.p x/5/000000002-000000001.tsm", 1024),
                entry("日本/r.p x/5/000000002-000000001.tombstone", 5));
        var shard = new ShardRef("日本", "r.p x", 5);
        var whole = new Story();
        assertThat(Archives.readAll(cut(archive), shard, whole)).isInstanceOf(NoError.class);

        for (int seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            byte[] some = seed % 3 == 0 ? archive : Arrays.copyOf(archive, random.nextInt(archive.length) + 1);
            if (seed % 3 == 2) {
                some[random.nextInt(some.length)] ^= 1;
            }
            var expected = new Story();
            Throwable expectedEnd = Archives.readAll(cut(some), shard, expected);
            var story = new Story();
            List<ByteBuf> pieces = cut(some, Archives.randomBorders(some, random));

            Throwable end = Archives.readAll(pieces, shard, story);

            assertThat(story.lines).as("seed %d", seed).isEqualTo(expected.lines);
            assertThat(story.content.toByteArray()).isEqualTo(expected.content.toByteArray());
            assertThat(end).hasSameClassAs(expectedEnd);
            assertThat(end.getMessage()).as("seed %d", seed).isEqualTo(expectedEnd.getMessage());
            assertThat(pieces).as("seed %d", seed).allMatch(piece -> piece.refCnt() == 0);
        }
    }

    @Test
    void failsWhereverTheInputEndsEarly() {
        byte[] archive = joined(
                header("日本/r.p x/5/000000001-000000001.tsm", 3),
                new byte[512],
                Archives.of(entry("日本/r.p x/5/000000001-000000002.tsm", 512)));
        var shard = new ShardRef("日本", "r.p x", 5);

        for (int length = 0; length < archive.length; length++) {
            List<ByteBuf> pieces = cut(Arrays.copyOf(archive, length), length / 2);

            Throwable error = Archives.readAll(pieces, shard, new Story());

            if (length == 0) {
                assertThat(error).isInstanceOf(EmptyAnswer.class).hasMessageContaining("日本/r.p x/5");
            } else {
                assertThat(error)
                        .as("cut after %d", length)
                        .isInstanceOf(ArchiveDamaged.class)
                        .hasMessageContaining("ended")
                        .hasMessageEndingWith(", after " + length + " bytes");
            }
            assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
        }
        assertThat(Archives.readAll(cut(archive), shard, new Story())).isInstanceOf(NoError.class);
    }

    @ParameterizedTest
    @CsvSource({
        "100, inside a header",
        "512, 'inside 000000001-000000001.tsm, at 0 of 5 bytes'",
        "514, 'inside 000000001-000000001.tsm, at 2 of 5 bytes'",
        "517, right after 000000001-000000001.tsm",
        "1024, before its end marker",
        "1536, inside its end marker",
        "2000, inside its end marker"
    })
    void saysWhereTheInputEnded(int length, String where) {
        byte[] archive = Archives.of(entry(TSM, 5));

        assertThat(Archives.readAll(cut(Arrays.copyOf(archive, length)), SHARD, new Story()))
                .isInstanceOfSatisfying(ArchiveDamaged.class, e -> {
                    assertThat(e).hasMessageContaining("archive of shard telemetry/autogen/1 ended " + where + ",");
                    assertThat(e.received()).isEqualTo(length);
                });
    }

    @Test
    void refusesDataAfterTheEndMarker() {
        byte[] archive = Archives.of(entry(TSM, 5));

        assertDamaged(joined(archive, new byte[1]), "goes on after its end marker", archive.length);
        assertDamaged(joined(archive, archive), "goes on after its end marker", archive.length);
    }

    @Test
    void refusesHalfAnEndMarkerAndThenData() {
        assertDamaged(joined(ZEROS, Archives.of(entry(TSM, 5))), "first half of its end marker", 512);
    }

    @Test
    void refusesAWrongChecksum() {
        byte[] archive = Archives.of(entry(TSM, 5), entry(TSM + "2", 5));
        archive[1024] ^= 1;

        assertDamaged(archive, "has a header with a wrong checksum", 1024);
    }

    @Test
    void refusesWhatIsNoTarAtAll() {
        byte[] http = "HTTP/1.1 400 Bad Request\r\n".repeat(40).getBytes(UTF_8);

        assertDamaged(http, "has a header", 0);
    }

    @ParameterizedTest
    @ValueSource(chars = {'1', '2', '3', '4', '5', '6', '7', 'S', 'K', 'g', 'V'})
    void refusesEntriesThatAreNotFiles(char type) {
        byte[] header = header(TSM, 0);
        header[156] = (byte) type;

        assertDamaged(joined(sealed(header), new byte[1024]), "an entry that is not a file, of type 0x", 0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "telemetry/autogen/1/../2/a.tsm",
                "telemetry/autogen/1/..",
                "telemetry/autogen/1/.",
                "telemetry/autogen/1/",
                "telemetry/autogen/1",
                "telemetry/autogen/1/sub/a.tsm",
                "telemetry/autogen/1/sub\\a.tsm",
                "telemetry/autogen/1/a\n.tsm",
                "/telemetry/autogen/1/a.tsm",
                "./telemetry/autogen/1/a.tsm",
                "telemetry/autogen/10/a.tsm",
                "telemetry/autogen/2/a.tsm",
                "other/autogen/1/a.tsm",
                "a.tsm"
            })
    void refusesPathsOutsideTheShard(String path) {
        assertDamaged(joined(header(path, 0), new byte[1024]), "an entry that does not belong to it", 0);
    }

    @Test
    void refusesTheSameNameTwice() {
        assertDamaged(Archives.of(entry(TSM, 5), entry(TSM, 6)), "has 000000001-000000001.tsm twice", 1024);
    }

    @Test
    void refusesSizesBelowZeroAndBeyondReason() {
        byte[] negative = header(TSM, 0);
        Arrays.fill(negative, 124, 136, (byte) 0xff);
        byte[] absurd = header(TSM, 0);
        Arrays.fill(absurd, 124, 136, (byte) 0);
        absurd[124] = (byte) 0x80;
        absurd[128] = 1;

        assertDamaged(joined(sealed(negative), ZEROS, ZEROS), "has a header that cannot be read", 0);
        assertDamaged(joined(sealed(absurd), ZEROS, ZEROS), "has a file of 72057594037927936 bytes", 0);
        assertDamaged(joined(header(TSM, (1L << 50) + 1), ZEROS, ZEROS), "has a file of 1125899906842625 bytes", 1024);
    }

    @Test
    void refusesExtendedHeadersThatAreTooLongOrLeadNowhere() {
        byte[] pax = header("telemetry/autogen/1/PaxHeaders.0/x", 64 * 1024 + 1);
        pax[156] = 'x';
        byte[] small = header("telemetry/autogen/1/PaxHeaders.0/x", 8);
        small[156] = 'x';
        byte[] body = Arrays.copyOf("8 a=bcd\n".getBytes(UTF_8), 512);

        assertDamaged(joined(sealed(pax), new byte[1024]), "has an extended header of 65537 bytes", 0);
        assertDamaged(joined(sealed(small), body, new byte[1024]), "has an extended header without a file", 1024);
        assertDamaged(joined(sealed(small), body), "ended before a file", 1024);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9 a=bcd\n",
                "99999999999999999999 a=b\n",
                "0 a=b\n",
                "-5 a=b\n",
                "x a=b\n",
                "8 abcde\n",
                "8 a=bcdX",
                "13 size=1e4x\n",
                "13 mtime=now\n",
                "12 size=-1x\n",
                "24 GNU.sparse.size=1234\n"
            })
    void refusesBrokenPaxRecords(String records) {
        assertDamaged(joined(pax(records), Archives.of(entry(TSM, 1))), "has an extended header that ", 512);
    }

    @Test
    void passesBodiesOnWithoutCopying() {
        ByteBuf input = cut(Archives.of(entry(TSM, 400_000))).get(0);
        var parts = new ArrayList<ShardPart>();

        Flux.just(input).transform(TarReader.parts(SHARD)).doOnNext(parts::add).blockLast();

        assertThat(parts.get(1)).isInstanceOfSatisfying(ShardPart.Bytes.class, bytes -> {
            assertThat(bytes.data().readableBytes()).isEqualTo(400_000);
            assertThat(bytes.data().memoryAddress()).isEqualTo(input.memoryAddress() + 512);
        });
        parts.forEach(ShardPart::release);
        assertThat(input.refCnt()).isZero();
    }

    @Test
    void asksForOneBufferAtATimeAndOnlyOnDemand() {
        byte[] archive = Archives.of(entry(TSM, 2000));
        TestPublisher<ByteBuf> server = TestPublisher.create();

        server.flux()
                .transform(TarReader.parts(SHARD))
                .as(parts -> StepVerifier.create(parts, 0))
                .then(() -> server.assertMaxRequested(0))
                .thenRequest(1)
                .then(() -> server.assertMaxRequested(1))
                .then(() -> server.next(cut(Arrays.copyOf(archive, 1000)).get(0)))
                .consumeNextWith(ShardPart::release)
                .then(() -> server.assertMaxRequested(1))
                .thenRequest(1)
                .consumeNextWith(ShardPart::release)
                .thenCancel()
                .verify();

        server.assertMaxRequested(1);
    }

    @Test
    void releasesWhatItHoldsWhenCancelledAnywhere() {
        byte[] archive = Archives.of(entry(TSM, 700), entry(TSM + "2", 30), entry(TSM + "3", 0));
        for (int taken = 1; taken < 10; taken++) {
            List<ByteBuf> pieces = cut(archive, 100, 600, 600, 1024, 1800);

            Archives.source(pieces)
                    .transform(TarReader.parts(SHARD))
                    .take(taken)
                    .doOnNext(ShardPart::release)
                    .blockLast();

            assertThat(pieces).as("after %d parts", taken).allMatch(piece -> piece.refCnt() == 0);
        }
    }

    @Test
    void releasesWhatArrivesAfterTheEnd() {
        ByteBuf damaged = cut(new byte[] {1}).get(0);
        ByteBuf late = cut(new byte[600]).get(0);
        ByteBuf garbage = cut("x".repeat(512).getBytes(UTF_8)).get(0);
        TestPublisher<ByteBuf> server = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);

        server.flux()
                .transform(TarReader.parts(SHARD))
                .as(StepVerifier::create)
                .then(() -> server.next(garbage))
                .verifyError(ArchiveDamaged.class);
        assertThat(garbage.refCnt()).isZero();

        TestPublisher<ByteBuf> another = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        another.flux()
                .transform(TarReader.parts(SHARD))
                .as(StepVerifier::create)
                .then(() -> another.next(damaged))
                .thenCancel()
                .verify();
        another.next(late);

        assertThat(damaged.refCnt()).isZero();
        assertThat(late.refCnt()).isZero();
    }

    @Test
    void passesTheServersOwnErrorOn() {
        ByteBuf half = cut(header(TSM, 5)).get(0);

        Flux.just(half)
                .concatWith(Mono.error(new IllegalStateException("reset")))
                .transform(TarReader.parts(SHARD))
                .doOnNext(ShardPart::release)
                .as(StepVerifier::create)
                .expectNextCount(1)
                .verifyErrorMessage("reset");

        assertThat(half.refCnt()).isZero();
    }

    @Test
    void eachSubscriptionReadsForItself() {
        Flux<ShardPart> parts = Flux.defer(() -> Flux.fromIterable(cut(Archives.of(entry(TSM, 5)), 700)))
                .transform(TarReader.parts(SHARD));

        for (int i = 0; i < 2; i++) {
            parts.doOnNext(ShardPart::release)
                    .as(StepVerifier::create)
                    .expectNextCount(4)
                    .verifyComplete();
        }
    }

    @Test
    void keepsTheHeaderAsItCame() {
        byte[] archive = Archives.recorded("1.8.10/portable-all/20261123T002426Z.s18.tar.gz");

        Flux.fromIterable(cut(archive, 511, 513, 1535))
                .transform(TarReader.parts(new ShardRef("plant 日本", "one.week", 18)))
                .as(StepVerifier::create)
                .consumeNextWith(part -> {
                    ByteBuf raw = ((ShardPart.FileStart) part).rawHeader();
                    assertThat(ByteBufUtil.getBytes(raw)).isEqualTo(Arrays.copyOf(archive, 1536));
                    part.release();
                })
                .thenConsumeWhile(part -> true, ShardPart::release)
                .verifyComplete();
    }

    private static byte[] pax(String records) {
        byte[] body = records.getBytes(UTF_8);
        byte[] header = header("telemetry/autogen/1/PaxHeaders.0/x", body.length);
        header[156] = 'x';
        return joined(sealed(header), Arrays.copyOf(body, 512));
    }

    private static void assertDamaged(byte[] archive, String problem, long offset) {
        List<ByteBuf> pieces = cut(archive, archive.length / 3);
        assertThat(Archives.readAll(pieces, SHARD, new Story())).isInstanceOfSatisfying(ArchiveDamaged.class, e -> {
            assertThat(e).hasMessageContaining(problem);
            assertThat(e.received()).isEqualTo(offset);
        });
        assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
    }
}
