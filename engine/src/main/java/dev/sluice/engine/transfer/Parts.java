package dev.sluice.engine.transfer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * One text in several files that can each be imported alone: all but the first begin with the statements and their context.
 * One run.
 */
final class Parts {

    private final Path path;
    private final long size;
    private final Telling telling;
    private final Scheduler files;
    private long filled;
    private long number;

    /**
     * @param path what they are named after
     * @param size bytes of text after which a new file begins
     * @param files where files are looked for; may block
     */
    Parts(Path path, long size, Telling telling, Scheduler files) {
        this.path = path;
        this.size = size;
        this.telling = telling;
        this.files = files;
    }

    /**
     * Writes them, one after the other.
     *
     * @param beginning of a file whose first points are of a place
     * @param one writes one of them
     */
    Mono<Void> write(
            Flux<Piece> text, Function<Place, Flux<Piece>> beginning, BiFunction<Path, Flux<Piece>, Mono<Void>> one) {
        return text.windowUntil(this::beginsAnother, true, 1)
                .concatMap(
                        part -> {
                            number++;
                            return one.apply(name(number), number == 1 ? part : begun(part, beginning));
                        },
                        1)
                .then(Mono.<Void>fromRunnable(() -> warnOfOld(name(number + 1))).subscribeOn(files));
    }

    private boolean beginsAnother(Piece piece) {
        int length = piece.text().length();
        boolean cut = piece.lines() > 0 && filled + length > size;
        filled = (cut ? 0 : filled) + length;
        return cut;
    }

    private static Flux<Piece> begun(Flux<Piece> part, Function<Place, Flux<Piece>> beginning) {
        return part.switchOnFirst((first, pieces) -> {
            Piece piece = first.get();
            return piece == null ? pieces : beginning.apply(piece.place()).concatWith(pieces);
        });
    }

    /** An import of the directory would take it for a part of this export. */
    private void warnOfOld(Path next) {
        if (Files.exists(next)) {
            telling.warn(
                    "%s is there from an export of more parts".formatted(next),
                    "Remove it and those behind it before the directory is imported.");
        }
    }

    private Path name(long part) {
        return numbered(path, part);
    }

    /** {@code a.lp.gz} becomes {@code a-001.lp.gz}. */
    private static Path numbered(Path path, long number) {
        String name = String.valueOf(path.getFileName());
        int dot = name.indexOf('.', 1);
        String stem = dot < 0 ? name : name.substring(0, dot);
        return path.resolveSibling(
                String.format(Locale.ROOT, "%s-%03d%s", stem, number, dot < 0 ? "" : name.substring(dot)));
    }
}
