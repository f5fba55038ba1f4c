package dev.sluice.engine.tsm;

import dev.sluice.engine.model.ShardPart;
import io.netty.buffer.ByteBuf;
import java.util.Optional;

/**
 * Checks a file of a shard in one pass, while its bytes go by, cut anywhere. A plain state machine: no threads, no
 * blocking, only processor time; used by one thread at a time.
 */
public interface FileCheck {

    /**
     * The next bytes of the file. The buffer stays the caller's, its indices do not move, and it is not used after
     * the call.
     */
    void feed(ByteBuf bytes);

    /** The file has ended, or was cut short here. Called once. */
    CheckResult end();

    /** It will not be fed any more: frees what {@link #end()} would have freed. May be called after it. */
    default void abandon() {}

    /**
     * The check for a file by its name, or empty for a kind that has no structure to check.
     *
     * @param file that begins; findings carry its name. What is known ahead of its blocks is used, the buffer is not
     * @param depth of the look at a TSM file
     */
    static Optional<FileCheck> of(ShardPart.FileStart file, CheckDepth depth) {
        return of(file, depth, (key, type) -> {});
    }

    /**
     * The same, with an ear for the keys of a TSM file's index, in their order.
     *
     * @param keys may throw, which {@link #feed} does then
     */
    static Optional<FileCheck> of(ShardPart.FileStart file, CheckDepth depth, KeyListener keys) {
        return file.name().endsWith(".tsm")
                ? Optional.of(new TsmCheck(file.name(), file.size(), depth, keys, file.ahead()))
                : of(file.name(), file.size(), depth);
    }

    /**
     * The same of a name and a size, bytes, with nothing known ahead.
     *
     * @param depth of the look at a TSM file
     */
    static Optional<FileCheck> of(String name, long size, CheckDepth depth) {
        if (name.endsWith(".tsm")) {
            return Optional.of(new TsmCheck(name, size, depth));
        }
        return name.endsWith(".tombstone") ? Optional.of(new TombstoneCheck(name, size)) : Optional.empty();
    }

    /** Is told of a key when it was read. */
    @FunctionalInterface
    interface KeyListener {
        /** @param key series key, {@code #!~#}, field name; not changed afterwards */
        void key(byte[] key, BlockType type);
    }
}
