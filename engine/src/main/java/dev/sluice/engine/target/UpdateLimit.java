package dev.sluice.engine.target;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ServerVersion;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How much metadata a server reads right. Before 1.8.8 it takes what two reads of its socket give it and has zeros for
 * the rest (read in the source; seen on 1.6.7), so that the whole request must be there at once. 1.8.8 and 1.8.9 read
 * all, but lose it when a border between segments falls before the JSON's newline (read in the source): there the head
 * must fit.
 */
final class UpdateLimit {

    /** What can be done about it, for people. */
    static final String REMEDY =
            "Restore on the server's machine, with -host localhost:8088, which takes some 120 KB; restore fewer shards "
                    + "of it with -rp or -shard; or upgrade to 1.8.10. One database cannot be sent in parts: a server refuses "
                    + "what names a database that it has.";

    /** The largest segment on an Ethernet, with the time stamps that all systems use. */
    private static final int NETWORK = 1448;

    /** Without a network: requests of 124,903 bytes always arrived, and of 129,809 never (1.6.7 on Linux, observed). */
    private static final int LOOPBACK = 125_000;

    private final ServerAddress address;
    private final Optional<ServerVersion> version;
    private final int atOnce;

    /** @param version empty: unknown, and nothing is refused */
    UpdateLimit(ServerAddress address, Optional<ServerVersion> version) {
        this.address = address;
        this.version = version;
        this.atOnce = address.isLoopback() ? LOOPBACK : NETWORK;
    }

    /** Whether this cannot work. */
    boolean refuses(MetastoreUpdate request) {
        return version.map(known -> bytesAtOnce(request, known) > atOnce).orElse(false);
    }

    /** Why, for one that is refused. */
    String reason(MetastoreUpdate request) {
        return "influxd %s misreads metadata that does not arrive at once: the request has %d bytes, and %s %d do"
                .formatted(
                        version.map(ServerVersion::toString).orElse("of unknown version"),
                        sizeOf(request),
                        atOnce == LOOPBACK ? "over loopback" : "over a network",
                        atOnce);
    }

    /** What is to be said of requests that work or not, depending on a version that is not known. */
    Optional<Notice> warning(List<MetastoreUpdate> requests) {
        List<MetastoreUpdate> large = version.isPresent()
                ? List.of()
                : requests.stream().filter(request -> sizeOf(request) > atOnce).toList();
        if (large.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Notice.warning(
                "the metadata of %s does not arrive at once over a network: a server before 1.8.10 misreads it, and then the "
                                .formatted(large.stream()
                                        .map(request -> "'" + request.restoreDatabase() + "'")
                                        .collect(Collectors.joining(", ")))
                        + "database is not made; which version " + address + " has is not known",
                "With --http the version is asked for, and what cannot work is refused before it begins."));
    }

    private static int bytesAtOnce(MetastoreUpdate request, ServerVersion version) {
        if (version.isBefore(1, 8, 8)) {
            return sizeOf(request);
        }
        return version.isBefore(1, 8, 10) ? sizeOf(request) - request.payload().size() : 0;
    }

    private static int sizeOf(MetastoreUpdate request) {
        ByteBuf encoded = request.encode(UnpooledByteBufAllocator.DEFAULT);
        try {
            return encoded.readableBytes();
        } finally {
            encoded.release();
        }
    }
}
