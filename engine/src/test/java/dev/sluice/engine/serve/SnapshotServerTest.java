package dev.sluice.engine.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.meta.Metastore;
import dev.sluice.engine.meta.Metastore.Database;
import dev.sluice.engine.meta.Metastore.Policy;
import dev.sluice.engine.meta.Metastore.ShardGroup;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.model.TimeRange;
import dev.sluice.engine.source.WriteAheadLog;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.tsm.TsmBlock;
import dev.sluice.engine.tsm.TsmWriter;
import dev.sluice.engine.wire.SnapshotRequest;
import dev.sluice.engine.wire.SnapshotRequest.ShardBackup;
import dev.sluice.engine.wire.SnapshotRequest.ShardExport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpServer;
import reactor.test.StepVerifier;

class SnapshotServerTest {

    private static final Instant NOON = Instant.parse("2026-11-02T12:00:00Z");
    private static final ShardRef CPU = new ShardRef("telemetry", "autogen", 1);
    private static final ShardRef ODD = new ShardRef("düsseldorf.site 7", "one.week", 4);
    private static final ShardRef NOT_ON_DISK = new ShardRef("telemetry", "raw data", 2);
    private static final ShardRef RAW = new ShardRef("telemetry", "raw data", 3);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Path LOG = Path.of("src/test/resources/fixtures/tsm/wal/fx_mixed/autogen/8/_00003.wal");

    @TempDir
    Path dir;

    private Metadata metadata = Metadata.of(new byte[0]);
    private final List<RunningServer> running = new ArrayList<>();
    private final LoopResources loops = LoopResources.create("serve-test");

    @BeforeEach
    void layOutDirectories() throws IOException {
        var time = new TimeRange(NOON, NOON.plus(Duration.ofDays(7)));
        metadata = Metastore.of(
                        42,
                        List.of(
                                Database.of(
                                        "telemetry",
                                        Policy.of("autogen", Duration.ofDays(7), ShardGroup.of(1, time, 1L)),
                                        Policy.of(
                                                "raw data",
                                                Duration.ofDays(7),
                                                ShardGroup.of(2, time, 2L),
                                                ShardGroup.of(3, time, 3L))),
                                Database.of("empty", Policy.of("autogen", Duration.ofDays(7))),
                                Database.of(
                                        ODD.database(),
                                        Policy.of(ODD.policy(), Duration.ofDays(7), ShardGroup.of(4, time, 4L)))))
                .toMetadata();
        Files.write(Files.createDirectory(dir.resolve("meta")).resolve("meta.db"), metadata.toByteArray());
        for (ShardRef shard : List.of(CPU, RAW, ODD, new ShardRef("telemetry", "autogen", 99))) {
            Files.createDirectories(path(shard));
        }
        Files.createDirectory(dir.resolve("data/telemetry/_series"));
    }

    @AfterEach
    void stopServers() {
        running.forEach(server -> server.stop().block(PATIENCE));
        loops.disposeLater(Duration.ZERO, PATIENCE).block(PATIENCE);
    }

    @Test
    void givesTheMetastoreAsItLiesOnDisk() throws IOException {
        assertThat(ask(start(), new SnapshotRequest.MetastoreBackup()))
                .isEqualTo(Answers.metastore(metadata.toByteArray()));
    }

