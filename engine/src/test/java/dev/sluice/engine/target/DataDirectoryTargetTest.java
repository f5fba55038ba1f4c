package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.SourceSession;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.MemoryShards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class DataDirectoryTargetTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

    private final SourceSession source = Objects.requireNonNull(new MemoryShards(Map.of(SHARD, Answers.tsmFiles(1, 2)))
            .open(Selection.EVERYTHING)
            .block(PATIENCE));

    /** What happens while the target looks at its clock. */
    private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});

    @TempDir
    Path temp;

    private Path data;
    private Path meta;

    @BeforeEach
    void directories() throws IOException {
        data = Files.createDirectories(temp.resolve("influxdb/data"));
        meta = Files.createDirectories(temp.resolve("influxdb/meta"));
    }

    /** A cancel can come between the shards' moves and that of the metastore: what is known must be there. */
    @Test
    void whatIsGivenUpInTheLastMomentIsWhole() throws IOException {
        TargetSession session = begin();
        ShardOutcome stored = write(session);
        var told = new CopyOnWriteArrayList<Notice>();
        meanwhile.set(() -> session.abort().subscribe(told::addAll));

        session.seal(List.of(stored)).block(PATIENCE);

        assertThat(told)
                .extracting(Notice::message)
                .singleElement()
                .asString()
                .contains("the restore was complete")
                .doesNotContain("removed"); // there was nothing to remove
        assertThat(metastore().shards().map(Metastore.Located::ref)).containsExactly(SHARD);
        assertThat(data.resolve("db/rp/7")).isNotEmptyDirectory();
    }

    @Test
    void tellsOfWhatAKilledRestoreHasLeft() throws IOException {
        Path left = Files.createDirectories(data.resolve("db/rp/3.restoring"));
        TargetSession session = begin();
        Sealed sealed =
                Objects.requireNonNull(session.seal(List.of(write(session))).block(PATIENCE));

        assertThat(sealed.notices())
                .extracting(Notice::message)
                .singleElement()
                .asString()
                .endsWith("killed has left what only takes room: " + left);
        assertThat(left).isDirectory();
    }

    @Test
    void whatWasGivenUpIsNotSealed() {
        TargetSession session = begin();
        ShardOutcome stored = write(session);

        session.abort().block(PATIENCE);
        session.seal(List.of(stored)).as(StepVerifier::create).expectError().verify(PATIENCE);

        assertThat(meta).isEmptyDirectory();
        assertThat(data).isEmptyDirectory();
    }

    /** A cancel may overtake a shard that is just about to begin on another thread. */
    @Test
    void noShardBeginsOnceItIsGivenUp() {
        TargetSession session = begin();

        session.abort().block(PATIENCE);
        source.shards()
                .concatMap(shard -> session.write(shard.ref(), shard.parts(), stored -> {}))
                .as(StepVerifier::create)
                .expectError(CancellationException.class)
                .verify(PATIENCE);

        assertThat(data).isEmptyDirectory();
    }

    /** A restore takes a while. Who starts the server meanwhile must not lose what it writes. */
    @Test
    void aServerThatWasStartedMeanwhileIsSeenBeforeAnythingChanges() throws Exception {
        TargetSession session = begin();
        ShardOutcome stored = write(session);
        Path open = Files.createFile(meta.resolve("node.json"));
        Process holder =
                new ProcessBuilder("sh", "-c", "exec 3<'%s'; echo ready; exec sleep 60".formatted(open)).start();
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("ready");

            session.seal(List.of(stored))
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(DirectoriesInUse.class)
                            .hasMessageContaining("pid " + holder.pid()))
                    .verify(PATIENCE);
            session.abort().block(PATIENCE);
        } finally {
            holder.destroyForcibly();
        }

        assertThat(meta.resolve("meta.db")).doesNotExist();
        assertThat(data).isEmptyDirectory();
    }

    /** It holds the hashes of passwords. */
    @Test
    void aNewMetastoreIsForItsOwnerOnly() throws IOException {
        TargetSession session = begin();

        session.seal(List.of(write(session))).block(PATIENCE);

        assertThat(permissions()).isEqualTo("rw-------");
    }

    @Test
    void aMetastoreThatIsReplacedKeepsItsPermissions() throws IOException {
        Path metaDb = meta.resolve("meta.db");
        Files.write(metaDb, Answers.metadata(new ShardRef("other", "rp", 3)));
        Files.setPosixFilePermissions(metaDb, PosixFilePermissions.fromString("rw-r-----"));
        TargetSession session = begin();

        session.seal(List.of(write(session))).block(PATIENCE);

        assertThat(metastore().databases()).hasSize(2);
        assertThat(permissions()).isEqualTo("rw-r-----");
        assertThat(meta).isDirectoryNotContaining(path -> !path.equals(metaDb));
    }

    /** Nobody has that session, and nobody would ever let others in. */
    @Test
    void aBeginThatIsCancelledUnderWayLetsOthersIn() {
        var came = new ArrayList<TargetSession>();
        var beginning = new BaseSubscriber<TargetSession>() {
            @Override
            protected void hookOnNext(TargetSession session) {
                came.add(session);
            }
        };
        meanwhile.set(beginning::cancel);

        target().begin(source.catalog()).subscribe(beginning);

        assertThat(came).isEmpty();
        assertThat(meta).isEmptyDirectory();
        begin().abort().block(PATIENCE);
    }

    /** Whoever cancels as the session comes may have passed it on to nobody. */
    @Test
    void aBeginThatIsCancelledAsItComesLetsOthersIn() {
        target().begin(source.catalog()).subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnNext(TargetSession session) {
                cancel();
            }
        });

        assertThat(meta).isEmptyDirectory();
        begin().abort().block(PATIENCE);
    }

    /** As when the engine is closed. */
    @Test
    void whoGivesUpWhereNoThreadIsLeftLetsOthersIn() {
        Scheduler gone = Schedulers.newBoundedElastic(1, 10, "gone");
        TargetSession session =
                Objects.requireNonNull(target(gone).begin(source.catalog()).block(PATIENCE));
        gone.dispose();

        session.abort().block(PATIENCE);

        assertThat(meta).isEmptyDirectory();
        begin().abort().block(PATIENCE);
    }

    private TargetSession begin() {
        return Objects.requireNonNull(target().begin(source.catalog()).block(PATIENCE));
    }

    private DataDirectoryTarget target() {
        return target(Schedulers.immediate());
    }

    private DataDirectoryTarget target(Scheduler blocking) {
        InstantSource time = () -> {
            meanwhile.getAndSet(() -> {}).run();
            return Instant.parse("2026-01-01T00:00:00Z");
        };
        Clock clock = time.withZone(ZoneOffset.UTC);
        return new DataDirectoryTarget(
                new End.Data(data, Optional.of(meta), Optional.empty()),
                new DataOptions(LiveOptions.DEFAULT, false, false),
                blocking,
                clock);
    }

    private ShardOutcome write(TargetSession session) {
        ShardReceipt receipt = Objects.requireNonNull(source.shards()
                .flatMap(shard -> session.write(shard.ref(), shard.parts(), stored -> {}))
                .blockLast(PATIENCE));
        return new ShardOutcome.Stored(receipt, 1, Duration.ZERO);
    }

    private Metastore metastore() throws IOException {
        return Metastore.decode(Metadata.of(Files.readAllBytes(meta.resolve("meta.db"))));
    }

    private String permissions() throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(meta.resolve("meta.db")));
    }
}
