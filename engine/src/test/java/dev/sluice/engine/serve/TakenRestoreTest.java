package dev.sluice.engine.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.DirectoriesInUse;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import dev.sluice.engine.wire.IdMap;
import dev.sluice.engine.wire.SnapshotRequest;
import dev.sluice.engine.wire.SnapshotRequest.MetastoreUpdate;
import dev.sluice.engine.wire.SnapshotRequest.ShardUpload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the embedded server does with requests that change its directories, byte by byte. */
class TakenRestoreTest {

    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");
    private static final TimeRange WEEK = new TimeRange(NOON, NOON.plus(Duration.ofDays(7)));
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final ShardRef THERE = new ShardRef("there", "autogen", 7);

    @TempDir
    Path dir;

    private RunningServer server;

    @BeforeEach
    void serve() throws IOException {
        Metadata metadata = Metastore.of(
                        42,
                        List.of(Database.of(
                                "there", Policy.of("autogen", Duration.ofDays(7), ShardGroup.of(3, WEEK, 7L)))))
                .toMetadata();
        Files.write(Files.createDirectory(dir.resolve("meta")).resolve("meta.db"), metadata.toByteArray());
        Files.createDirectories(path(THERE));
        Files.createDirectories(dir.resolve("data/there/autogen/19")); // nobody knows it, and nobody may get its id
        Files.createDirectories(dir.resolve("wal/there/autogen/23"));
        Files.writeString(dir.resolve("outside.tsm"), "not yours");
        serveAgain();
    }

    private void serveAgain() {
        server = Objects.requireNonNull(
                SnapshotServer.bindWritable(new ServerAddress("127.0.0.1", 0), directories(dir), dir.resolve("scratch"))
                        .block(PATIENCE));
    }

    @AfterEach
    void stop() {
        server.stop().block(PATIENCE);
    }

    @Test
    void makesADatabaseAndTellsTheIdsOfItsShards() throws IOException {
        Metadata sent = metastore(
                Database.of(
                        "new",
                        Policy.of(
                                "autogen", Duration.ofDays(7), ShardGroup.of(1, WEEK, 7L), ShardGroup.of(2, WEEK, 2L)),
                        Policy.of("raw data", Duration.ofDays(7), ShardGroup.of(3, WEEK, 3L))),
                Database.of("other", Policy.of("autogen", Duration.ofDays(7), ShardGroup.of(4, WEEK, 4L))));

        assertThat(update("new", "", "", "", sent)).isEqualTo(Map.of(2L, 24L, 3L, 25L, 7L, 26L));

        Metastore now = stored();
        assertThat(now.databases()).extracting(Database::name).containsExactly("there", "new");
        assertThat(now.clusterId()).isEqualTo(42);
        assertThat(now.locate(25).orElseThrow().ref()).isEqualTo(new ShardRef("new", "raw data", 25));
        assertThat(now.shards().map(shard -> shard.group().id())).doesNotHaveDuplicates();
        assertThat(ask(new SnapshotRequest.MetastoreBackup()))
                .isEqualTo(Answers.metastore(now.toMetadata().toByteArray()));
        assertThat(ask(new SnapshotRequest.DatabaseInfo(Optional.of("new"))))
                .isEqualTo(Answers.pathList(
                        new ShardRef("new", "autogen", 26),
                        new ShardRef("new", "autogen", 24),
                        new ShardRef("new", "raw data", 25)));
    }

    @Test
    void makesAllDatabasesButTheInternalOne() throws IOException {
        Metadata sent =
                metastore(database("a", 1L), database("_internal", 2L), database("b", 3L), Database.of("empty"));
        assertThat(update("", "ignored", "ignored", "ignored", sent)).isEqualTo(Map.of(1L, 24L, 3L, 25L));
        assertThat(stored().databases()).extracting(Database::name).containsExactly("there", "a", "b", "empty");
        assertThat(update("_internal", "", "", "", sent)).containsOnlyKeys(2L);
    }

