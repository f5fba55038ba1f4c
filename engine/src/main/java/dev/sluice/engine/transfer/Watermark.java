package dev.sluice.engine.transfer;

import dev.sluice.engine.transfer.LineReader.Position;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;

/** Up to where a file is done: before the oldest batch that is not. Safe for many threads. */
final class Watermark {

    private final Set<LineBatch> undone = new HashSet<>();
    private Position read;

    Watermark(Position start) {
        this.read = start;
    }

    /** @param position where the reader stands now, the batch not counted */
    synchronized void given(LineBatch batch, Position position) {
        undone.add(batch);
        read = position;
    }

    synchronized void done(LineBatch batch) {
        undone.remove(batch);
    }

    /** Where to begin again. */
    synchronized Position position() {
        return undone.stream()
                .min(Comparator.comparingLong(LineBatch::firstOffset))
                .filter(batch -> batch.firstOffset() < read.offset())
                .map(batch -> new Position(
                        batch.firstOffset(),
                        batch.firstLine(),
                        read.phase(),
                        batch.place().database(),
                        batch.place().policy(),
                        batch.names()))
                .orElse(read);
    }
}