    @Test
    void listsShardsThatAreInTheMetadataAndOnDiskInMetastoreOrder() throws IOException {
        RunningServer server = start();
        assertThat(ask(server, new SnapshotRequest.DatabaseInfo(Optional.empty())))
                .isEqualTo(Answers.pathList(CPU, RAW, ODD));
        assertThat(ask(server, new SnapshotRequest.DatabaseInfo(Optional.of("telemetry"))))
                .isEqualTo(Answers.pathList(CPU, RAW));
        assertThat(ask(server, new SnapshotRequest.PolicyInfo("telemetry", "raw data")))
                .isEqualTo(Answers.pathList(RAW));
        assertThat(ask(server, new SnapshotRequest.PolicyInfo(ODD.database(), ODD.policy())))
                .isEqualTo(Answers.pathList(ODD));
        assertThat(ask(server, new SnapshotRequest.DatabaseInfo(Optional.of("empty"))))
                .isEqualTo(Answers.pathList());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sendsDataFilesAndTombstonesOfAShardAndNothingElse(boolean nativeTransport) throws IOException {
        for (ShardRef shard : List.of(CPU, ODD)) {
            file(shard, "000000002-000000001.tsm", 1_300_000);
            file(shard, "000000001-000000002.tsm", 512);
            file(shard, "000000001-000000002.tombstone", 0);
            file(shard, "000000010-000000001.tsm", 1);
            for (String other : List.of("fields.idx", "000000011-000000001.tsm.tmp", "do_not_compact")) {
                file(shard, other, 100);
            }
            Files.createDirectories(path(shard).resolve("index"));
            Files.createDirectories(path(shard).resolve("5.tmp"));
        }
        Path tsm = path(CPU).resolve("000000010-000000001.tsm");
        Files.setLastModifiedTime(tsm, FileTime.from(NOON.plusMillis(1700)));
        Files.setPosixFilePermissions(tsm, PosixFilePermissions.fromString("rw-r-----"));

        RunningServer server = start(nativeTransport, PATIENCE);
        for (ShardRef shard : List.of(CPU, ODD)) {
            byte[] tar = ask(server, ShardBackup.of(shard, ShardBackup.ALL));
            Map<String, byte[]> files = untar(tar);
            assertThat(files.keySet())
                    .containsExactly(
                            shard + "/000000001-000000002.tombstone",
                            shard + "/000000001-000000002.tsm",
                            shard + "/000000002-000000001.tsm",
                            shard + "/000000010-000000001.tsm");
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                assertThat(file.getValue()).isEqualTo(Files.readAllBytes(dir.resolve("data/" + file.getKey())));
            }
            assertThat(tar.length % 512).isZero();
            assertThat(Arrays.copyOfRange(tar, tar.length - 1024, tar.length)).containsOnly(0);
            assertThat(tar[tar.length - 1536]).as("the last file's block").isNotZero();
        }
        TarArchiveEntry last =
                entries(ask(server, ShardBackup.of(CPU, ShardBackup.ALL))).get(3);
        assertThat(last.getMode()).isEqualTo(0640);
        assertThat(last.getLastModifiedTime().toInstant()).isEqualTo(NOON.plusSeconds(2));
    }

    /** A server writes its cache to a file before it answers; a stopped one left it in the log. */
    @Test
    void sendsWhatStandsInTheLogAsOneMoreFile() throws IOException {
        file(CPU, "000000007-000000003.tsm", 900);
        for (ShardRef shard : List.of(CPU, NOT_ON_DISK)) {
            Path log = Files.createDirectories(dir.resolve("wal").resolve(shard.toString()));
            Files.copy(LOG, log.resolve(LOG.getFileName()));
            Files.setLastModifiedTime(log.resolve(LOG.getFileName()), FileTime.from(NOON));
        }
        Files.createDirectories(dir.resolve("wal").resolve(RAW.toString()));
        WriteAheadLog log = WriteAheadLog.find(dir.resolve("wal"), CPU);
        Path made = Files.createDirectory(dir.resolve("made"));
        assertThat(log.replay(made, List.of("000000007-000000003.tsm")).names())
                .containsExactly("000000008-000000001.tsm");
        byte[] points = Files.readAllBytes(made.resolve("000000008-000000001.tsm"));
        RunningServer server = start();

        assertThat(ask(server, new SnapshotRequest.DatabaseInfo(Optional.of("telemetry"))))
                .isEqualTo(Answers.pathList(CPU, NOT_ON_DISK, RAW));
        for (SnapshotRequest request : List.of(
                ShardBackup.of(CPU, ShardBackup.ALL),
                ShardBackup.of(CPU, NOON.minusSeconds(1)),
                new ShardExport(CPU.id(), NOON, NOON))) {
            assertThat(untar(ask(server, request)))
                    .as(request.describe())
                    .containsKey(CPU + "/000000007-000000003.tsm")
                    .containsEntry(CPU + "/000000008-000000001.tsm", points);
        }
        assertThat(untar(ask(server, ShardBackup.of(CPU, NOON.plus(Duration.ofDays(9000))))))
                .as("no file is as new, and the log comes along")
                .containsOnlyKeys(CPU + "/000000008-000000001.tsm");
        byte[] alone = ask(server, ShardBackup.of(NOT_ON_DISK, ShardBackup.ALL));
        assertThat(untar(alone)).containsOnlyKeys(NOT_ON_DISK + "/000000001-000000001.tsm");
        TarArchiveEntry entry = entries(alone).get(0);
        assertThat(entry.getLastModifiedTime().toInstant()).isEqualTo(NOON);
        assertThat(entry.getMode()).isEqualTo(0644);
        assertThat(ask(server, ShardBackup.of(RAW, ShardBackup.ALL))).isEqualTo(new byte[1024]);
        server.stop().block(PATIENCE);
        assertThat(dir.resolve("scratch")).isEmptyDirectory();
    }

