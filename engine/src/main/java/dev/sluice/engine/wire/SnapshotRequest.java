package dev.sluice.engine.wire;

import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Instant;
import java.util.Optional;

/**
 * What a client asks of influxd's snapshot service: one request a connection.
 *
 * <p>The bytes are those of the original client, 1.6.7 to 1.12.4 (observed), but in one buffer, as servers
 * below 1.8.8 take only what one or two reads give them.
 */
public sealed interface SnapshotRequest {

    /** The first byte of every connection. */
    int MUX = 0x03;

    /** The second byte. */
    int type();

    /**
     * The whole request, ready to be sent: first byte, type, JSON, newline, and the metadata of a
     * {@link MetastoreUpdate}. The caller owns the buffer.
     */
    ByteBuf encode(ByteBufAllocator alloc);

    /**
     * The request in the form that servers of a protocol take.
     *
     * @throws IllegalArgumentException if they know no such request
     */
    default ByteBuf encode(ByteBufAllocator alloc, Protocol protocol) {
        return switch (protocol) {
            case V1_5 -> encode(alloc);
            case V1_4 -> encodeOld(alloc);
        };
    }

    /** The form before 1.5 of those requests that were known then. */
    private ByteBuf encodeOld(ByteBufAllocator alloc) {
        var fields = new RequestFields();
        if (this instanceof ShardBackup shard) {
            fields.shardId = shard.shardId();
            fields.since = shard.since();
            fields.backupDatabase = shard.database();
            fields.backupPolicy = shard.policy();
            return fields.encodeOld(alloc, 0);
        }
        if (this instanceof MetastoreBackup) {
            return fields.encodeOld(alloc, 1);
        }
        if (this instanceof DatabaseInfo info && info.database().isPresent()) {
            fields.backupDatabase = info.database().get();
            return fields.encodeOld(alloc, 2);
        }
        if (this instanceof PolicyInfo info) {
            fields.backupDatabase = info.database();
            fields.backupPolicy = info.policy();
            return fields.encodeOld(alloc, 3);
        }
        throw new IllegalArgumentException("servers before 1.5 know no request for " + describe());
    }

    /** The request for messages: {@code shard telemetry/autogen/7}, {@code the metastore}. */
    String describe();

    /**
     * A shard as a tar stream.
     *
     * @param shardId unsigned; it alone decides
     * @param since only files that changed after it on the server's clock, or {@link #ALL}
     * @param database for the server's log only; empty where it is not known
     * @param policy for the server's log only; empty where it is not known
     */
    record ShardBackup(long shardId, Instant since, String database, String policy) implements SnapshotRequest {

        public static final int TYPE = 0;

        /** For {@code since}: every file. */
        public static final Instant ALL = RequestFields.UNSET;

        /** @throws IllegalArgumentException when the year of {@code since} has not four digits */
        public ShardBackup {
            Json.checked("since", since);
        }

        /** A shard of which no more than the id is known. */
        public ShardBackup(long shardId, Instant since) {
            this(shardId, since, "", "");
        }

        /** With the names, as the original client sends it. */
        public static ShardBackup of(ShardRef shard, Instant since) {
            return new ShardBackup(shard.id(), since, shard.database(), shard.policy());
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            var fields = new RequestFields();
            fields.shardId = shardId;
            fields.since = since;
            fields.backupDatabase = database;
            fields.backupPolicy = policy;
            return fields.encode(alloc, TYPE, 0);
        }

        @Override
        public String describe() {
            return shard(database, policy, shardId);
        }
    }

    /** The whole metastore; answered by a {@link MetastoreAnswer}. */
    record MetastoreBackup() implements SnapshotRequest {

        public static final int TYPE = 1;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            return new RequestFields().encode(alloc, TYPE, 0);
        }

