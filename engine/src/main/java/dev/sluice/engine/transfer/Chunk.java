package dev.sluice.engine.transfer;

import dev.sluice.engine.line.LineEndings;
import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.line.TextPool;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A part of the work, made into text piece by piece. Reads files, so it may block; one thread at a time. */
abstract class Chunk {

    /** About how large a piece is. */
    static final int PIECE = 256 << 10;

    /** What a piece takes, with room for the line that fills it. */
    static final int MEMORY = PIECE + (PIECE >> 3);

    final Place place;
    final TextBuffer text;
    private final int piece;
    long lines;
    long values;

    Chunk(Place place, TextPool pool) {
        this(place, pool, PIECE);
    }

    /** @param piece about how large one is */
    Chunk(Place place, TextPool pool, int piece) {
        this.piece = piece;
        this.place = place;
        this.text = new TextBuffer(pool);
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
        var piece = new Piece(place, text.take(), lines, values);
        lines = 0;
        values = 0;
        return piece;
    }

    /**
     * Ends a line with its time.
     *
     * @param endings of the block's lines, where they are known
     */
    final void end(@Nullable LineEndings endings, int index, long time) {
        if (endings != null) {
            text.append(endings, index);
        } else {
            text.append(' ').append(time).append('\n');
        }
    }

    final boolean full() {
        return text.length() >= piece;
    }
}
