package dev.sluice.engine.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;

/** Bytes that the original client and real servers exchanged. */
final class Recorded {

    static final List<String> VERSIONS = List.of("1.6.7", "1.8.10", "1.12.4");

    private Recorded() {}

    static Stream<String> versions() {
        return VERSIONS.stream();
    }

    static byte[] rpc(String version, String name) {
        String path = "/fixtures/backups/%s/rpc/%s".formatted(version, name);
        try (InputStream in = Recorded.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalArgumentException("no fixture " + path);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The buffer's bytes; releases it. */
    static byte[] drain(ByteBuf buffer) {
        byte[] bytes = ByteBufUtil.getBytes(buffer);
        buffer.release();
        return bytes;
    }

    /** Needs no release. */
    static ByteBuf buffer(byte[] bytes) {
        return Unpooled.wrappedBuffer(bytes);
    }
}
