package dev.sluice.bench;

import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarHeaders;
import dev.sluice.engine.wire.IdMap;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The bare writer: tells a server the metadata, then gives it every shard over some connections, from memory and with no
 * look at what is in it, and waits for each close. Only the names in the archives are made anew, as they must be.
 */
final class Pour {

    private static final int CONNECTIONS = 4;
    private static final int BLOCK = 512;
    private static final int SIZE_AT = 124;
    private static final int SIZE_DIGITS = 11;
    private static final int MODE = 0644;

    private final String database;
    private final Metadata metadata;
    private final List<Archive> archives;

    /** One file of a shard, in memory. */
    private record File(String name, ByteBuffer body) {}

    private record Archive(ShardRef shard, List<File> files) {}

    /**
     * @param metadata of the database alone
     * @param files a shard's archive as its server sent it, named by the shard's id
     */
    Pour(String database, Metadata metadata, List<ShardRef> shards, Path files) throws IOException {
        this.database = database;
        this.metadata = metadata;
        this.archives = new ArrayList<>();
        for (ShardRef shard : shards) {
            archives.add(new Archive(shard, files(files.resolve(shard.idText()))));
        }
    }

    /** A mapping of a file on a memory file system, every page of it touched. */
    private static List<File> files(Path archive) throws IOException {
        ByteBuffer tar;
        try (FileChannel channel = FileChannel.open(archive)) {
            tar = channel.map(MapMode.READ_ONLY, 0, channel.size()).load();
        }
        List<File> files = new ArrayList<>();
        for (int at = 0; tar.get(at) != 0; ) {
            String path = text(tar, at, 100);
            int size = Integer.parseInt(text(tar, at + SIZE_AT, SIZE_DIGITS), 8);
            files.add(new File(path.substring(path.lastIndexOf('/') + 1), tar.slice(at + BLOCK, size)));
            at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
        }
        return files;
    }

    private static String text(ByteBuffer tar, int at, int length) {
        byte[] bytes = new byte[length];
        tar.get(at, bytes);
        String text = new String(bytes, StandardCharsets.UTF_8);
        int end = text.indexOf(0);
        return end < 0 ? text : text.substring(0, end);
    }

    /** Seconds from the first connection to the last close. */
    double into(ServerAddress server) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        try {
            long begun = System.nanoTime();
            Map<Long, Long> ids = announce(server);
            Queue<Archive> left = new ConcurrentLinkedQueue<>(archives);
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                writers.add(threads.submit(() -> {
                    for (Archive one = left.poll(); one != null; one = left.poll()) {
                        Long id = ids.get(one.shard.id());
                        if (id == null) {
                            throw new IOException("the server did not take shard " + one.shard);
                        }
                        write(server, new ShardRef(one.shard.database(), one.shard.policy(), id), one.files);
                    }
                    return null;
                }));
            }
            for (Future<?> writer : writers) {
                writer.get();
            }
            return (System.nanoTime() - begun) / 1e9;
        } finally {
            threads.shutdownNow();
        }
    }

    private Map<Long, Long> announce(ServerAddress server) throws IOException {
        ByteBuf answer = Unpooled.buffer();
        var request = new SnapshotRequest.MetastoreUpdate(database, database, "", "", metadata);
        try (SocketChannel channel = Sockets.ask(server, request)) {
            Sockets.readAll(channel, answer);
        }
        return IdMap.decode(answer).ids();
    }

    private static void write(ServerAddress server, ShardRef place, List<File> files) throws IOException {
        try (SocketChannel channel = Sockets.ask(server, new SnapshotRequest.ShardUpload(place.id()))) {
            for (File file : files) {
                int size = file.body.remaining();
                Sockets.write(
                        channel,
                        TarHeaders.encode(
                                UnpooledByteBufAllocator.DEFAULT, place + "/" + file.name, size, Instant.EPOCH, MODE));
                Sockets.write(channel, Unpooled.wrappedBuffer(file.body.duplicate()));
                Sockets.write(channel, Unpooled.wrappedBuffer(new byte[-size & (BLOCK - 1)]));
            }
            Sockets.write(channel, Unpooled.wrappedBuffer(new byte[2 * BLOCK]));
            Sockets.readAll(channel, Unpooled.buffer());
        }
    }
}