    @Test
    void aLogThatFindsNoRoomEndsTheAnswerWithAReset() throws IOException {
        file(CPU, "000000007-000000003.tsm", 900);
        Path log = Files.createDirectories(dir.resolve("wal").resolve(CPU.toString()));
        Files.copy(LOG, log.resolve(LOG.getFileName()));
        Files.writeString(dir.resolve("scratch"), "no directory");
        RunningServer server = start();

        assertThatThrownBy(() -> ask(server, ShardBackup.of(CPU, ShardBackup.ALL)))
                .isInstanceOf(SocketException.class);
    }

    /** Reactor tells such errors to nobody: the client would wait. */
    @Test
    void aThreadThatFindsNoMemoryEndsTheAnswerWithAReset() throws IOException {
        file(CPU, "000000007-000000003.tsm", 900);
        Path log = Files.createDirectories(dir.resolve("wal").resolve(CPU.toString()));
        Files.copy(LOG, log.resolve(LOG.getFileName()));
        var scratch = (Path) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Path.class}, (path, method, args) -> {
                    throw new OutOfMemoryError("so says the test");
                });
        RunningServer server = start(true, PATIENCE, scratch);

        assertThatThrownBy(() -> ask(server, ShardBackup.of(CPU, ShardBackup.ALL)))
                .isInstanceOf(SocketException.class);
        assertThat(ask(server, new SnapshotRequest.MetastoreBackup()))
                .as("the server goes on")
                .isNotEmpty();
    }

    @Test
    void aShardWithoutFilesIsAnEmptyArchive() throws IOException {
        assertThat(ask(start(), ShardBackup.of(CPU, ShardBackup.ALL))).isEqualTo(new byte[1024]);
    }

    @Test
    void sinceTakesFilesThatWereModifiedStrictlyLater() throws IOException {
        for (int i = 0; i < 3; i++) {
            file(CPU, "00000000%d-000000001.tsm".formatted(i), 10);
            Files.setLastModifiedTime(
                    path(CPU).resolve("00000000%d-000000001.tsm".formatted(i)), FileTime.from(NOON.plusNanos(i)));
        }
        RunningServer server = start();
        assertThat(untar(ask(server, ShardBackup.of(CPU, NOON))).keySet())
                .containsExactly(CPU + "/000000001-000000001.tsm", CPU + "/000000002-000000001.tsm");
        assertThat(ask(server, ShardBackup.of(CPU, NOON.plusNanos(2)))).isEqualTo(new byte[1024]);
    }

    @Test
    void aTimeRangeLeavesOutFilesOutsideWithTheirTombstones() throws IOException {
        tsm("000000001-000000001", NOON, NOON.plusSeconds(10));
        file(CPU, "000000001-000000001.tombstone", 4);
        tsm("000000002-000000001", NOON.plusSeconds(20), NOON.plusSeconds(30));
        file(CPU, "000000002-000000001.tombstone", 4);
        file(CPU, "000000003-000000001.tsm", 77); // no TSM file at all: nobody knows what times it has

        RunningServer server = start();
        assertThat(exported(server, NOON.plusSeconds(11), NOON.plusSeconds(19)))
                .containsExactly("000000003-000000001.tsm");
        assertThat(exported(server, NOON.plusSeconds(10), NOON.plusSeconds(19)))
                .containsExactly("000000001-000000001.tombstone", "000000001-000000001.tsm", "000000003-000000001.tsm");
        assertThat(exported(server, NOON.plusSeconds(25), NOON.plusSeconds(25)))
                .containsExactly("000000002-000000001.tombstone", "000000002-000000001.tsm", "000000003-000000001.tsm");
        assertThat(exported(server, ShardExport.NO_START, ShardExport.NO_END)).hasSize(5);
        assertThat(exported(server, Instant.parse("0001-01-01T00:00:00Z"), NOON))
                .hasSize(3);
    }

    @Test
    void closesWithoutAByteWhereInfluxdDoes() throws IOException {
        RunningServer server = start();
        assertThat(ask(server, new ShardBackup(12345, ShardBackup.ALL))).isEmpty();
        assertThat(ask(server, ShardBackup.of(NOT_ON_DISK, ShardBackup.ALL))).isEmpty();
        assertThat(ask(server, new ShardBackup(99, ShardBackup.ALL))).isEmpty(); // on disk, not in the metadata
        assertThat(ask(server, new SnapshotRequest.DatabaseInfo(Optional.of("nope"))))
                .isEmpty();
        assertThat(ask(server, new SnapshotRequest.PolicyInfo("telemetry", "nope")))
                .isEmpty();
        assertThat(ask(server, new SnapshotRequest.ShardUpload(1))).isEmpty();
        assertThat(ask(server, new SnapshotRequest.MetastoreUpdate("telemetry", "t2", "", "", metadata)))
                .isEmpty();
        for (String raw :
                List.of("\u0003\u0002{}\n", "\u0003\u0009", "GET / HTTP/1.1\r\n", "\u0003\u0000{\"ShardID\":x")) {
            assertThat(exchange(server, raw.getBytes(StandardCharsets.UTF_8)))
                    .as(raw)
                    .isEmpty();
        }
    }

    @Test
    void answersAClientThatEndsItsSideOrSendsByteByByte() throws IOException {
        file(CPU, "000000001-000000001.tsm", 3_000_000);
        RunningServer server = start();
        byte[] request = bytes(ShardBackup.of(CPU, ShardBackup.ALL));
        byte[] whole = exchange(server, request);
        try (Socket client = connect(server)) {
            client.getOutputStream().write(request);
            client.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(whole);
        }
        try (Socket client = connect(server)) {
            client.setTcpNoDelay(true);
            for (byte b : request) {
                client.getOutputStream().write(b);
            }
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(whole);
        }
    }

    @Test
    void closesWhenTheClientEndsItsSideBeforeARequestOrStaysSilent() throws IOException {
        RunningServer server = start(true, Duration.ofMillis(300));
        try (Socket client = connect(server)) {
            client.getOutputStream().write(3);
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        try (Socket client = connect(server)) {
            client.getOutputStream().write(3);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void resetsWhenAFileBecomesShorterWhileItIsSent(boolean nativeTransport) throws IOException {
        Path large = sparse("000000001-000000001.tsm", 64 << 20);
        RunningServer server = start(nativeTransport, PATIENCE);
        try (Socket client = connect(server)) {
            client.getOutputStream().write(bytes(ShardBackup.of(CPU, ShardBackup.ALL)));
            client.getInputStream().readNBytes(512);
            try (var file = FileChannel.open(large, StandardOpenOption.WRITE)) {
                file.truncate(32 << 20); // the server waits for the client: so much was not sent yet
            }
            assertThatThrownBy(() -> client.getInputStream().readAllBytes()).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void resetsWhenAFileVanishesBeforeItsTurn() throws IOException {
        sparse("000000001-000000001.tsm", 64 << 20);
        Path second = sparse("000000002-000000001.tsm", 1000);
        RunningServer server = start();
        try (Socket client = connect(server)) {
            client.getOutputStream().write(bytes(ShardBackup.of(CPU, ShardBackup.ALL)));
            client.getInputStream().readNBytes(512);
            Files.delete(second);
            assertThatThrownBy(() -> client.getInputStream().readAllBytes()).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void closesItsFilesWhenClientsLeaveInTheMiddle() throws Exception {
        sparse("000000001-000000001.tsm", 64 << 20);
        RunningServer server = start();
        for (int i = 0; i < 20; i++) {
            try (Socket client = connect(server)) {
                client.getOutputStream().write(bytes(ShardBackup.of(CPU, ShardBackup.ALL)));
                client.getInputStream().readNBytes(512 * i);
            }
        }
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (openFiles() > 0 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(openFiles()).isZero();
    }

    @Test
    void stopResetsWhatIsUnderWayAndFreesThePort() throws IOException {
        sparse("000000001-000000001.tsm", 64 << 20);
        RunningServer server = start();
        try (Socket client = connect(server)) {
            client.getOutputStream().write(bytes(ShardBackup.of(CPU, ShardBackup.ALL)));
            client.getInputStream().readNBytes(512);
            server.stop().block(PATIENCE);
            assertThatThrownBy(() -> client.getInputStream().readAllBytes()).isInstanceOf(SocketException.class);
        }
        server.onStop().block(PATIENCE);
        assertThatThrownBy(() -> connect(server).close()).isInstanceOf(IOException.class);
    }

    @Test
    void servesManyClientsAtOnce() throws Exception {
        for (int i = 1; i < 8; i++) {
            file(CPU, "00000000%d-000000001.tsm".formatted(i), 100_000 + i);
        }
        RunningServer server = start();
        byte[] whole = ask(server, ShardBackup.of(CPU, ShardBackup.ALL));
        var threads = Executors.newFixedThreadPool(40);
        try {
            Callable<byte[]> client = () -> ask(server, ShardBackup.of(CPU, ShardBackup.ALL));
            for (Future<byte[]> answer : threads.invokeAll(
                    IntStream.range(0, 40).mapToObj(i -> client).toList())) {
                assertThat(answer.get()).isEqualTo(whole);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void letsSoManyInAndTheOthersWaitOutside(boolean nativeTransport) throws IOException {
        int length = 64 << 20;
        sparse("000000001-000000001.tsm", length);
        RunningServer server = start(nativeTransport, new SnapshotServer.Limits(PATIENCE, 2), dir.resolve("scratch"));
        List<Socket> clients = new ArrayList<>();
        try {
            do {
                assertThat(clients).as("some more may slip in, not all").hasSizeLessThan(20);
                Socket client = connect(server);
                clients.add(client);
                client.setSoTimeout(500);
                client.getOutputStream().write(bytes(ShardBackup.of(CPU, ShardBackup.ALL)));
            } while (answers(clients.get(clients.size() - 1)));
            assertThat(clients).hasSizeGreaterThan(2);
            Socket outside = clients.remove(clients.size() - 1);
            try (outside) {
                for (Socket inside : clients) {
                    inside.close();
                }
                outside.setSoTimeout((int) PATIENCE.toMillis());
                assertThat(outside.getInputStream().readAllBytes()).hasSizeGreaterThan(length);
            }
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
    }

    private static boolean answers(Socket client) throws IOException {
        try {
            return client.getInputStream().read() >= 0;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void saysWhatIsWrongBeforeItListens() throws IOException {
        var address = new ServerAddress("127.0.0.1", 0);
        SnapshotServer.bind(address, directories("none", "meta"), dir)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(NotThere.class).hasMessageContaining("none does not exist"));
        SnapshotServer.bind(address, directories("data", "data"), dir)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(NotThere.class).hasMessageContaining("meta.db does not exist"));
        try (var taken = new ServerSocket(0)) {
            SnapshotServer.bind(new ServerAddress("127.0.0.1", taken.getLocalPort()), directories("data", "meta"), dir)
                    .as(StepVerifier::create)
                    .verifyErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(InvalidRequest.class)
                            .hasMessageContaining("cannot listen on 127.0.0.1"));
        }
        Files.writeString(dir.resolve("meta/meta.db"), "no protobuf");
        SnapshotServer.bind(address, directories("data", "meta"), dir)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(e -> {
                    // It is a file: the words for a server's answer, and about its port, would lead astray.
                    assertThat(e)
                            .hasMessageContaining("meta.db is not a metastore")
                            .hasMessageContaining(", at byte ")
                            .hasMessageNotContaining("answer");
                    assertThat(e)
                            .isInstanceOfSatisfying(
                                    InvalidRequest.class,
                                    refused -> assertThat(refused.hint())
                                            .contains("[meta]")
                                            .doesNotContain("8088"));
                });
    }

    private End.Data directories(String data, String meta) {
        return new End.Data(dir.resolve(data), Optional.of(dir.resolve(meta)), Optional.empty());
    }

    private RunningServer start() {
        return start(true, PATIENCE);
    }

    private RunningServer start(boolean nativeTransport, Duration requestLimit) {
        return start(nativeTransport, requestLimit, dir.resolve("scratch"));
    }

    private RunningServer start(boolean nativeTransport, Duration requestLimit, Path scratch) {
        return start(nativeTransport, new SnapshotServer.Limits(requestLimit, 1_000), scratch);
    }

    private RunningServer start(boolean nativeTransport, SnapshotServer.Limits limits, Path scratch) {
        var server = Objects.requireNonNull(SnapshotServer.bind(
                        TcpServer.create().runOn(loops, nativeTransport),
                        new ServerAddress("127.0.0.1", 0),
                        directories("data", "meta"),
                        scratch,
                        false,
                        limits)
                .block(PATIENCE));
        running.add(server);
        return server;
    }

    private Path path(ShardRef shard) {
        return dir.resolve("data").resolve(shard.toString());
    }

    private void file(ShardRef shard, String name, int size) throws IOException {
        byte[] content = new byte[size];
        new Random(name.hashCode()).nextBytes(content);
        if (size > 0) {
            content[0] = 1;
        }
        Files.write(path(shard).resolve(name), content);
    }

    private Path sparse(String name, long size) throws IOException {
        Path path = path(CPU).resolve(name);
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(size);
        }
        return path;
    }

    private void tsm(String name, Instant first, Instant last) throws IOException {
        try (var writer = new TsmWriter(FileChannel.open(
                path(CPU).resolve(name + ".tsm"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            long[] times = {first.getEpochSecond() * 1_000_000_000, last.getEpochSecond() * 1_000_000_000};
            writer.write("cpu#!~#idle".getBytes(StandardCharsets.UTF_8), TsmBlock.ofIntegers(times, new long[2]));
            writer.finish();
        }
    }

    private List<String> exported(RunningServer server, Instant start, Instant end) throws IOException {
        return untar(ask(server, new ShardExport(CPU.id(), start, end))).keySet().stream()
                .map(name -> name.substring(name.lastIndexOf('/') + 1))
                .toList();
    }

    private long openFiles() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(fd -> {
                        try {
                            return Files.readSymbolicLink(fd).startsWith(dir.resolve("data"));
                        } catch (IOException e) {
                            return false; // closed meanwhile
                        }
                    })
                    .count();
        }
    }

    private static byte[] ask(RunningServer server, SnapshotRequest request) throws IOException {
        return exchange(server, bytes(request));
    }

    private static byte[] bytes(SnapshotRequest request) {
        ByteBuf encoded = request.encode(UnpooledByteBufAllocator.DEFAULT);
        try {
            return ByteBufUtil.getBytes(encoded);
        } finally {
            encoded.release();
        }
    }

    private static byte[] exchange(RunningServer server, byte[] request) throws IOException {
        try (Socket client = connect(server)) {
            client.getOutputStream().write(request);
            return client.getInputStream().readAllBytes();
        }
    }

    private static Socket connect(RunningServer server) throws IOException {
        var socket = new Socket(server.address().host(), server.address().port());
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private static Map<String, byte[]> untar(byte[] tar) throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        try (var in = new TarArchiveInputStream(new ByteArrayInputStream(tar), "UTF-8")) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                files.put(entry.getName(), in.readAllBytes());
            }
        }
        return files;
    }

    private static List<TarArchiveEntry> entries(byte[] tar) throws IOException {
        var entries = new ArrayList<TarArchiveEntry>();
        try (var in = new TarArchiveInputStream(new ByteArrayInputStream(tar), "UTF-8")) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.add(entry);
            }
        }
        return entries;
    }
}
