package dev.sluice.bench;

import dev.sluice.engine.tsm.BlockEntry;
import dev.sluice.engine.tsm.BlockType;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * What decoding alone allows: every block of TSM files decoded by one thread for each processor, and thrown away. An
 * export does this and then writes the text.
 */
final class DecodeLimit {

    private static final int BLOCKS_AT_A_TIME = 32;

    private DecodeLimit() {}

    /**
     * Decodes all files below a directory.
     *
     * @return how many values were decoded
     */
    static long run(Path directory) throws Exception {
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        List<Future<Long>> running = new ArrayList<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".tsm")).toList()) {
                for (List<Block> some : blocks(file)) {
                    running.add(threads.submit(() -> decode(file, some)));
                }
            }
            long values = 0;
            for (Future<Long> one : running) {
                values += one.get();
            }
            return values;
        } finally {
            threads.shutdownNow();
        }
    }

    private record Block(BlockType type, BlockEntry entry) {}

    private static List<List<Block>> blocks(Path file) throws IOException {
        List<List<Block>> chunks = new ArrayList<>();
        List<Block> chunk = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file)) {
            TsmFile.Cursor cursor = TsmFile.open(channel).index();
            while (cursor.next()) {
                for (BlockEntry entry : cursor.blocks()) {
                    chunk.add(new Block(cursor.type(), entry));
                    if (chunk.size() == BLOCKS_AT_A_TIME) {
                        chunks.add(chunk);
                        chunk = new ArrayList<>();
                    }
                }
            }
        }
        chunks.add(chunk);
        return chunks;
    }

    private static long decode(Path file, List<Block> blocks) throws IOException {
        long values = 0;
        try (FileChannel channel = FileChannel.open(file)) {
            TsmFile reader = TsmFile.open(channel);
            for (Block block : blocks) {
                TsmBlock decoded = reader.values(block.type(), block.entry());
                values += decoded.size();
            }
        }
        return values;
    }
}
