package dev.sluice.engine.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Makes parsers and generators of JSON with the string escapes of Go's {@code encoding/json}. */
public final class GoJson {

    /** Always UTF-8, and a stranger's field names are not interned for the life of the process. */
    public static final JsonFactory FACTORY = ((JsonFactoryBuilder) JsonFactory.builder())
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .characterEscapes(new GoEscapes())
            .build();

    private GoJson() {}

    /** Go escapes what HTML or JavaScript could take for their own, and writes hex in lower case. */
    private static final class GoEscapes extends CharacterEscapes {

        private static final long serialVersionUID = 1L;

        private final int[] ascii = standardAsciiEscapesForJSON();

        GoEscapes() {
            for (int c = 0; c < ascii.length; c++) {
                if (ascii[c] == ESCAPE_STANDARD || "<>&".indexOf(c) >= 0) {
                    ascii[c] = ESCAPE_CUSTOM;
                }
            }
        }

        @Override
        public int[] getEscapeCodesForAscii() {
            return Arrays.copyOf(ascii, ascii.length);
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int c) {
            boolean escaped = c < 128 ? ascii[c] == ESCAPE_CUSTOM : c == 0x2028 || c == 0x2029;
            return escaped ? new SerializedString("\\u%04x".formatted(c)) : null;
        }
    }
}