    @Test
    void givesNewNames() throws IOException {
        Metadata sent = metastore(new Database(
                "old",
                "raw",
                List.of(
                        Policy.of("raw", Duration.ofDays(1), ShardGroup.of(1, WEEK, 1L)),
                        Policy.of("year", Duration.ofDays(7), ShardGroup.of(2, WEEK, 2L))),
                List.of(new Metastore.ContinuousQuery("cq", "CREATE CONTINUOUS QUERY cq ON old BEGIN END"))));
        assertThat(update("old", "fresh", "year", "decade", sent)).isEqualTo(Map.of(2L, 24L));
        Database made = stored().find("fresh").orElseThrow();
        assertThat(made.defaultPolicy()).isEqualTo("decade");
        assertThat(made.policies()).extracting(Policy::name).containsExactly("decade");
        assertThat(made.continuousQueries()).isEmpty();
        assertThat(path(new ShardRef("fresh", "decade", 24))).isEmptyDirectory();

        assertThat(update("old", "whole", "", "ignored", sent)).containsOnlyKeys(1L, 2L);
        assertThat(stored().find("whole").orElseThrow().defaultPolicy()).isEqualTo("raw");
    }

    @Test
    void leavesOutGroupsThatAreDeletedOrEmpty() throws IOException {
        var deleted = new ShardGroup(1, WEEK, Optional.of(NOON), Optional.empty(), List.of(1L));
        Metadata sent = metastore(Database.of(
                "new",
                Policy.of("autogen", Duration.ofDays(7), deleted, ShardGroup.of(2, WEEK), ShardGroup.of(3, WEEK, 3L))));
        assertThat(update("new", "", "", "", sent)).containsOnlyKeys(3L);
        assertThat(stored().find("new").orElseThrow().policies().get(0).groups())
                .hasSize(1);
    }

