package dev.sluice.bench;

import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Plain blocking sockets to a server's backup port. */
final class Sockets {

    private static final int READ_BYTES = 256 * 1024;

    private Sockets() {}

    /** A connection with the request sent. */
    static SocketChannel ask(ServerAddress server, SnapshotRequest request) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(server.host(), server.port()));
        write(channel, request.encode(UnpooledByteBufAllocator.DEFAULT));
        return channel;
    }

    /** Writes and releases. */
    static void write(SocketChannel channel, ByteBuf bytes) throws IOException {
        try {
            ByteBuffer view = bytes.nioBuffer();
            while (view.hasRemaining()) {
                channel.write(view);
            }
        } finally {
            bytes.release();
        }
    }

    /** Reads up to the server's close. */
    static void readAll(SocketChannel channel, ByteBuf answer) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(READ_BYTES);
        while (channel.read(into.clear()) >= 0) {
            answer.writeBytes(into.flip());
        }
    }
}
