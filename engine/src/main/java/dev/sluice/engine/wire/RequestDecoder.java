package dev.sluice.engine.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import dev.sluice.engine.model.Metadata;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The server's side: reads one connection's request as its bytes arrive, in whatever pieces. Made anew for
 * each connection, used by one thread at a time.
 *
 * <p>As tolerant as influxd (observed on 1.6.7, 1.8.10 and 1.12.4): field names in any case, missing and
 * unknown fields, no newline at the end. The byte before the JSON decides about the type.
 */
public final class RequestDecoder {

    /** More JSON than this is no request: names have 255 bytes at most. */
    public static final int MAX_JSON = 64 * 1024;

    /** More metadata than this is not taken; a million shards have about 40 MB. */
    public static final int MAX_UPLOAD = 256 * 1024 * 1024;

    private final RequestFields fields = new RequestFields();
    private final ByteArrayOutputStream payload = new ByteArrayOutputStream(0);

    private State state = State.MUX;
    private long offset;
    private int type;
    private long uploadId;
    private int uploadIdBytes;
    private @Nullable JsonParser json;
    private String field = "";
    private int depth;

    /**
     * Takes the next bytes of the connection: advances the reader index over all that belongs to the request
     * and leaves what follows, such as the tar of a {@link SnapshotRequest.ShardUpload} or a newline. The
     * buffer stays the caller's.
     *
     * @return the request once it is complete; empty when all of {@code in} was taken and more is needed
     * @throws MalformedRequest as soon as the bytes cannot become a request
     * @throws IllegalStateException when the request was complete, or refused, before
     */
    public Optional<SnapshotRequest> decode(ByteBuf in) {
        if (state == State.ENDED) {
            throw new IllegalStateException("a connection carries one request");
        }
        try {
            while (in.isReadable() && state != State.ENDED) {
                step(in);
            }
        } catch (MalformedRequest e) {
            end();
            throw e;
        }
        return state == State.ENDED ? Optional.of(request()) : Optional.empty();
    }

    private void step(ByteBuf in) {
        switch (state) {
            case MUX -> {
                int mux = in.readUnsignedByte();
                if (mux != SnapshotRequest.MUX) {
                    throw new MalformedRequest("first byte is 0x%02x, want 0x03".formatted(mux), offset);
                }
                offset++;
                state = State.TYPE;
            }
            case TYPE -> {
                type = in.readUnsignedByte();
                state = switch (type) {
                    case 0, 1, 3, 4, 5, 6 -> State.JSON;
                    case SnapshotRequest.ShardUpload.TYPE -> State.UPLOAD_ID;
                    default -> throw new MalformedRequest("request type %d is not known".formatted(type), offset);
                };
                offset++;
            }
            case JSON -> parse(in);
            case SEPARATOR -> {
                in.skipBytes(1); // its value is not checked by servers either
                offset++;
                state = fields.uploadSize == 0 ? State.ENDED : State.PAYLOAD;
            }
            case PAYLOAD -> {
                int length = (int) Math.min(in.readableBytes(), fields.uploadSize - payload.size());
                byte[] bytes = new byte[length];
                in.readBytes(bytes);
                payload.writeBytes(bytes);
                offset += length;
                if (payload.size() == fields.uploadSize) {
                    state = State.ENDED;
                }
            }
            case UPLOAD_ID -> {
                uploadId = uploadId << 8 | in.readUnsignedByte();
                offset++;
                if (++uploadIdBytes == Long.BYTES) {
                    state = State.ENDED;
                }
            }
            case ENDED -> throw new IllegalStateException();
        }
    }

    private void parse(ByteBuf in) {
        long before = offset - 2;
        if (before >= MAX_JSON) {
            throw new MalformedRequest("JSON is longer than %d bytes".formatted(MAX_JSON), offset);
        }
        int length = (int) Math.min(in.readableBytes(), MAX_JSON - before);
        byte[] bytes = new byte[length];
        in.getBytes(in.readerIndex(), bytes);
        try {
            if (json == null) {
                json = Json.FACTORY.createNonBlockingByteArrayParser();
            }
            ((ByteArrayFeeder) json.getNonBlockingInputFeeder()).feedInput(bytes, 0, length);
            boolean complete = closesObject(json);
            int taken = complete ? (int) (json.currentLocation().getByteOffset() - before) : length;
            in.skipBytes(taken);
            offset += taken;
            if (complete) {
                json.close();
                state = type == SnapshotRequest.MetastoreUpdate.TYPE ? separator() : State.ENDED;
            }
        } catch (JsonProcessingException e) {
            throw malformed("JSON is not well-formed: " + Json.shown(e.getOriginalMessage()), within(json), e);
        } catch (IOException | IllegalArgumentException e) {
            throw malformed("JSON is not a request: " + e.getMessage(), within(json), e);
        }
    }

