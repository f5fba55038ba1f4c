package dev.sluice.engine.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.ShardRef;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to {@link SnapshotRequest.DatabaseInfo} and {@link SnapshotRequest.PolicyInfo}: the shards that
 * the server has open, in metastore order. One that it failed to open is not in it, without any sign.
 */
public record PathList(List<ShardRef> shards) {

    private static final int TYPICAL_PATH = 64;
    private static final String WHAT = "shard list: ";

    public PathList {
        shards = List.copyOf(shards);
    }

    /**
     * Reads a whole answer, to the buffer's end. The buffer stays the caller's.
     *
     * @throws MalformedResponse when it is not one JSON object with {@code Paths}, or when a path is not
     *     {@code database/policy/id}
     */
    public static PathList decode(ByteBuf in) {
        long received = in.readableBytes();
        try (JsonParser json = Json.FACTORY.createParser((InputStream) new ByteBufInputStream(in))) {
            PathList list = list(json);
            if (json.nextToken() != null) {
                throw new MalformedResponse(WHAT + "goes on after its end", offset(json));
            }
            return list;
        } catch (JsonProcessingException e) {
            long offset = e.getLocation() == null ? received : e.getLocation().getByteOffset();
            String what = WHAT + Json.shown(e.getOriginalMessage());
            throw e instanceof JsonEOFException
                    ? MalformedResponse.cut(what, received)
                    : new MalformedResponse(what, Math.min(Math.max(offset, 0), received));
        } catch (IOException e) {
            throw new MalformedResponse(WHAT + e.getMessage(), received);
        }
    }

    private static PathList list(JsonParser json) throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new MalformedResponse(WHAT + "not a JSON object", offset(json));
        }
        @Nullable List<ShardRef> paths = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean known = json.currentName().equalsIgnoreCase("Paths");
            json.nextToken();
            if (known) {
                paths = paths(json);
            } else {
                json.skipChildren();
            }
        }
        if (paths == null) {
            throw new MalformedResponse(WHAT + "has no Paths", offset(json));
        }
        return new PathList(paths);
    }

    private static List<ShardRef> paths(JsonParser json) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return List.of();
        }
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw new MalformedResponse(WHAT + "Paths is not a list", offset(json));
        }
        List<ShardRef> paths = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.VALUE_STRING) {
                throw new MalformedResponse(WHAT + "a path is not a string", offset(json));
            }
            String path = Json.wellFormed(json.getText());
            paths.add(ShardRef.parse(path)
                    .orElseThrow(() -> new MalformedResponse(
                            WHAT + "'%s' is not database/policy/shard".formatted(Json.shown(path)), offset(json))));
        }
        return paths;
    }

    private static long offset(JsonParser json) {
        return Math.max(json.currentTokenLocation().getByteOffset(), 0);
    }

    /** The answer as a server sends it, newline included. The caller owns the buffer. */
    public ByteBuf encode(ByteBufAllocator alloc) {
        ByteBuf out = alloc.buffer(TYPICAL_PATH * (shards.size() + 1));
        try {
            Json.write(out, json -> {
                json.writeStartObject();
                json.writeFieldName("Paths");
                if (shards.isEmpty()) {
                    json.writeNull(); // as Go writes a list that was never begun
                } else {
                    json.writeStartArray();
                    for (ShardRef shard : shards) {
                        json.writeString(Json.wellFormed(shard.toString()));
                    }
                    json.writeEndArray();
                }
                json.writeEndObject();
            });
            return out;
        } catch (RuntimeException e) {
            out.release();
            throw e;
        }
    }
}
