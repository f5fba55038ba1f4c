package dev.sluice.engine.stage.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.Compression.Codec;
import dev.sluice.engine.stage.codec.CodecSamples.Content;
import dev.sluice.engine.stage.codec.CodecSamples.Placement;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.List;
import reactor.core.publisher.Flux;

/** What every encoder must do, whoever wrote it. */
public final class SlabEncoderCheck {

    private static final List<Integer> SMALL = List.of(0, 1, 2, 65_535, 65_536);
    private static final int LARGE = 1 << 20;
    private static final byte[] BEFORE = {9, 8, 7};

    private SlabEncoderCheck() {}

    /** All contents and sizes up to 64 KiB, one content wherever it may lie. */
    public static void smallSlabsComeBack(SlabEncoder encoder, Codec codec) {
        for (Content content : Content.values()) {
            for (int size : SMALL) {
                byte[] raw = content.bytes(size);
                if (content != Content.TSM) {
                    comesBack(encoder, codec, raw, Placement.DIRECT_WITH_OFFSET, true);
                    continue;
                }
                for (Placement placement : Placement.values()) {
                    comesBack(encoder, codec, raw, placement, true);
                    comesBack(encoder, codec, raw, placement, false);
                }
            }
        }
    }

    /** All contents at 1 MiB. */
    public static void largeSlabsComeBack(SlabEncoder encoder, Codec codec) {
        for (Content content : Content.values()) {
            comesBack(encoder, codec, content.bytes(LARGE), Placement.DIRECT_SLICE, true);
        }
        comesBack(encoder, codec, Content.TSM.bytes(LARGE), Placement.COMPOSITE, false);
    }

    private static void comesBack(SlabEncoder encoder, Codec codec, byte[] raw, Placement placement, boolean direct) {
        int bound = encoder.bound(raw.length);
        ByteBuf slab = placement.of(raw);
        ByteBuf out = direct ? Unpooled.directBuffer(BEFORE.length + bound) : Unpooled.buffer(BEFORE.length + bound);
        try {
            int readerIndex = slab.readerIndex();
            out.writeBytes(BEFORE);
            encoder.encode(slab, out);

            String what = "%s, %d bytes, %s".formatted(encoder.name(), raw.length, placement);
            assertThat(slab.refCnt()).as(what).isEqualTo(1);
            assertThat(slab.readerIndex()).as(what).isEqualTo(readerIndex);
            assertThat(slab.readableBytes()).as(what).isEqualTo(raw.length);
            byte[] before = new byte[BEFORE.length];
            out.readBytes(before);
            assertThat(before).as(what).isEqualTo(BEFORE);
            byte[] piece = CodecSamples.bytes(out);
            assertThat(piece.length).as(what).isBetween(1, bound);
            byte[] theirs = codec == Codec.GZIP ? CodecSamples.gunzip(piece) : CodecSamples.unzstd(piece);
            assertThat(theirs).as(what).isEqualTo(raw);
            assertThat(decoded(codec, out.retainedSlice())).as(what).isEqualTo(raw);
        } finally {
            slab.release();
            out.release();
        }
    }

    /** What our decoder makes of it; releases the buffers. */
    public static byte[] decoded(Codec codec, ByteBuf... compressed) {
        var raw = new ByteArrayOutputStream();
        Flux.just(compressed)
                .transform(Decoders.forCodec(codec, "test"))
                .doOnNext(chunk -> {
                    raw.writeBytes(CodecSamples.bytes(chunk));
                    chunk.release();
                })
                .blockLast();
        return raw.toByteArray();
    }
}
