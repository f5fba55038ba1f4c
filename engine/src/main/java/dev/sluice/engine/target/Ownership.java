package dev.sluice.engine.target;

import dev.sluice.engine.model.Notice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Gives files to whom a directory belongs: the account that the server runs under. Everything blocks. */
final class Ownership {

    private final @Nullable PosixFileAttributes owner;
    private @Nullable Path refused;

    private Ownership(@Nullable PosixFileAttributes owner) {
        this.owner = owner;
    }

    /** The owner and group of a directory. */
    static Ownership of(Path directory) throws IOException {
        var view = Files.getFileAttributeView(directory, PosixFileAttributeView.class);
        return new Ownership(view == null ? null : view.readAttributes());
    }

    /** Changes owner and group where they differ; what may not be changed is remembered. */
    void give(Path path) throws IOException {
        var view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
        if (owner == null || view == null) {
            return;
        }
        PosixFileAttributes now = view.readAttributes();
        try {
            if (!now.owner().equals(owner.owner())) {
                view.setOwner(owner.owner());
            }
            if (!now.group().equals(owner.group())) {
                view.setGroup(owner.group());
            }
        } catch (IOException e) {
            refused = path;
        }
    }

    /** The same for a directory and all in it. */
    void giveAll(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            List<Path> paths = all.toList();
            for (Path path : paths) {
                give(path);
            }
        }
    }

    /** What is to be said if the files do not belong to the server's account. */
    Optional<Notice> problem() {
        return refused == null || owner == null
                ? Optional.empty()
                : Optional.of(Notice.warning(
                        "what was restored does not belong to %s, as only root may give files away"
                                .formatted(owner.owner().getName()),
                        "Before the server is started: chown -R %s:%s, with its data and meta directories."
                                .formatted(
                                        owner.owner().getName(), owner.group().getName())));
    }
}
