package dev.sluice.engine.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.RandomCancel;
import dev.sluice.engine.tsm.CheckDepth;
import dev.sluice.engine.tsm.TombstoneWriter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** The stages that look at parts while they pass, cancelled at any moment. */
class ChecksCancelTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

    @Test
    void theCheckOfBlocksLeaksNothing() throws IOException {
        leaksNothing(new BlockCheck(CheckDepth.VALUES));
    }

    @Test
    void theCheckOfWhatAServerCanOpenLeaksNothing() throws IOException {
        leaksNothing(new Indexable(true));
    }

    private static void leaksNothing(ShardStage stage) throws IOException {
        byte[] tar = Answers.shard(SHARD, files());
        try (var cancel = new RandomCancel()) {
            for (int seed = 0; seed < 1_000; seed++) {
                List<ByteBuf> pieces = cut(tar, new Random(seed));

                cancel.run(
                        seed,
                        List.copyOf(pieces),
                        bytes -> stage.apply(SHARD, parts(bytes), notice -> {}),
                        ShardPart::release);

                assertThat(pieces).as("seed %d", seed).allMatch(piece -> piece.refCnt() == 0);
            }
        }
    }

    private static Flux<ShardPart> parts(Flux<ByteBuf> bytes) {
        return bytes.transform(TarReader.parts(SHARD));
    }

    /** A tombstone, whose check holds native memory while it is read, sound files, and one that no server can open. */
    private static Map<String, byte[]> files() throws IOException {
        var tombstone = new ByteArrayOutputStream();
        try (var writer = new TombstoneWriter(tombstone)) {
            for (int i = 0; i < 200; i++) {
                writer.delete("m,host=%d#!~#f".formatted(i).getBytes(StandardCharsets.UTF_8), i, i + 1);
            }
        }
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("000000001-000000001.tombstone", tombstone.toByteArray());
        files.putAll(Answers.tsmFiles(1, 2));
        files.put("000000003-000000001.tsm", new byte[3_000]);
        return files;
    }

    private static List<ByteBuf> cut(byte[] bytes, Random random) {
        List<ByteBuf> pieces = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(2_000));
            pieces.add(UnpooledByteBufAllocator.DEFAULT.directBuffer(length).writeBytes(bytes, at, length));
            at += length;
        }
        return pieces;
    }
}
