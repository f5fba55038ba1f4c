package dev.sluice.engine.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Small files that remember something from run to run: the old text or the new one is there, whenever the power goes. */
public final class Replacement {

    private Replacement() {}

    /**
     * Writes {@code NAME.new} beside the file and puts it in its place; removes it where that fails. A link stays, what
     * it leads to is replaced. Blocks.
     */
    public static void write(Path path, String text) throws IOException {
        Path file = Links.followed(path);
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.writeString(beside, text);
            try (var channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
                channel.force(true); // or a loss of power leaves an empty file under the name
            }
            Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            remove(beside, e);
            throw e;
        }
    }

    private static void remove(Path beside, IOException why) {
        try {
            Files.deleteIfExists(beside);
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }
}
