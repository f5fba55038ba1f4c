package dev.sluice.engine.testkit;

import dev.sluice.engine.format.ManifestJson;
import dev.sluice.engine.format.PortableManifest;
import dev.sluice.engine.meta.PortableMeta;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardRef;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;

/** Portable backups that no server made. */
public final class PortableFiles {

    private static final String STAMP = "20260101T000000Z";

    private PortableFiles() {}

    /** As influxd leaves it, with the archives not compressed at all, which readers tell by content. */
    public static void write(Path directory, Data metadata, Map<ShardRef, byte[]> archives) {
        try {
            byte[] protobuf = metadata.toByteArray();
            Files.write(directory.resolve(STAMP + ".meta"), PortableMeta.wrap(Metadata.of(protobuf)));
            var files = new ArrayList<PortableManifest.Archive>();
            for (var archive : archives.entrySet()) {
                ShardRef shard = archive.getKey();
                String name = "%s.s%d.tar.gz".formatted(STAMP, shard.id());
                Files.write(directory.resolve(name), archive.getValue());
                files.add(new PortableManifest.Archive(
                        shard.database(),
                        shard.policy(),
                        shard.id(),
                        name,
                        archive.getValue().length,
                        0,
                        Optional.empty()));
            }
            Files.write(
                    directory.resolve(STAMP + ".manifest"),
                    ManifestJson.encode(new PortableManifest(
                            new PortableManifest.Meta(STAMP + ".meta", protobuf.length),
                            false,
                            files,
                            PortableManifest.Limits.NONE,
                            Optional.empty())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
