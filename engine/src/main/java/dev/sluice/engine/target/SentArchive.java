package dev.sluice.engine.target;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.tar.TarHeaders;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;

/**
 * One attempt at a shard's archive, as a server takes it: entries renamed to the shard that they go to, nothing but TSM
 * files, each under a generation of its own. Remembers what passed, to compare with what is there afterwards.
 *
 * <p>Used by one subscription.
 */
final class SentArchive {

    private static final int MODE = 0644;
    private static final Pattern TSM = Pattern.compile("(\\d{1,9})-(\\d{1,9})\\.tsm");
    private static final int REMEMBERED = 1 << 20;

    private final ShardRef source;
    private final ShardRef target;
    private final FileNaming naming;
    private final Map<String, Fingerprint> files = new LinkedHashMap<>();
    private final List<String> dropped = new ArrayList<>();

    private String name = "";
    private long size;
    private boolean dropping;
    private CRC32C checksum = new CRC32C();

    /** What a file was, told without the file. */
    record Fingerprint(long size, long crc) {}

    /**
     * @param source as the archive names it
     * @param target as the server knows it
     * @param naming of the files there
     */
    SentArchive(ShardRef source, ShardRef target, FileNaming naming) {
        this.source = source;
        this.target = target;
        this.naming = naming;
    }

    /** The parts to send. Takes over what comes; the subscriber releases what it gets. */
    Flux<ShardPart> of(Flux<ShardPart> parts) {
        return parts.handle(this::pass);
    }

    /** The files that passed whole, by their names on the server. */
    Map<String, Fingerprint> files() {
        return files;
    }

    /** Names in the archive that a server would ignore. */
    List<String> dropped() {
        return dropped;
    }

    private void pass(ShardPart part, SynchronousSink<ShardPart> out) {
        if (part instanceof ShardPart.FileStart start) {
            start(start, out);
        } else if (part instanceof ShardPart.Bytes bytes) {
            if (dropping) {
                bytes.release();
            } else {
                update(checksum, bytes.data());
                out.next(bytes);
            }
        } else if (part instanceof ShardPart.FileEnd) {
            if (dropping) {
                dropping = false;
            } else {
                files.put(name, new Fingerprint(size, checksum.getValue()));
                out.next(part);
            }
        } else {
            out.next(new ShardPart.ShardEnd(files.size()));
        }
    }

    private void start(ShardPart.FileStart start, SynchronousSink<ShardPart> out) {
        start.release();
        if (!start.name().endsWith(".tsm")) {
            dropping = true;
            if (dropped.size() < REMEMBERED) {
                dropped.add(start.name());
            }
            return;
        }
        Matcher numbers = TSM.matcher(start.name());
        Optional<String> renamed = numbers.matches()
                ? naming.of(Long.parseLong(numbers.group(1)), Long.parseLong(numbers.group(2)))
                : Optional.empty();
        if (renamed.isEmpty()) {
            // A server that gets such a file closes the shard's engine until it is restarted (observed on 1.6.7,
            // 1.8.10).
            out.error(new ArchiveDamaged(
                    source.toString(),
                    "has the file %s, of which no name generation-sequence.tsm can be made in its place"
                            .formatted(start.name()),
                    0));
            return;
        }
        name = renamed.get();
        size = start.size();
        checksum = new CRC32C();
        out.next(new ShardPart.FileStart(
                name,
                size,
                start.modified(),
                TarHeaders.encode(
                        ByteBufAllocator.DEFAULT, target + "/" + name, start.size(), start.modified(), MODE)));
    }

    static void update(CRC32C checksum, ByteBuf data) {
        for (ByteBuffer piece : data.nioBuffers()) {
            checksum.update(piece);
        }
    }
}