        @Override
        public String describe() {
            return "the metastore";
        }
    }

    /**
     * The shards that the server has open; answered by a {@link PathList}, or by nothing when there is no
     * such database.
     *
     * @param database empty: all of them
     */
    record DatabaseInfo(Optional<String> database) implements SnapshotRequest {

        public static final int TYPE = 3;

        public DatabaseInfo {
            database.ifPresent(name -> requireName("database", name));
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            var fields = new RequestFields();
            fields.backupDatabase = database.orElse("");
            return fields.encode(alloc, TYPE, 0);
        }

        @Override
        public String describe() {
            return database.map(name -> "the shard list of database " + name).orElse("the shard list of all databases");
        }
    }

    /** The same for one retention policy. */
    record PolicyInfo(String database, String policy) implements SnapshotRequest {

        public static final int TYPE = 4;

        public PolicyInfo {
            requireName("database", database);
            requireName("retention policy", policy);
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            var fields = new RequestFields();
            fields.backupDatabase = database;
            fields.backupPolicy = policy;
            return fields.encode(alloc, TYPE, 0);
        }

        @Override
        public String describe() {
            return "the shard list of database %s, retention policy %s".formatted(database, policy);
        }
    }

    /**
     * A shard's blocks that touch a time range, as a tar stream. Both ends are included.
     *
     * <p>Servers up to 1.12.4 lose files on this request (observed: tombstones, gaps in a file); prefer
     * {@link ShardBackup}.
     *
     * @param shardId unsigned; it alone decides
     * @param start {@link #NO_START} for none. Go's zero time is taken too, as the original client sends it
     * @param end {@link #NO_END} for none, never Go's zero time: a server then sends what lies before
     *     {@code start} instead (observed on 1.6.7, 1.8.10 and 1.12.4)
     * @param database for the server's log only; empty where it is not known
     * @param policy for the server's log only; empty where it is not known
     */
    record ShardExport(long shardId, Instant start, Instant end, String database, String policy)
            implements SnapshotRequest {

        public static final int TYPE = 5;

        public static final Instant NO_START = TimeRange.MIN;

        public static final Instant NO_END = TimeRange.MAX;

        /** @throws IllegalArgumentException when an end lies outside of what int64 nanoseconds can hold */
        public ShardExport {
            if (!start.equals(RequestFields.UNSET)) {
                requireNanos("start", start);
            }
            requireNanos("end", end);
            if (end.isBefore(start)) {
                throw new IllegalArgumentException("range ends before it starts: %s to %s".formatted(start, end));
            }
        }

        /** A shard of which no more than the id is known. */
        public ShardExport(long shardId, Instant start, Instant end) {
            this(shardId, start, end, "", "");
        }

        /** With the names, as the original client sends it. */
        public static ShardExport of(ShardRef shard, Instant start, Instant end) {
            return new ShardExport(shard.id(), start, end, shard.database(), shard.policy());
        }

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            var fields = new RequestFields();
            fields.shardId = shardId;
            fields.exportStart = start;
            fields.exportEnd = end;
            fields.backupDatabase = database;
            fields.backupPolicy = policy;
            return fields.encode(alloc, TYPE, 0);
        }

        @Override
        public String describe() {
            return shard(database, policy, shardId);
        }

        private static void requireNanos(String what, Instant time) {
            if (time.isBefore(TimeRange.MIN) || time.isAfter(TimeRange.MAX)) {
                throw new IllegalArgumentException("%s of an export must lie between %s and %s, was %s"
                        .formatted(what, TimeRange.MIN, TimeRange.MAX, time));
            }
        }
    }

    /**
     * Creates databases from uploaded metadata; answered by an {@link IdMap}. Empty names mean what the
     * protocol has them mean: all databases, the same name, all policies.
     *
     * <p>The server does not check {@code restoreDatabase}; whoever builds this does.
     */
    record MetastoreUpdate(
            String backupDatabase, String restoreDatabase, String backupPolicy, String restorePolicy, Metadata payload)
            implements SnapshotRequest {

        public static final int TYPE = 6;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            var fields = new RequestFields();
            fields.backupDatabase = backupDatabase;
            fields.restoreDatabase = restoreDatabase;
            fields.backupPolicy = backupPolicy;
            fields.restorePolicy = restorePolicy;
            fields.uploadSize = payload.size();
            return fields.encode(alloc, TYPE, payload.size()).writeBytes(payload.toByteArray());
        }

        @Override
        public String describe() {
            return backupDatabase.isEmpty()
                    ? "the update of the metastore"
                    : "the update of the metastore with database " + backupDatabase;
        }
    }

    /**
     * Files for a shard. The request is no more than its ten first bytes; the tar stream follows, and the
     * server answers by closing.
     *
     * @param shardId unsigned, of the server that receives
     */
    record ShardUpload(long shardId) implements SnapshotRequest {

        public static final int TYPE = 7;

        private static final int LENGTH = 2 + Long.BYTES;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public ByteBuf encode(ByteBufAllocator alloc) {
            return alloc.buffer(LENGTH).writeByte(MUX).writeByte(TYPE).writeLong(shardId);
        }

        @Override
        public String describe() {
            return "the upload of shard " + Long.toUnsignedString(shardId);
        }
    }

    private static String shard(String database, String policy, long id) {
        String number = Long.toUnsignedString(id);
        return database.isEmpty() || policy.isEmpty()
                ? "shard " + number
                : "shard %s/%s/%s".formatted(database, policy, number);
    }

    private static void requireName(String what, String name) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException(what + " must not be empty");
        }
    }
}
