package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.format.ShardFiles;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.target.DataDirectoryTarget.Claiming;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.scheduler.Schedulers;

/** Two restores into the directories of one stopped server. */
class TwoRestoresTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);
    private static final ShardRef OTHER = new ShardRef("other", "rp", 7);

    /** As between two machines that share a file system without locks: neither knows of the other. */
    private static final Claiming BLIND = meta -> DirectoryClaim.take(meta, new HashSet<>(), file -> {
        throw new IOException("No locks available");
    });

    @TempDir
    Path temp;

    @Test
    void theSecondIsRefusedAsItBeginsWhereverTheFirstIs() throws IOException {
        for (Course course : courses()) {
            var two = new Two(course, DirectoryClaim::take);

            two.run();

            two.restores.forEach(restore -> assertThat(restore.refusedAtItsBegin)
                    .as("%s: %s", course, restore.name)
                    .isEqualTo(restore.otherWasOpen));
            two.assertWhole();
            if (two.restores.stream().noneMatch(restore -> restore.sealed)) {
                assertThat(two.data).as("%s", course).isEmptyDirectory();
            }
            assertThat(two.restores.stream().filter(restore -> restore.sealed))
                    .as("%s: who begins can end it", course)
                    .hasSameElementsAs(two.restores.stream()
                            .filter(restore -> restore.session != null && restore.seals)
                            .toList());
        }
    }

    @Test
    void whatIsSealedStaysWholeWhereNoLockCanKeepTheOtherAway() throws IOException {
        for (Course course : courses()) {
            var two = new Two(course, BLIND);

            two.run();

            two.assertWhole();
            if (course.sealsFirst && course.sealsSecond) {
                assertThat(two.restores).as("%s: one of both", course).anyMatch(restore -> restore.sealed);
            }
        }
    }

    /** Between the moves of the one's shards and its metastore. */
    @Test
    void whoIsOvertakenInTheLastMomentTakesItsShardsBack() throws IOException {
        var two = new Two(new Course("", OTHER, true, true), BLIND);
        Restore first = two.restores.get(0);
        Restore second = two.restores.get(1);
        two.restores.forEach(Restore::begin);
        two.restores.forEach(Restore::write);

        first.meanwhile = second::end;
        first.end();

        assertThat(second.sealed).isTrue();
        assertThat(first.sealed).isFalse();
        assertThat(first.failure)
                .isInstanceOf(RestoreRefused.class)
                .hasMessageContaining("meta.db was changed by somebody else");
        two.assertWhole();
    }

    /** A server that begins is seen by nothing else. */
    @Test
    void aMetastoreThatAServerHasChangedIsLeftAsItIs() throws IOException {
        for (boolean wasThere : List.of(false, true)) {
            var two = new Two(new Course("server" + wasThere, OTHER, true, true), DirectoryClaim::take);
            Path metaDb = two.meta.resolve("meta.db");
            if (wasThere) {
                Files.write(metaDb, Answers.metadata(new ShardRef("old", "rp", 3)));
            }
            Restore restore = two.restores.get(0);
            restore.begin();
            restore.write();
            byte[] changed = Answers.metadata(new ShardRef("new", "rp", 4));
            Files.write(metaDb, changed);

            restore.end();

            assertThat(restore.failure).isInstanceOf(RestoreRefused.class);
            assertThat(metaDb).hasBinaryContent(changed);
            assertThat(two.data).isEmptyDirectory();
            assertThat(two.meta).isDirectoryNotContaining(path -> !path.equals(metaDb));
        }
    }

    /** Directories without a file say something too: that a policy is there, or that another restore has just begun. */
    @Test
    void directoriesThatWereThereStayEvenIfTheyAreEmpty() throws IOException {
        var two = new Two(new Course("", OTHER, false, false), DirectoryClaim::take);
        Files.createDirectories(two.data.resolve("db/rp"));
        Restore restore = two.restores.get(0);

        restore.begin();
        restore.write();
        restore.end();

        assertThat(two.data.resolve("db/rp")).isEmptyDirectory();
    }

    /** A place that another one has taken to is nobody's to remove. */
    @Test
    void aPlaceThatIsTakenStaysWithWhatIsInIt() throws IOException {
        var two = new Two(new Course("", SHARD, false, true), BLIND);
        Restore first = two.restores.get(0);
        Restore second = two.restores.get(1);
        two.restores.forEach(Restore::begin);
        first.write();
        Set<String> there = two.files();

        second.write();

        assertThat(second.failure).isInstanceOf(SluiceException.class).hasMessageContaining("it is there already");
        assertThat(two.files()).as("after the second's failure").isEqualTo(there);
        second.end();
        assertThat(two.files()).as("after it gave up").isEqualTo(there);
    }

    @Test
    void whatIsRefusedAtItsBeginLeavesNothingAndLetsTheNextOneIn() throws IOException {
        var two = new Two(new Course("", SHARD, true, true), DirectoryClaim::take);
        Restore first = two.restores.get(0);
        first.begin();
        first.write();
        first.end();
        Restore second = two.restores.get(1);

        assertThatThrownBy(() -> second.target.begin(second.source.catalog()).block(PATIENCE))
                .isInstanceOf(RestoreRefused.class)
                .hasMessageContaining("exists");

        two.assertWhole();
        DirectoryClaim.take(two.meta).release();
    }

    /**
     * What happens.
     *
     * @param order whose step comes when: A's and B's
     * @param second what B restores
     */
    private record Course(String order, ShardRef second, boolean sealsFirst, boolean sealsSecond) {}

    /** Each of two restores begins, writes its shard and ends: all ways in which that can come together. */
    private static List<Course> courses() {
        List<Course> all = new ArrayList<>();
        for (String order : orders("", 3, 3).toList()) {
            for (ShardRef second : List.of(SHARD, OTHER)) {
                for (int ends = 0; ends < 4; ends++) {
                    all.add(new Course(order, second, (ends & 1) == 0, (ends & 2) == 0));
                }
            }
        }
        assertThat(all).hasSize(20 * 2 * 4);
        return all;
    }

    private static Stream<String> orders(String begun, int leftOfA, int leftOfB) {
        if (leftOfA + leftOfB == 0) {
            return Stream.of(begun);
        }
        return Stream.concat(
                leftOfA == 0 ? Stream.empty() : orders(begun + "A", leftOfA - 1, leftOfB),
                leftOfB == 0 ? Stream.empty() : orders(begun + "B", leftOfA, leftOfB - 1));
    }

    /** Two restores and their directories. */
    private final class Two {
        private final Course course;
        private final Path data;
        private final Path meta;
        private final List<Restore> restores;

        Two(Course course, Claiming claiming) throws IOException {
            this.course = course;
            Path root = Files.createTempDirectory(temp, "two");
            data = Files.createDirectories(root.resolve("data"));
            meta = Files.createDirectories(root.resolve("meta"));
            restores = List.of(
                    new Restore("A", SHARD, 2, course.sealsFirst, this, claiming),
                    new Restore("B", course.second, 3, course.sealsSecond, this, claiming));
        }

        void run() {
            for (char who : course.order.toCharArray()) {
                restores.get(who - 'A').step();
            }
        }

        /** All that was sealed is known and there, and nothing else is. */
        void assertWhole() throws IOException {
            var expected = new TreeSet<String>();
            Path metaDb = meta.resolve("meta.db");
            Metastore known = Files.exists(metaDb)
                    ? Metastore.decode(Metadata.of(Files.readAllBytes(metaDb)))
                    : Metastore.of(0, List.of());
            List<String> sealed = new ArrayList<>();
            for (Restore restore : restores) {
                if (restore.sealed) {
                    sealed.add(restore.shard.database());
                    Metastore.Located shard = known.shards()
                            .filter(there -> there.ref().database().equals(restore.shard.database()))
                            .findFirst()
                            .orElseThrow();
                    Path directory = new ShardFiles(data).directory(shard.ref());
                    restore.files.forEach((name, content) -> {
                        assertThat(directory.resolve(name)).as("%s", course).hasBinaryContent(content);
                        expected.add(data.relativize(directory.resolve(name)).toString());
                    });
                }
            }
            assertThat(known.databases())
                    .as("%s", course)
                    .extracting(Metastore.Database::name)
                    .containsExactlyInAnyOrderElementsOf(sealed);
            assertThat(files()).as("%s", course).isEqualTo(expected);
            assertThat(meta).isDirectoryNotContaining(path -> !path.equals(metaDb));
        }

        private Set<String> files() throws IOException {
            var files = new TreeSet<String>();
            try (Stream<Path> all = Files.walk(data)) {
                all.filter(Files::isRegularFile)
                        .forEach(file -> files.add(data.relativize(file).toString()));
            }
            return files;
        }
    }

    /** One of them, step by step. */
    private static final class Restore {
        private final String name;
        private final ShardRef shard;
        private final Map<String, byte[]> files;
        private final boolean seals;
        private final Two two;
        private final SourceSession source;
        private final DataDirectoryTarget target;

        private Runnable meanwhile = () -> {};
        private int steps;
        private @Nullable TargetSession session;
        private @Nullable ShardOutcome stored;
        private @Nullable Throwable failure;
        private boolean otherWasOpen;
        private boolean refusedAtItsBegin;
        private boolean sealed;
        private boolean over;

        Restore(String name, ShardRef shard, int files, boolean seals, Two two, Claiming claiming) {
            this.name = name;
            this.shard = shard;
            this.files = Answers.tsmFiles(files, files);
            this.seals = seals;
            this.two = two;
            this.source = Objects.requireNonNull(new MemoryShards(Map.of(shard, this.files))
                    .open(Selection.EVERYTHING)
                    .block(PATIENCE));
            InstantSource time = () -> {
                Runnable now = meanwhile;
                meanwhile = () -> {};
                now.run();
                return Instant.parse("2026-01-01T00:00:00Z");
            };
            this.target = new DataDirectoryTarget(
                    new End.Data(two.data, Optional.of(two.meta), Optional.empty()),
                    new DataOptions(LiveOptions.DEFAULT, false, false),
                    Schedulers.immediate(),
                    time.withZone(ZoneOffset.UTC),
                    claiming);
        }

        void step() {
            switch (steps++) {
                case 0 -> begin();
                case 1 -> write();
                default -> end();
            }
        }

        void begin() {
            otherWasOpen =
                    two.restores.stream().anyMatch(other -> other != this && other.session != null && !other.over);
            try {
                session = target.begin(source.catalog()).block(PATIENCE);
            } catch (SluiceException e) {
                failure = e;
                refusedAtItsBegin = String.valueOf(e.getMessage()).contains("another restore works on");
            }
        }

        void write() {
            TargetSession to = session;
            if (to != null) {
                try {
                    ShardReceipt receipt = Objects.requireNonNull(source.shards()
                            .flatMap(read -> to.write(read.ref(), read.parts(), bytes -> {}))
                            .blockLast(PATIENCE));
                    stored = new ShardOutcome.Stored(receipt, 1, Duration.ZERO);
                } catch (SluiceException e) {
                    failure = e;
                }
            }
        }

        void end() {
            TargetSession to = session;
            if (to == null) {
                return;
            }
            if (seals && stored != null) {
                try {
                    to.seal(List.of(stored)).block(PATIENCE);
                    sealed = true;
                } catch (SluiceException e) {
                    failure = e;
                }
            }
            if (!sealed) {
                to.abort().block(PATIENCE);
            }
            over = true;
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
