package dev.sluice.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.Notice;
import dev.sluice.engine.store.StoreContent;
import dev.sluice.engine.store.StoreEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UnfinishedTest {

    private static final List<StoreEntry> COMPLETE = files(
            "20261128T010000Z.manifest",
            "20261128T010000Z.meta",
            "20261128T010000Z.s1.tar.gz",
            "20261128T010000Z.s18446744073709551615.tar.zst");

    @Test
    void aCompleteRunIsNotUnfinished() {
        assertThat(Unfinished.portable(content(COMPLETE)).notice("/b")).isEmpty();
        assertThat(Unfinished.legacy(List.of()).notice("/b")).isEmpty();
    }

    @Test
    void aKilledRunIsToldByItsFinishedArchivesAndItsPendingFiles() {
        var files = new ArrayList<>(COMPLETE);
        files.addAll(files("20261129T010000Z.s1.tar.gz", "20261129T010000Z.s2.tar"));
        List<StoreEntry> pending =
                files(".20261129T010000Z.manifest.pending", ".20261129T010000Z.s3.tar.gz.973bb875.pending");

        Notice notice = Unfinished.portable(new StoreContent(files, pending))
                .notice("/b")
                .orElseThrow();

        assertThat(notice.kind()).isEqualTo(Notice.Kind.WARNING);
        assertThat(notice.message())
                .contains("/b holds 4 files of 40 bytes")
                .endsWith(": .20261129T010000Z.*, 20261129T010000Z.*");
    }

    @Test
    void whatInfluxdWasDownloadingIsToldToo() {
        var left = Unfinished.portable(content(files("20261129T010000Z.s1.tar.gz.pending")));

        assertThat(left.notice("/b").orElseThrow().message())
                .contains("1 file of 10 bytes that belongs")
                .endsWith(": 20261129T010000Z.*");
    }

    @Test
    void anArchiveBelongsToTheManifestThatNamesItWhateverItIsCalled() {
        List<StoreEntry> files = files(
                "monday.manifest",
                "20261128T010000Z.s1.tar.gz",
                "20261128T010000Z.meta",
                "notes.meta",
                "20261128T010000Z.manifest.bak");

        assertThat(Unfinished.portable(
                                content(files), Set.of("20261128T010000Z.s1.tar.gz", "20261128T010000Z.meta")::contains)
                        .files())
                .isEmpty();
        assertThat(Unfinished.portable(content(files), Set.of("20261128T010000Z.meta")::contains)
                        .files())
                .extracting(StoreEntry::name)
                .containsExactly("20261128T010000Z.s1.tar.gz");
    }

    @Test
    void onlyWhoHasReadAllManifestsSaysThatFilesCanBeDeleted() {
        List<StoreEntry> files = files("20261129T010000Z.s1.tar.gz");

        assertThat(Unfinished.portable(content(files))
                        .notice("/b")
                        .orElseThrow()
                        .hint())
                .doesNotContain("elete")
                .contains("sluice list /b");
        assertThat(Unfinished.portable(content(files), name -> false)
                        .notice("/b")
                        .orElseThrow()
                        .hint())
                .contains("Delete them");
    }

    /** Whoever deletes by it would delete the restore point. */
    @Test
    void aPatternThatTakesFilesOfARestorePointIsNotGiven() {
        var files = new ArrayList<>(COMPLETE);
        files.addAll(files(
                "20261128T010000Z.manifest.bak",
                "20261128T010000Z.s2.tar.gz.pending",
                "20261129T010000Z.s1.tar.gz",
                "20261129T010000Z.s2.tar.gz"));
        Set<String> named = Set.of(
                "20261128T010000Z.meta",
                "20261128T010000Z.s1.tar.gz",
                "20261128T010000Z.s18446744073709551615.tar.zst");

        assertThat(Unfinished.portable(content(files), named::contains)
                        .notice("/b")
                        .orElseThrow()
                        .message())
                .endsWith(": 20261128T010000Z.s2.tar.gz.pending, 20261129T010000Z.*");
    }

    @Test
    void manyRunsAreCounted() {
        var left = Unfinished.portable(content(files(
                "20261121T010000Z.s1.tar.gz",
                "20261122T010000Z.s1.tar.gz",
                "20261123T010000Z.s1.tar.gz",
                "20261124T010000Z.s1.tar.gz",
                "20261124T010000Z.s2.tar.gz")));

        assertThat(left.notice("/b").orElseThrow().message())
                .endsWith(": 20261121T010000Z.*, 20261122T010000Z.*, 20261123T010000Z.* and 1 more");
    }

    @Test
    void aDirectoryOfNothingElseIsNotCalledEmpty() {
        assertThat(Unfinished.nothingIn("/b", 0)).hasMessage("/b is empty");
        assertThat(Unfinished.nothingIn("/b", 5)).hasMessageContaining("only 5 pending files of a run that was killed");
    }

    /** With nothing that is not published. */
    private static StoreContent content(List<StoreEntry> files) {
        return new StoreContent(files, List.of());
    }

    private static List<StoreEntry> files(String... names) {
        return Arrays.stream(names).map(name -> new StoreEntry(name, 10)).toList();
    }
}
