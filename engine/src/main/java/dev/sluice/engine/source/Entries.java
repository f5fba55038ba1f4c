package dev.sluice.engine.source;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.StreamDamaged;
import dev.sluice.engine.flow.Relay;
import dev.sluice.engine.format.StreamJson;
import dev.sluice.engine.format.StreamLayout;
import dev.sluice.engine.format.StreamManifest;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.source.StreamShard.Header;
import dev.sluice.engine.store.Checksum;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The entries of a stream archive, from some place of its tar on, read one after the other by one reader at a time. */
final class Entries {

    /** No metastore comes near this. */
    private static final int MAX_META = 256 << 20;

    private static final int MAX_JSON = 256 << 20;

    private final String what;
    private final Relay<ShardPart> parts = new Relay<>(ShardPart::release);

    /** @param what the stream, for people */
    Entries(String what) {
        this.what = what;
    }

    /** Subscribes to the tar's parts; nothing is asked for before somebody reads. */
    Entries from(Flux<ShardPart> tar) {
        tar.subscribe(parts);
        return this;
    }

    /** For who reads on by himself. */
    Relay<ShardPart> parts() {
        return parts;
    }

    /** The next entry's header. */
    Mono<Header> header() {
        return parts.until(part -> true)
                .map(Entries::headerOf)
                .singleOrEmpty()
                .flatMap(header -> header.<Mono<Header>>map(Mono::just)
                        .orElseGet(() -> Mono.error(damaged("ends without a manifest"))));
    }

    /**
     * What a stream begins with.
     *
     * @param first header of all
     */
    Mono<StreamHead> head(Header first) {
        return Mono.just(first)
                .doOnNext(header -> require(header, StreamLayout.META))
                .flatMap(header -> content(header, MAX_META))
                .map(Metadata::of)
                .flatMap(metadata -> header().doOnNext(header -> require(header, StreamLayout.CATALOG))
                        .flatMap(header -> content(header, MAX_JSON))
                        .map(json -> head(metadata, json)));
    }

    /** @param header of the manifest */
    Mono<StreamManifest> manifest(Header header) {
        return content(header, MAX_JSON).map(json -> understood("manifest", () -> StreamJson.decodeManifest(json)));
    }

    /** Reads on to the end of the archive, which must be all that follows. */
    Mono<Void> end() {
        return parts.until(part -> false)
                .doOnNext(ShardPart::release)
                .filter(part -> !(part instanceof ShardPart.ShardEnd))
                .next()
                .flatMap(part -> Mono.error(damaged("goes on after its manifest")));
    }

    /** Frees what is at hand; safe to call twice. */
    void close() {
        parts.close();
    }

    private StreamHead head(Metadata metadata, byte[] json) {
        var catalog = understood("catalog", () -> StreamJson.decodeCatalog(json));
        catalog.metadata().ifPresent(should -> {
            var is = Checksum.of(should.algorithm(), metadata.toByteArray());
            if (!is.equals(should)) {
                throw damaged("has a metastore with the digest %s; its catalog says %s".formatted(is, should));
            }
        });
        try {
            return new StreamHead(what, metadata, Metastore.decode(metadata), catalog);
        } catch (MalformedResponse e) {
            throw damaged("has a metastore that cannot be read: " + e.getMessage());
        }
    }

    private <T> T understood(String entry, Supplier<T> decoded) {
        try {
            return decoded.get();
        } catch (IllegalArgumentException e) {
            throw damaged("has a %s that %s".formatted(entry, e.getMessage()));
        }
    }

    private static Optional<Header> headerOf(ShardPart part) {
        if (part instanceof ShardPart.FileStart start) {
            return Optional.of(Header.of(start));
        }
        part.release();
        return Optional.empty();
    }

    private void require(Header header, String path) {
        if (!header.path().equals(path)) {
            throw damaged("is not a stream archive of Sluice: it has '%s' where '%s' should be"
                    .formatted(header.path(), path));
        }
    }

    private Mono<byte[]> content(Header header, int limit) {
        if (header.size() > limit) {
            return Mono.error(damaged("has %d bytes of %s".formatted(header.size(), header.path())));
        }
        return Mono.defer(() -> {
            var to = new ByteArrayOutputStream();
            // No collect(): what arrives together with a cancel it drops.
            return parts.until(part -> part instanceof ShardPart.FileEnd)
                    .doOnNext(part -> collect(to, part))
                    .then(Mono.fromSupplier(to::toByteArray));
        });
    }

    private static void collect(ByteArrayOutputStream to, ShardPart part) {
        if (part instanceof ShardPart.Bytes bytes) {
            byte[] chunk = new byte[bytes.data().readableBytes()];
            bytes.data().readBytes(chunk);
            to.writeBytes(chunk);
        }
        part.release();
    }

    private StreamDamaged damaged(String problem) {
        return new StreamDamaged(what, problem);
    }
}
