package dev.sluice.engine.meta;

import com.google.protobuf.CodedInputStream;
import dev.sluice.engine.error.MalformedResponse;
import java.io.IOException;

/** Parses with an error that says where. */
final class Protobuf {

    private Protobuf() {}

    static <T> T parse(String what, byte[] bytes, Parser<T> parser) {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        try {
            return parser.parse(in);
        } catch (IOException e) {
            throw new MalformedResponse(what + ": " + e.getMessage(), in.getTotalBytesRead());
        }
    }

    /** A generated {@code parseFrom}. */
    interface Parser<T> {
        T parse(CodedInputStream in) throws IOException;
    }
}
