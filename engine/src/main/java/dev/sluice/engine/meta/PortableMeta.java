package dev.sluice.engine.meta;

import com.google.protobuf.ByteString;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.Metadata;

/** The {@code .meta} file of a portable backup: the metastore in one more message. */
public final class PortableMeta {

    private PortableMeta() {}

    /** The file's content, the same bytes that influxd 1.6 to 1.12 writes. */
    public static byte[] wrap(Metadata metadata) {
        return dev.sluice.engine.meta.proto.PortableMeta.newBuilder()
                .setData(ByteString.copyFrom(metadata.toByteArray()))
                .setMaxNodeId(0) // numbers of nodes are given out by clusters only
                .build()
                .toByteArray();
    }

    /**
     * The metastore in a file's content; it is not decoded.
     *
     * @throws MalformedResponse when this is no such file, or not all of it
     */
    public static Metadata unwrap(byte[] file) {
        var message = Protobuf.parse("metadata file", file, dev.sluice.engine.meta.proto.PortableMeta::parseFrom);
        return Metadata.of(message.getData().toByteArray());
    }
}
