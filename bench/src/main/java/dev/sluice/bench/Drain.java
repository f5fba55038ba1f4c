package dev.sluice.bench;

import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.wire.PathList;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The bare reader: takes every shard off the server over some connections and throws the bytes away. */
final class Drain {

    private static final int CONNECTIONS = 4;
    private static final int READ_BYTES = 256 * 1024;

    private final ServerAddress server;

    Drain(ServerAddress server) {
        this.server = server;
    }

    /** What a drain came to. */
    record Drained(long bytes, double seconds) {}

    Drained run(String database) throws Exception {
        Queue<ShardRef> shards = new ConcurrentLinkedQueue<>(shards(database));
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        try {
            long begun = System.nanoTime();
            List<Future<Long>> readers = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                readers.add(threads.submit(() -> {
                    ByteBuffer into = ByteBuffer.allocateDirect(READ_BYTES);
                    long bytes = 0;
                    for (ShardRef shard = shards.poll(); shard != null; shard = shards.poll()) {
                        bytes += drain(shard, into);
                    }
                    return bytes;
                }));
            }
            long bytes = 0;
            for (Future<Long> reader : readers) {
                bytes += reader.get();
            }
            return new Drained(bytes, (System.nanoTime() - begun) / 1e9);
        } finally {
            threads.shutdownNow();
        }
    }

    private List<ShardRef> shards(String database) throws IOException {
        ByteBuf answer = Unpooled.buffer();
        ByteBuffer into = ByteBuffer.allocate(READ_BYTES);
        try (SocketChannel channel = ask(new SnapshotRequest.DatabaseInfo(Optional.of(database)))) {
            while (channel.read(into.clear()) >= 0) {
                answer.writeBytes(into.flip());
            }
        }
        return PathList.decode(answer).shards();
    }

    private long drain(ShardRef shard, ByteBuffer into) throws IOException {
        long bytes = 0;
        try (SocketChannel channel = ask(SnapshotRequest.ShardBackup.of(shard, SnapshotRequest.ShardBackup.ALL))) {
            for (int read = channel.read(into.clear()); read >= 0; read = channel.read(into.clear())) {
                bytes += read;
            }
        }
        return bytes;
    }

    private SocketChannel ask(SnapshotRequest request) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(server.host(), server.port()));
        ByteBuf bytes = request.encode(UnpooledByteBufAllocator.DEFAULT);
        try {
            ByteBuffer view = bytes.nioBuffer();
            while (view.hasRemaining()) {
                channel.write(view);
            }
        } finally {
            bytes.release();
        }
        return channel;
    }
}
