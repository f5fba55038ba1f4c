package dev.sluice.engine.transfer;

import dev.sluice.engine.line.LineEndings;
import dev.sluice.engine.line.TextBuffer;
import dev.sluice.engine.tsm.TsmBlock;

/** Values of a block as text: a class for each type, so that nothing about it is asked for each value. */
abstract sealed class Column {

    static Column of(TsmBlock block) {
        return switch (block.type()) {
            case FLOAT -> new Floats(block.floats());
            case INTEGER -> new Integers(block.integers());
            case UNSIGNED, BOOLEAN, STRING -> new Others(block);
        };
    }

    /** Appends what stands before a value, and the value. */
    abstract void append(byte[] start, int index, TextBuffer to);

    /**
     * Appends a line for each value until the text has a piece's size.
     *
     * @param start of each line, up to the value
     * @param from index of the first value
     * @param to behind the last one
     * @return index of the first value that was not written
     */
    int lines(byte[] start, LineEndings endings, int from, int to, TextBuffer text) {
        int i = from;
        for (; i < to && text.length() < Chunk.PIECE; i++) {
            append(start, i, text);
            text.append(endings, i);
        }
        return i;
    }

    private static final class Floats extends Column {
        private final double[] values;

        Floats(double[] values) {
            this.values = values;
        }

        @Override
        void append(byte[] start, int index, TextBuffer to) {
            to.append(start, values[index]);
        }

        @Override
        int lines(byte[] start, LineEndings endings, int from, int to, TextBuffer text) {
            return text.lines(start, values, endings, from, to, Chunk.PIECE);
        }
    }

    private static final class Integers extends Column {
        private final long[] values;

        Integers(long[] values) {
            this.values = values;
        }

        @Override
        void append(byte[] start, int index, TextBuffer to) {
            to.append(start, values[index]);
        }

        @Override
        int lines(byte[] start, LineEndings endings, int from, int to, TextBuffer text) {
            return text.lines(start, values, endings, from, to, Chunk.PIECE);
        }
    }

    private static final class Others extends Column {
        private final TsmBlock block;

        Others(TsmBlock block) {
            this.block = block;
        }

        @Override
        void append(byte[] start, int index, TextBuffer to) {
            Lines.value(block, index, to.append(start));
        }
    }
}
