package dev.sluice.engine.transfer;

import dev.sluice.engine.error.FileTrouble;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.transfer.LineReader.Position;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * How far an import came, kept in a file as it goes, so that another one can go on from there; or nowhere, if none is
 * named. One import.
 */
final class Progress {

    private final ImportOptions options;
    private final boolean many;
    private final String target;
    private final Telling telling;
    private final Rejects rejects;
    private final LongSupplier written;
    private final Scheduler files;
    private final Set<String> taken = new ConcurrentSkipListSet<>(); // who is stopped may save it meanwhile
    private final AtomicBoolean saveFailed = new AtomicBoolean();
    private volatile ProgressFile.State before = ProgressFile.State.NONE;

    /**
     * @param many whether the inputs are a directory's, of which some may be taken
     * @param target what is imported into
     * @param written points that the server has stored so far
     * @param files where the file is read and written; may block
     */
    Progress(
            ImportOptions options,
            boolean many,
            String target,
            Telling telling,
            Rejects rejects,
            LongSupplier written,
            Scheduler files) {
        this.options = options;
        this.many = many;
        this.target = target;
        this.telling = telling;
        this.rejects = rejects;
        this.written = written;
        this.files = files;
    }

    /** Those of the inputs that are not taken yet; first of all. */
    Mono<List<Input>> left(List<Input> inputs) {
        return Mono.fromCallable(() -> {
                    before = load();
                    taken.addAll(before.taken());
                    return inputs.stream()
                            .filter(input -> !before.taken().contains(key(input)))
                            .toList();
                })
                .subscribeOn(files);
    }

    private ProgressFile.State load() {
        Optional<Path> path = options.progress();
        if (path.isEmpty() || !options.resume()) {
            return ProgressFile.State.NONE;
        }
        Optional<ProgressFile.State> state;
        try {
            state = new ProgressFile(path.get()).load();
        } catch (IOException e) {
            throw Input.failed(path.get().toString(), e);
        }
        if (state.isEmpty() && !many) {
            telling.warn(
                    "there is nothing to resume: no file %s".formatted(path.get()), "The import begins at the start.");
        }
        state.ifPresent(found -> refuseOther(found.target(), path.get()));
        return state.orElse(ProgressFile.State.NONE);
    }

    /** What one server has taken, another one has not. */
    private void refuseOther(String other, Path path) {
        if (many && !other.isEmpty() && !other.equals(target)) {
            throw new InvalidRequest(
                    "%s tells of files that were imported into %s, not into %s".formatted(path, other, target),
                    "--progress FILE remembers each server's apart. If it is the same server under another name, change"
                            + " the target in that file.");
        }
    }

    /** Where the import of an input begins. */
    Position start(Input input, String identity) {
        if (!before.input().equals(key(input))) {
            return Position.START;
        }
        if (!before.identity().equals(identity) || !before.target().equals(target)) {
            if (many) {
                telling.warn(
                        "%s has changed since its import was interrupted".formatted(input.name()),
                        "It is imported from its start.");
                return Position.START;
            }
            throw new InvalidRequest(
                    "%s or its target is not the one whose import was interrupted".formatted(input.name()),
                    "Leave --resume out to import it from its start.");
        }
        return before.position();
    }

    /** Points that were rejected before this import, of which no report has told. */
    long rejectedBefore() {
        return before.rejected();
    }

    /** An input is read so far, which is asked when it is saved. */
    Mono<Void> reached(Input input, String identity, Supplier<Position> position) {
        return save(path -> keep(path, state(many ? taken : Set.of(), key(input), identity, position.get(), untold())));
    }

    /** An input is read to its end. */
    Mono<Void> done(Input input) {
        return Mono.defer(() -> {
            taken.add(key(input));
            return saveDone(untold());
        });
    }

    /** All inputs are, and a report follows, which tells of what was rejected. */
    Mono<Void> allDone() {
        return Mono.defer(() -> many && untold() > 0 ? saveDone(0) : Mono.empty());
    }

    private Mono<Void> saveDone(long untold) {
        return save(path -> {
            if (many) {
                keep(path, state(taken, "", "", Position.START, untold));
            } else {
                rejects.force();
                new ProgressFile(path).delete();
            }
        });
    }

    /** What was rejected before is on the disk by then: progress says that it is kept. */
    private void keep(Path path, ProgressFile.State state) throws IOException {
        rejects.force();
        new ProgressFile(path).save(state);
    }

    private ProgressFile.State state(Set<String> done, String input, String identity, Position position, long untold) {
        return new ProgressFile.State(done, input, identity, target, position, written.getAsLong(), untold);
    }

    /** Points that were rejected so far, in this run and before it, of which no report has told. */
    private long untold() {
        return rejectedBefore() + rejects.count();
    }

    private static String key(Input input) {
        return Path.of(input.name()).getFileName().toString();
    }

    /** What writes the file. */
    private interface Save {
        void to(Path path) throws IOException;
    }

    private Mono<Void> save(Save save) {
        Optional<Path> path = options.progress();
        return path.isEmpty()
                ? Mono.empty()
                : Mono.<Void>fromRunnable(() -> now(path.get(), save)).subscribeOn(files);
    }

    private void now(Path path, Save save) {
        try {
            synchronized (saveFailed) { // one that was begun goes on behind a stop
                save.to(path);
            }
        } catch (IOException e) {
            if (saveFailed.compareAndSet(false, true)) {
                telling.warn(
                        "progress cannot be kept: %s".formatted(FileTrouble.inWords(e)),
                        "After a crash the import starts anew; --progress names a file elsewhere.");
            }
        }
    }
}
