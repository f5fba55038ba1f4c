package dev.sluice.engine.transfer;

import dev.sluice.engine.line.TextBuffer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A part of the work, made into text piece by piece. Reads files, so it may block; one thread at a time. */
abstract class Chunk {

    /** About how large a piece is. */
    static final int PIECE = 256 << 10;

    final Place place;
    final TextBuffer text = new TextBuffer(PIECE + (PIECE >> 3));
    long lines;
    long values;

    Chunk(Place place) {
        this.place = place;
    }

    /** Writes lines until a piece is full or all is written; false when nothing is left. */
    abstract boolean fill() throws IOException;

    /** The next piece; null when there is none. */
    final @Nullable Piece next() throws IOException {
        boolean more = true;
        while (more && text.length() == 0) {
            more = fill();
        }
        if (text.length() == 0) {
            return null;
        }
        var piece = new Piece(place, text.take(PIECE + (PIECE >> 3)), lines, values);
        lines = 0;
        values = 0;
        return piece;
    }

    final boolean full() {
        return text.length() >= PIECE;
    }
}
