package dev.sluice.bench;

import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.wire.PathList;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The bare reader: takes every shard off the server over some connections, and throws the bytes away or writes them to
 * files as they come.
 */
final class Drain {

    private static final int CONNECTIONS = 4;
    private static final int READ_BYTES = 256 * 1024;

    private final ServerAddress server;
    private final Optional<Path> target;

    /** @param target for files; empty to throw away */
    Drain(ServerAddress server, Optional<Path> target) {
        this.server = server;
        this.target = target;
    }

    /** What a drain came to. */
    record Drained(long bytes, double seconds) {}

    Drained run(String database) throws Exception {
        Queue<ShardRef> shards = new ConcurrentLinkedQueue<>(shards(server, database));
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

    /** The shards that a server has of a database. */
    static List<ShardRef> shards(ServerAddress server, String database) throws IOException {
        ByteBuf answer = Unpooled.buffer();
        try (SocketChannel channel = Sockets.ask(server, new SnapshotRequest.DatabaseInfo(Optional.of(database)))) {
            Sockets.readAll(channel, answer);
        }
        return PathList.decode(answer).shards();
    }

    private long drain(ShardRef shard, ByteBuffer into) throws IOException {
        long bytes = 0;
        Path file = target.map(directory -> directory.resolve(shard.idText())).orElse(Path.of("/dev/null"));
        try (SocketChannel channel =
                        Sockets.ask(server, SnapshotRequest.ShardBackup.of(shard, SnapshotRequest.ShardBackup.ALL));
                FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int read = channel.read(into.clear()); read >= 0; read = channel.read(into.clear())) {
                bytes += read;
                if (target.isPresent()) {
                    out.write(into.flip());
                }
            }
        }
        return bytes;
    }
}