    /** Where the parser stands, counted from the first byte of the connection. */
    private static long within(@Nullable JsonParser parser) {
        return 2 + (parser == null ? 0 : Math.max(parser.currentLocation().getByteOffset(), 0));
    }

    private boolean closesObject(JsonParser parser) throws IOException {
        for (JsonToken token = parser.nextToken(); token != JsonToken.NOT_AVAILABLE; token = parser.nextToken()) {
            if (depth == 0 && token != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("it must be an object");
            }
            if (token == JsonToken.FIELD_NAME) {
                field = depth == 1 ? parser.currentName() : field;
            } else if (token.isStructEnd()) {
                depth--;
                if (depth == 0) {
                    return true;
                }
            } else {
                if (depth == 1) {
                    fields.take(field, parser);
                }
                depth += token.isStructStart() ? 1 : 0;
            }
        }
        return false;
    }

    private State separator() {
        if (fields.uploadSize < 0 || fields.uploadSize > MAX_UPLOAD) {
            throw new IllegalArgumentException(
                    "UploadSize must lie between 0 and %d, was %d".formatted(MAX_UPLOAD, fields.uploadSize));
        }
        return State.SEPARATOR;
    }

    private SnapshotRequest request() {
        try {
            return switch (type) {
                case SnapshotRequest.ShardBackup.TYPE ->
                    new SnapshotRequest.ShardBackup(
                            fields.shardId, fields.since, fields.backupDatabase, fields.backupPolicy);
                case SnapshotRequest.MetastoreBackup.TYPE -> new SnapshotRequest.MetastoreBackup();
                case SnapshotRequest.DatabaseInfo.TYPE ->
                    new SnapshotRequest.DatabaseInfo(
                            Optional.of(fields.backupDatabase).filter(name -> !name.isEmpty()));
                case SnapshotRequest.PolicyInfo.TYPE ->
                    new SnapshotRequest.PolicyInfo(fields.backupDatabase, fields.backupPolicy);
                case SnapshotRequest.ShardExport.TYPE ->
                    new SnapshotRequest.ShardExport(
                            fields.shardId,
                            fields.exportStart,
                            exportEnd(),
                            fields.backupDatabase,
                            fields.backupPolicy);
                case SnapshotRequest.MetastoreUpdate.TYPE ->
                    new SnapshotRequest.MetastoreUpdate(
                            fields.backupDatabase,
                            fields.restoreDatabase,
                            fields.backupPolicy,
                            fields.restorePolicy,
                            Metadata.of(payload.toByteArray()));
                case SnapshotRequest.ShardUpload.TYPE -> new SnapshotRequest.ShardUpload(uploadId);
                default -> throw new IllegalStateException("type " + type);
            };
        } catch (IllegalArgumentException e) {
            throw malformed("JSON is not a request: " + e.getMessage(), offset, e);
        }
    }

    /** Whoever gives no end to the original tool sends the zero time, and means all there is. */
    private Instant exportEnd() {
        return fields.exportEnd.equals(RequestFields.UNSET) ? SnapshotRequest.ShardExport.NO_END : fields.exportEnd;
    }

    private static MalformedRequest malformed(String what, long offset, Exception cause) {
        var malformed = new MalformedRequest(what, offset);
        malformed.initCause(cause);
        return malformed;
    }

    private void end() {
        state = State.ENDED;
        payload.reset();
        try {
            if (json != null) {
                json.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException("a parser without a stream has nothing to close", e);
        }
    }

    private enum State {
        MUX,
        TYPE,
        JSON,
        SEPARATOR,
        PAYLOAD,
        UPLOAD_ID,
        ENDED
    }
}
