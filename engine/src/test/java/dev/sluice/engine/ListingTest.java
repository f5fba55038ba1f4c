package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.testkit.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a listing says of a portable backup, of which it reads no archive. */
class ListingTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path temp;

    @Test
    void aBackupWithAllItsArchivesIsComplete() {
        Listing listing = list(Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("whole")));

        assertThat(listing.complete()).isTrue();
        assertThat(listing.shards()).hasSize(3);
    }

    @Test
    void aMissingArchiveIsNamed() throws IOException {
        Path directory = Fixtures.copy("1.8.10", "portable-db-rp", temp.resolve("missing"));
        String archive = Fixtures.names(directory).stream()
                .filter(name -> name.endsWith(".s2.tar.gz"))
                .findFirst()
                .orElseThrow();
        Files.delete(directory.resolve(archive));

        Listing listing = list(directory);

        assertThat(listing.complete()).isFalse();
        assertThat(listing.notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.MISSING)
                .singleElement()
                .satisfies(notice -> assertThat(notice.message())
                        .contains("telemetry/autogen/2")
                        .contains(archive));
    }

    private static Listing list(Path directory) {
        try (SluiceEngine engine = SluiceEngine.create()) {
            Listing listing = engine.list(new End.Portable(directory), Selection.EVERYTHING)
                    .block(PATIENCE);
            assertThat(listing).isNotNull();
            return listing;
        }
    }
}