    @Test
    void changesNothingForWhatItDoesNotTake() throws IOException {
        Metadata sent = metastore(database("new", 1L), database("there", 2L));
        Metadata twice = metastore(Database.of(
                "new",
                Policy.of("autogen", Duration.ofDays(7), ShardGroup.of(1, WEEK, 1L), ShardGroup.of(2, WEEK, 1L))));
        Metadata series = metastore(Database.of("new", Policy.of("_series", Duration.ofDays(7))));
        Map<String, Long> before = tree();

        assertThat(update("there", "", "", "", sent)).as("exists").isEmpty();
        assertThat(update("new", "there", "", "", sent)).as("exists").isEmpty();
        assertThat(update("", "", "", "", sent)).as("one of them exists").isEmpty();
        assertThat(update("nope", "", "", "", sent)).isEmpty();
        assertThat(update("new", "", "nope", "", sent)).isEmpty();
        for (String name : List.of("../evil", "..", ".", "a/b", "a\\b", "a\nb", "x".repeat(256))) {
            assertThat(update("new", name, "", "", sent)).as(name).isEmpty();
            assertThat(update("new", "fine", "autogen", name, sent)).as(name).isEmpty();
        }
        assertThat(update("new", "fine", "autogen", "_series", sent)).isEmpty();
        assertThat(update("new", "", "", "", series)).isEmpty();
        assertThat(update("new", "", "", "", twice)).isEmpty();
        assertThat(update("new", "", "", "", Metadata.of("garbage".getBytes(StandardCharsets.UTF_8))))
                .isEmpty();
        assertThat(update("new", "", "", "", Metadata.of(new byte[0]))).isEmpty();
        for (String size : List.of("9223372036854775807", "-2", "\"x\"")) {
            assertThat(exchange(
                            "\u0003\u0006{\"UploadSize\":%s}\n".formatted(size).getBytes(StandardCharsets.UTF_8)))
                    .as(size)
                    .isEmpty();
        }
        byte[] cut = bytes(new MetastoreUpdate("new", "new", "", "", sent));
        try (Socket client = connect()) {
            client.getOutputStream().write(cut, 0, cut.length - 1);
            client.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).isEmpty();
        }
        assertThat(tree()).isEqualTo(before);
        assertThat(update("new", "", "", "", sent)).as("and goes on").containsOnlyKeys(1L);
    }

    @Test
    void makesDatabasesThatAreAskedForAtTheSameTimeOneAfterTheOther() throws Exception {
        var threads = Executors.newFixedThreadPool(8);
        Set<Long> ids = new HashSet<>();
        try {
            List<Callable<Map<Long, Long>>> clients = IntStream.range(0, 16)
                    .<Callable<Map<Long, Long>>>mapToObj(i ->
                            () -> update("db" + i, "", "", "", metastore(database("db" + i, 1L, 2L, 3L))))
                    .toList();
            for (Future<Map<Long, Long>> answer : threads.invokeAll(clients)) {
                ids.addAll(answer.get().values());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(ids).hasSize(48);
        assertThat(stored().databases()).hasSize(17);
        assertThat(stored().shards()).hasSize(49);
    }

    @Test
    void givesNewShardsTheKindOfIndexThatTheOthersHave() throws IOException {
        Files.createDirectory(path(THERE).resolve("index"));
        update("new", "", "", "", metastore(database("new", 1L)));
        assertThat(path(new ShardRef("new", "autogen", 24)).resolve("index")).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 512, 5000, 1 << 20})
    void installsWhatIsUploadedForAShard(int pieces) throws IOException {
        byte[] tsm = tsm(1);
        Files.writeString(path(THERE).resolve("000000002-000000001.tsm"), "old");
        Files.writeString(path(THERE).resolve("000000002-000000001.tombstone"), "old");
        Files.writeString(path(THERE).resolve("000000004-000000001.tsm"), "stays");
        Files.writeString(path(THERE).resolve("fields.idx"), "stale");
        Files.writeString(path(THERE).resolve("fields.idxl"), "stale");
        Files.createDirectories(path(THERE).resolve("index/0"));
        Files.writeString(path(THERE).resolve("index/0/L0-00000001.tsl"), "stale");

        byte[] archive = tar(entries(
                THERE + "/000000001-000000001.tombstone",
                new byte[] {1},
                THERE + "/000000001-000000001.tsm",
                tsm,
                THERE + "/000000002-000000001.tsm",
                tsm(2),
                THERE + "/fields.idx",
                new byte[3],
                "there/autogen/71/000000003-000000001.tsm",
                tsm,
                "other/autogen/7/000000003-000000001.tsm",
                tsm));
        assertThat(upload(THERE.id(), archive, pieces)).isEmpty();

        assertThat(files(path(THERE)).keySet())
                .containsExactlyInAnyOrder(
                        "000000001-000000001.tsm", "000000002-000000001.tsm", "000000004-000000001.tsm");
        assertThat(path(THERE).resolve("000000001-000000001.tsm")).hasBinaryContent(tsm);
        assertThat(path(THERE).resolve("000000002-000000001.tsm")).hasBinaryContent(tsm(2));
        assertThat(path(THERE).resolve("index")).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void installsWhatCameFromClientsThatDoNotWait(boolean half) throws IOException {
        int clients = 24;
        List<Socket> waiting = new ArrayList<>();
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            contents.add(tsm(i, 100 + 20 * i));
        }
        for (int i = 0; i < clients; i++) {
            Socket client = connect();
            client.getOutputStream().write(bytes(new ShardUpload(THERE.id())));
            client.getOutputStream()
                    .write(tar(entries(THERE + "/%09d-000000001.tsm".formatted(i + 1), contents.get(i))));
            if (half) {
                client.shutdownOutput();
                waiting.add(client);
            } else {
                client.close();
            }
        }
        for (Socket client : waiting) {
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            client.close();
        }
        List<Path> installed = IntStream.rangeClosed(1, clients)
                .mapToObj(i -> path(THERE).resolve("%09d-000000001.tsm".formatted(i)))
                .toList();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!installed.stream().allMatch(Files::exists) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < clients; i++) {
            assertThat(installed.get(i)).hasBinaryContent(contents.get(i));
        }
    }

    @Test
    void takesAnArchiveWithMoreZerosThanItsEndNeeds() throws IOException {
        byte[] archive = tar(entries(THERE + "/000000001-000000001.tsm", tsm(1)));
        assertThat(upload(THERE.id(), Arrays.copyOf(archive, archive.length + 9 * 512), 1 << 20))
                .isEmpty();
        assertThat(files(path(THERE)).keySet()).containsExactly("000000001-000000001.tsm");
    }

    @Test
    void anArchiveWithoutAnEntryOfTheShardChangesNothing() throws IOException {
        Files.writeString(path(THERE).resolve("fields.idx"), "good");
        Map<String, Long> before = tree();
        assertThat(upload(THERE.id(), new byte[1024], 1024)).isEmpty();
        assertThat(upload(THERE.id(), tar(entries("there/autogen/8/000000001-000000001.tsm", tsm(1))), 512))
                .isEmpty();
        assertThat(tree()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anUploadThatIsCutAnywhereInstallsNothing(boolean half) throws IOException {
        byte[] archive =
                tar(entries(THERE + "/000000001-000000001.tsm", tsm(1), THERE + "/000000002-000000001.tsm", tsm(2)));
        Map<String, Long> before = tree();
        var random = new Random(7);
        int end = archive.length - 1024;
        List<Integer> cuts = new ArrayList<>(List.of(0, 1, 512, 600, end, end + 512, archive.length - 1));
        IntStream.range(0, 20).forEach(i -> cuts.add(random.nextInt(archive.length)));
        for (int cut : cuts) {
            try (Socket client = connect()) {
                client.getOutputStream().write(bytes(new ShardUpload(THERE.id())));
                client.getOutputStream().write(archive, 0, cut);
                if (half) {
                    client.shutdownOutput();
                    assertThatThrownBy(() -> client.getInputStream().readAllBytes())
                            .as("cut at %d", cut)
                            .isInstanceOf(SocketException.class);
                }
            }
        }
        server.stop().block(PATIENCE); // all conversations have ended then
        assertThat(tree()).isEqualTo(before);
    }

    @Test
    void anUploadOfWhatNoServerCouldLoadInstallsNothing() throws IOException {
        byte[] tsm = tsm(1);
        byte[] broken = tsm.clone();
        broken[0]++;
        Map<String, Long> before = tree();
        for (String name : List.of(
                "/../../../../esc.tsm",
                "/../7/000000001-000000001.tsm",
                "/000000001.tsm",
                "/x-y.tsm",
                "/sub/000000001-000000001.tsm",
                "/000000001-000000001.tsm/../x.tsm")) {
            assertReset(tar(entries(THERE + "/000000009-000000001.tsm", tsm, THERE + name, tsm)), name);
        }
        assertReset(tar(entries(THERE + "/000000001-000000001.tsm", broken)), "no TSM file");
        assertReset(tar(entries(THERE + "/000000001-000000001.tsm", new byte[0])), "empty");
        byte[] one = tar(entries(THERE + "/000000001-000000001.tsm", tsm));
        byte[] two = new byte[2 * one.length - 1024];
        System.arraycopy(one, 0, two, 0, one.length);
        System.arraycopy(one, 0, two, one.length - 1024, one.length);
        assertReset(two, "the same name twice");
        assertReset("no tar at all".repeat(100).getBytes(StandardCharsets.UTF_8), "no tar");
        var link = new ByteArrayOutputStream();
        try (var out = new TarArchiveOutputStream(link, 512, "UTF-8")) {
            var entry = new TarArchiveEntry(THERE + "/000000001-000000001.tsm", TarConstants.LF_SYMLINK);
            entry.setLinkName("/etc/passwd");
            out.putArchiveEntry(entry);
            out.closeArchiveEntry();
        }
        assertReset(link.toByteArray(), "a link");
        assertThat(tree()).isEqualTo(before);
    }

    @Test
    void resetsAnUploadForAShardThatItDoesNotHave() throws IOException {
        Map<String, Long> before = tree();
        for (long id : new long[] {8, 19, -1}) {
            try (Socket client = connect()) {
                client.getOutputStream().write(bytes(new ShardUpload(id)));
                assertThatThrownBy(() -> client.getInputStream().readAllBytes()).isInstanceOf(SocketException.class);
            }
        }
        assertThat(tree()).isEqualTo(before);
    }

    @Test
    void stopRemovesWhatIsHalfWritten() throws IOException {
        byte[] archive = tar(entries(THERE + "/000000001-000000001.tsm", tsm(1)));
        Map<String, Long> before = tree();
        try (Socket client = connect()) {
            client.getOutputStream().write(bytes(new ShardUpload(THERE.id())));
            client.getOutputStream().write(archive, 0, 700);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (tree().equals(before) && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertThat(tree()).as("it has begun").isNotEqualTo(before);
            server.stop().block(PATIENCE);
            assertThat(tree()).isEqualTo(before);
        }
    }

    @Test
    void takesMoreUploadsAtOnceThanItHasThreadsForFiles() throws IOException {
        byte[] archive = tar(entries(THERE + "/000000001-000000001.tsm", tsm(1)));
        List<Socket> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                Socket client = connect();
                clients.add(client);
                client.getOutputStream().write(bytes(new ShardUpload(THERE.id())));
                client.getOutputStream().write(archive);
            }
            for (Socket client : clients) {
                assertThat(client.getInputStream().read()).isEqualTo(-1);
            }
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
        assertThat(files(path(THERE)).keySet()).containsExactly("000000001-000000001.tsm");
    }

    /** Two that write to one metastore would each forget what the other has made. */
    @Test
    void keepsOthersAwayAsLongAsItRuns() {
        Mono<RunningServer> second = SnapshotServer.bindWritable(
                new ServerAddress("127.0.0.1", 0), directories(dir), dir.resolve("scratch"));

        second.as(StepVerifier::create)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(DirectoriesInUse.class).hasMessageContaining("works on"))
                .verify(PATIENCE);
        server.stop().block(PATIENCE);
        server = Objects.requireNonNull(second.block(PATIENCE));
        assertThat(dir.resolve("meta/sluice.lock")).exists();
        server.stop().block(PATIENCE);
        assertThat(dir.resolve("meta/sluice.lock")).doesNotExist();
    }

    /** An address that is taken, for one. Whoever hears of it may try again at once. */
    @Test
    void letsOthersInWhenItCannotListen() throws IOException {
        server.stop().block(PATIENCE);
        var held = new AtomicInteger();
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Mono<RunningServer> start = SnapshotServer.bindWritable(
                    new ServerAddress("127.0.0.1", taken.getLocalPort()), directories(dir), dir.resolve("scratch"));
            for (int i = 0; i < 50; i++) {
                start.doOnError(e -> held.addAndGet(Files.exists(dir.resolve("meta/sluice.lock")) ? 1 : 0))
                        .as(StepVerifier::create)
                        .expectErrorSatisfies(e ->
                                assertThat(e).isInstanceOf(InvalidRequest.class).hasMessageContaining("listen"))
                        .verify(PATIENCE);
            }
        }
        assertThat(held).hasValue(0);
        serveAgain();
    }

    @Test
    void saysWhyItCannotHoldTheDirectories() throws IOException {
        server.stop().block(PATIENCE);
        Path inTheWay = Files.createDirectory(dir.resolve("meta/sluice.lock"));

        SnapshotServer.bindWritable(new ServerAddress("127.0.0.1", 0), directories(dir), dir.resolve("scratch"))
                .as(StepVerifier::create)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(StoreFailed.class).hasMessageContaining(inTheWay.toString()))
                .verify(PATIENCE);

        Files.delete(inTheWay);
        serveAgain();
    }

    @Test
    void startsWithDirectoriesThatAreNotThereYet() throws IOException {
        RunningServer fresh = Objects.requireNonNull(SnapshotServer.bindWritable(
                        new ServerAddress("127.0.0.1", 0), directories(dir.resolve("x")), dir.resolve("scratch"))
                .block(PATIENCE));
        try {
            byte[] answer = exchange(fresh, bytes(new SnapshotRequest.MetastoreBackup()));
            assertThat(answer).isNotEmpty();
            assertThat(exchange(fresh, bytes(new MetastoreUpdate("a", "a", "", "", metastore(database("a", 5L))))))
                    .hasSize(32);
            assertThat(dir.resolve("x/data/a/autogen/1")).isEmptyDirectory();
        } finally {
            fresh.stop().block(PATIENCE);
        }
        assertThat(Metastore.decode(Metadata.of(Files.readAllBytes(dir.resolve("x/meta/meta.db"))))
                        .databases())
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void refusesDirectoriesThatAServerWorksOn(boolean writable) throws Exception {
        Path file = Files.writeString(path(THERE).resolve("000000001-000000001.tsm"), "open");
        Process other =
                new ProcessBuilder("sleep", "60").redirectInput(file.toFile()).start();
        try {
            var address = new ServerAddress("127.0.0.1", 0);
            assertThatThrownBy(() -> (writable
                                    ? SnapshotServer.bindWritable(address, directories(dir), dir.resolve("scratch"))
                                    : SnapshotServer.bind(address, directories(dir), dir.resolve("scratch")))
                            .block(PATIENCE))
                    .isInstanceOf(DirectoriesInUse.class)
                    .hasMessageContaining("has files open");
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    private static End.Data directories(Path home) {
        return new End.Data(home.resolve("data"), Optional.of(home.resolve("meta")), Optional.empty());
    }

    private void assertReset(byte[] archive, String why) throws IOException {
        try (Socket client = connect()) {
            assertThatThrownBy(() -> {
                        client.getOutputStream().write(bytes(new ShardUpload(THERE.id())));
                        client.getOutputStream().write(archive);
                        client.getInputStream().readAllBytes();
                    })
                    .as(why)
                    .isInstanceOf(SocketException.class);
        }
    }

    private Map<Long, Long> update(String from, String to, String policy, String policyTo, Metadata payload)
            throws IOException {
        byte[] answer = ask(new MetastoreUpdate(from, to, policy, policyTo, payload));
        return IdMap.decode(Unpooled.wrappedBuffer(answer)).ids();
    }

    private byte[] upload(long shard, byte[] archive, int pieces) throws IOException {
        byte[] head = bytes(new ShardUpload(shard));
        byte[] all = Arrays.copyOf(head, head.length + archive.length);
        System.arraycopy(archive, 0, all, head.length, archive.length);
        try (Socket client = connect()) {
            client.setTcpNoDelay(true);
            for (int i = 0; i < all.length; i += pieces) {
                client.getOutputStream().write(all, i, Math.min(pieces, all.length - i));
            }
            return client.getInputStream().readAllBytes();
        }
    }

    private static Database database(String name, Long... shards) {
        return Database.of(
                name,
                Policy.of(
                        "autogen",
                        Duration.ofDays(7),
                        Arrays.stream(shards)
                                .map(id -> ShardGroup.of(id, WEEK, id))
                                .toArray(ShardGroup[]::new)));
    }

    private static Metadata metastore(Database... databases) {
        return Metastore.of(9, List.of(databases)).toMetadata();
    }

    private Metastore stored() throws IOException {
        return Metastore.decode(Metadata.of(Files.readAllBytes(dir.resolve("meta/meta.db"))));
    }

    private Path path(ShardRef shard) {
        return dir.resolve("data").resolve(shard.toString());
    }

    private byte[] tsm(int seed) throws IOException {
        return tsm(seed, 1);
    }

    /** @param keys some 8 kB each */
    private byte[] tsm(int seed, int keys) throws IOException {
        Path file = dir.resolve("made.tsm");
        var random = new Random(seed);
        try (var writer =
                new TsmWriter(FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            for (int key = 0; key < keys; key++) {
                long[] times = LongStream.range(0, 1000)
                        .map(i -> NOON.getEpochSecond() * 1_000_000_000 + i)
                        .toArray();
                String name = "cpu,host=%05d#!~#idle".formatted(key);
                writer.write(
                        name.getBytes(StandardCharsets.UTF_8),
                        TsmBlock.ofIntegers(times, random.longs(1000).toArray()));
            }
            writer.finish();
        }
        byte[] content = Files.readAllBytes(file);
        Files.delete(file);
        return content;
    }

    private static Map<String, byte[]> entries(Object... namesAndContents) {
        var entries = new LinkedHashMap<String, byte[]>();
        for (int i = 0; i < namesAndContents.length; i += 2) {
            entries.put((String) namesAndContents[i], (byte[]) namesAndContents[i + 1]);
        }
        return entries;
    }

    private static TarArchiveEntry entry(String name, long size) {
        var entry = new TarArchiveEntry(name, true);
        entry.setSize(size);
        return entry;
    }

    /** As servers and their tools write them: nothing after the end marker. */
    private static byte[] tar(Map<String, byte[]> entries) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new TarArchiveOutputStream(bytes, 512, "UTF-8")) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putArchiveEntry(entry(entry.getKey(), entry.getValue().length));
                out.write(entry.getValue());
                out.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static Map<String, Long> files(Path root) throws IOException {
        var files = new TreeMap<String, Long>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(file).toString(), Files.size(file));
            }
        }
        return files;
    }

    /** All there is, directories as well, but what keeps others away while the server runs. */
    private Map<String, Long> tree() throws IOException {
        var tree = new TreeMap<String, Long>();
        try (Stream<Path> all = Files.walk(dir)) {
            for (Path path : all.filter(path -> !path.endsWith("sluice.lock")).toList()) {
                tree.put(dir.relativize(path).toString(), Files.isRegularFile(path) ? Files.size(path) : -1);
            }
        }
        return tree;
    }

    private byte[] ask(SnapshotRequest request) throws IOException {
        return exchange(bytes(request));
    }

    private byte[] exchange(byte[] request) throws IOException {
        return exchange(server, request);
    }

    private static byte[] exchange(RunningServer server, byte[] request) throws IOException {
        try (Socket client = connect(server)) {
            client.getOutputStream().write(request);
            return client.getInputStream().readAllBytes();
        }
    }

    private Socket connect() throws IOException {
        return connect(server);
    }

    private static Socket connect(RunningServer server) throws IOException {
        var socket = new Socket(server.address().host(), server.address().port());
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private static byte[] bytes(SnapshotRequest request) {
        ByteBuf encoded = request.encode(UnpooledByteBufAllocator.DEFAULT);
        try {
            return ByteBufUtil.getBytes(encoded);
        } finally {
            encoded.release();
        }
    }
}
