package dev.sluice.examples;

import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.ServerAddress;
import java.nio.file.Path;
import java.util.function.Consumer;

/** What README.md shows, so that it compiles. */
final class LibraryExample {

    private LibraryExample() {}

    static void backUp(String server, Path directory, Consumer<String> log) {
        try (SluiceEngine engine = SluiceEngine.create()) {
            BackupRequest request = BackupRequest.portable(ServerAddress.parse(server), directory)
                    .compression(Compression.ZSTD)
                    .build();
            engine.backup(request) // a cold Flux<Event>; a cancel ends every conversation
                    .ofType(Event.ShardFinished.class)
                    .doOnNext(event -> log.accept("done: " + event.outcome().ref()))
                    .blockLast();
        }
    }
}
