package dev.sluice.engine.tar;

import static dev.sluice.engine.tar.Archives.SHARD;
import static dev.sluice.engine.tar.Archives.cut;
import static dev.sluice.engine.tar.Archives.entry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class TarWriterTest {

    private static final String TSM = "telemetry/autogen/1/000000001-000000001.tsm";

    @ParameterizedTest
    @CsvSource({
        "1.6.7/rpc/shard.response, telemetry/autogen/1",
        "1.8.10/rpc/shard.response, telemetry/autogen/1",
        "1.12.4/rpc/shard.response, telemetry/autogen/1",
        "1.6.7/rpc/shard-export.response, telemetry/autogen/1",
        "1.8.10/rpc/shard-export.response, telemetry/autogen/1",
        "1.12.4/rpc/shard-export.response, telemetry/autogen/1",
        "1.6.7/rpc/shard-since-future.response, telemetry/autogen/1",
        "1.8.10/rpc/shard-since-future.response, telemetry/autogen/1",
        "1.12.4/rpc/shard-since-future.response, telemetry/autogen/1",
        "1.8.10/portable-all/20261123T002426Z.s18.tar.gz, plant 日本/one.week/18",
        "1.8.10/portable-deletes/20261123T002431Z.s3.tar.gz, telemetry/autogen/3",
        "1.8.10/portable-deletes/20261123T002431Z.s4.tar.gz, telemetry/one.week/4"
    })
    void writesByteForByteWhatWasRead(String file, String path) {
        byte[] archive = Archives.recorded(file);
        ShardRef shard = ShardRef.parse(path).orElseThrow();
        for (int seed = 0; seed < 20; seed++) {
            List<ByteBuf> pieces = cut(archive, Archives.randomBorders(archive, new Random(seed)));

            byte[] written = Archives.drain(
                    Flux.fromIterable(pieces).transform(TarReader.parts(shard)).transform(TarWriter::bytes));

            assertThat(written).isEqualTo(archive);
            assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
        }
    }

    @Test
    void releasesWhatItHoldsWhenCancelledAnywhere() {
        byte[] archive = Archives.of(entry(TSM, 700), entry(TSM + "2", 30));
        for (int taken = 1; taken < 8; taken++) {
            List<ByteBuf> pieces = cut(archive, 100, 600, 600, 1024, 1800);

            Archives.source(pieces)
                    .transform(TarReader.parts(SHARD))
                    .transform(TarWriter::bytes)
                    .take(taken)
                    .doOnNext(ByteBuf::release)
                    .blockLast();

            assertThat(pieces).as("after %d buffers", taken).allMatch(piece -> piece.refCnt() == 0);
        }
    }

    @Test
    void refusesMoreBytesThanTheFileHas() {
        ByteBuf header = Unpooled.buffer().writeBytes(Archives.header(TSM, 3));
        ByteBuf data = Unpooled.buffer().writeZero(4);

        Flux.<ShardPart>just(new ShardPart.FileStart("a.tsm", 3, Instant.EPOCH, header), new ShardPart.Bytes(data))
                .transform(TarWriter::bytes)
                .as(StepVerifier::create)
                .consumeNextWith(ByteBuf::release)
                .verifyError(IllegalStateException.class);

        assertThat(data.refCnt()).isZero();
    }

    @Test
    void refusesAFileThatEndsTooSoon() {
        ByteBuf header = Unpooled.buffer().writeBytes(Archives.header(TSM, 3));

        Flux.<ShardPart>just(new ShardPart.FileStart("a.tsm", 3, Instant.EPOCH, header), new ShardPart.FileEnd())
                .transform(TarWriter::bytes)
                .as(StepVerifier::create)
                .consumeNextWith(ByteBuf::release)
                .verifyError(IllegalStateException.class);
    }

    @Test
    void neverCompletesAnArchiveWhoseEndItDidNotSee() {
        Flux.<ShardPart>empty()
                .transform(TarWriter::bytes)
                .as(StepVerifier::create)
                .verifyError(IllegalStateException.class);
    }

    @Test
    void anEmptyShardIsTheEndMarkerAlone() {
        Flux.<ShardPart>just(new ShardPart.ShardEnd(0))
                .transform(TarWriter::bytes)
                .as(StepVerifier::create)
                .consumeNextWith(marker -> {
                    assertThat(ByteBufUtil.getBytes(marker)).isEqualTo(new byte[1024]);
                    marker.release();
                })
                .verifyComplete();
    }
}
