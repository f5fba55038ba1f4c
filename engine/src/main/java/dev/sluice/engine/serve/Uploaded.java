package dev.sluice.engine.serve;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.format.TsmName;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.stage.Indexable;
import dev.sluice.engine.tar.TarReader;
import io.netty.buffer.ByteBuf;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;

/**
 * What a shard takes of an archive that was uploaded for it: its own TSM files. Tombstones, and entries of other shards,
 * are passed over, as influxd does. A TSM file of this shard that no server could load is an error and not passed
 * over: influxd would close the shard for it, or write it wherever its path climbs to.
 */
final class Uploaded {

    private static final Logger log = LoggerFactory.getLogger(Uploaded.class);

    /** A shard has some thousand files at most; this bounds what is remembered of their names. */
    private static final int MAX_FILES = 1 << 20;

    private final ShardRef shard;
    private final String directory;
    private final Set<String> names = new HashSet<>();
    private boolean taking;

    private Uploaded(ShardRef shard) {
        this.shard = shard;
        this.directory = shard + "/";
    }

    /** Completes with the archive's end marker; the rest of the bytes is cancelled then. */
    static Flux<ShardPart> of(ShardRef shard, Flux<ByteBuf> archive) {
        Flux<ShardPart> own = Flux.defer(() -> {
            var uploaded = new Uploaded(shard);
            return archive.transform(TarReader.upload("the upload of shard " + shard))
                    .handle(uploaded::pass);
        });
        return new Indexable(false)
                .apply(shard, own, notice -> log.warn("{}", notice.message()))
                .takeUntil(ShardPart.ShardEnd.class::isInstance);
    }

    private void pass(ShardPart part, SynchronousSink<ShardPart> out) {
        if (part instanceof ShardPart.FileStart start) {
            begin(start, out);
        } else if (taking || part instanceof ShardPart.ShardEnd) {
            out.next(part);
        } else {
            part.release();
        }
    }

    private void begin(ShardPart.FileStart start, SynchronousSink<ShardPart> out) {
        String path = start.name();
        boolean own = path.startsWith(directory);
        String name = own ? path.substring(directory.length()) : path;
        taking = own && TsmName.parse(name).isPresent();
        if (taking && names.add(name) && names.size() <= MAX_FILES) {
            out.next(new ShardPart.FileStart(name, start.size(), start.modified(), start.rawHeader()));
            return;
        }
        start.release();
        if (taking) {
            out.error(damaged(names.size() > MAX_FILES ? "has too many files" : "has %s twice".formatted(name)));
        } else if (own && name.endsWith("tsm")) {
            out.error(damaged("has a file that no server can load, '%s'".formatted(name)));
        } else {
            log.debug("shard {}: passed over {}", shard, path);
        }
    }

    private ArchiveDamaged damaged(String problem) {
        return new ArchiveDamaged(shard.toString(), problem, 0);
    }
}
