package dev.sluice.engine.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StoreFailed;
import dev.sluice.engine.testkit.TestThreads;
import io.netty.buffer.ByteBuf;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.test.StepVerifier;

class DirectoryStoreTest extends StoreContract {

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it before each test
    Path temp;

    private final Scheduler blocking = TestThreads.FILES;

    @Override
    Store store(Scheduler scheduler) {
        try {
            return DirectoryStore.open(temp.resolve("backup"), scheduler, FileChannel::open);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    List<String> leftovers() {
        return list(temp.resolve("backup")).stream()
                .filter(name -> name.startsWith("."))
                .toList();
    }

    @Test
    void givesBackAClaimThatNobodyHasHeardOf() {
        Store store = store(TestThreads.FILES);
        StepVerifier.create(store.reserve("a"), 0)
                .expectSubscription()
                .then(() -> await(() -> !leftovers().isEmpty()))
                .thenCancel()
                .verify(Duration.ofSeconds(20));

        await(() -> leftovers().isEmpty());
    }

    @Test
    void tellsWhatIsNotPublishedAndNothingElse() throws Exception {
        Store store = store(TestThreads.FILES);
        put(store, "a", "published");
        store.reserve("b").block();
        Files.writeString(temp.resolve("backup/.c.12345678.pending"), "left over");
        Files.writeString(temp.resolve("backup/.hidden"), "of somebody else");

        StepVerifier.create(store.unfinished())
                .expectNext(new StoreEntry(".b.pending", 0), new StoreEntry(".c.12345678.pending", 9))
                .verifyComplete();
        StepVerifier.create(store.list()).expectNext(new StoreEntry("a", 9)).verifyComplete();
    }

    /** As the shell's other commands take it. */
    @Test
    void goesUpFromWhereALinkLeads() throws Exception {
        Files.createDirectories(temp.resolve("disk/deep"));
        Files.createSymbolicLink(temp.resolve("link"), Path.of("disk/deep"));

        DirectoryStore.create(temp.resolve("link/../backup"), blocking).block();

        assertThat(temp.resolve("disk/backup")).isDirectory();
        assertThat(temp.resolve("backup")).doesNotExist();
    }

    @Test
    void makesTheDirectoryForTheOwnerAlone() throws Exception {
        Path directory = temp.resolve("a/b");

        DirectoryStore.create(directory, blocking).block();

        assumePosix();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
        assertThat(list(directory)).isEmpty();
    }

    @Test
    void leavesTheModeOfAnExistingDirectoryAlone() throws Exception {
        assumePosix();
        Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxr-xr-x"));

        DirectoryStore.create(temp, blocking).block();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp)))
                .isEqualTo("rwxr-xr-x");
    }

    @Test
    void filesAreForTheOwnerAlone() throws Exception {
        assumePosix();
        Store store = DirectoryStore.create(temp, blocking).block();
        assertThat(store).isNotNull();
        put(store, "a.meta", "password hashes");
        store.reserve("b.meta").flatMap(claim -> claim.put(Flux.empty(), CRC)).block();

        for (String name : List.of("a.meta", "b.meta")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp.resolve(name))))
                    .isEqualTo("rw-------");
        }
        assertThat(Files.getAttribute(temp.resolve("a.meta"), "unix:nlink")).isEqualTo(1);
    }

    @Test
    void pendingFilesAndClaimsAreNothingThatInfluxdLooksFor() {
        Store store = DirectoryStore.create(temp, blocking).block();
        assertThat(store).isNotNull();
        store.reserve("x.manifest").block();
        store.reserve("meta.00").block();

        store.put(
                        "y.manifest",
                        Flux.defer(() -> {
                            assertThat(list(temp))
                                    .hasSize(3)
                                    .allMatch(name -> name.startsWith(".") && name.endsWith(".pending"));
                            return Flux.empty();
                        }),
                        CRC)
                .block();

        assertThat(names(store)).containsExactly("y.manifest");
    }

    @Test
    void refusesAPathThatIsAFile() throws Exception {
        Path file = Files.writeString(temp.resolve("file"), "mine");

        for (Path path : List.of(file, file.resolve("below"))) {
            DirectoryStore.create(path, blocking)
                    .as(StepVerifier::create)
                    .verifyErrorSatisfies(e -> assertThat(e)
                            .isInstanceOf(InvalidRequest.class)
                            .hasMessageContaining(file + " is not a directory")
                            .extracting(x -> ((SluiceException) x).hint())
                            .isNotEqualTo(""));
        }

        assertThat(file).hasContent("mine");
    }

    @Test
    void refusesADirectoryThatCannotBeWritten() throws Exception {
        Path closed = closedDirectory();

        DirectoryStore.create(closed, blocking)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageContaining("cannot write to " + closed));
        DirectoryStore.create(closed.resolve("new"), blocking)
                .as(StepVerifier::create)
                .verifyError(StoreFailed.class);
    }

    /** Root may write to any ordinary directory, but nobody to this one. */
    private Path closedDirectory() throws IOException {
        Path proc = Path.of("/proc/self/fdinfo");
        if (Files.isDirectory(proc)) {
            return proc.toRealPath(LinkOption.NOFOLLOW_LINKS);
        }
        Path closed = Files.createDirectory(temp.resolve("closed"));
        assertThat(closed.toFile().setWritable(false)).isTrue();
        return closed;
    }

    @Test
    void aFullDiskIsToldAndLeavesNothing() throws Exception {
        Store store = DirectoryStore.create(
                        temp,
                        blocking,
                        (path, options, attributes) -> new FullDisk(FileChannel.open(path, options, attributes), 1000))
                .block();
        assertThat(store).isNotNull();
        Files.writeString(temp.resolve("old"), "mine");
        List<ByteBuf> buffers = List.of(buffer(600), buffer(600), buffer(600), buffer(600));

        store.put("a", Flux.fromIterable(buffers).doOnDiscard(ByteBuf.class, ByteBuf::release), CRC)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(DirectoryStoreTest::assertDiskFull);

        assertThat(buffers).allMatch(buffer -> buffer.refCnt() == 0);
        assertThat(list(temp)).containsExactly("old");
        assertThat(temp.resolve("old")).hasContent("mine");
    }

    @Test
    void aDiskThatFailsToFlushLeavesNothing() {
        Store store = DirectoryStore.create(
                        temp,
                        blocking,
                        (path, options, attributes) -> new FullDisk(FileChannel.open(path, options, attributes), -1))
                .block();
        assertThat(store).isNotNull();

        store.put("a", Flux.empty(), CRC)
                .as(StepVerifier::create)
                .verifyErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StoreFailed.class)
                        .hasMessageContaining("Input/output error, after 0 bytes"));

        assertThat(list(temp)).isEmpty();
    }

    @Test
    void aRealFullDiskIsToldAndLeavesNothing() throws Exception {
        Path disk = Files.createDirectory(temp.resolve("disk"));
        Assumptions.assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()),
                "no right to mount a small file system here; the simulated disk stands in for it");
        try {
            Store store = DirectoryStore.create(disk, blocking).block();
            assertThat(store).isNotNull();
            put(store, "old", "mine");

            store.put("a", Flux.range(0, 64).map(i -> buffer(64 * 1024)), CRC)
                    .as(StepVerifier::create)
                    .verifyErrorSatisfies(DirectoryStoreTest::assertDiskFull);

            assertThat(list(disk)).containsExactly("old");
            assertThat(new String(read(store, "old"), UTF_8)).isEqualTo("mine");
        } finally {
            assertThat(run("umount", disk.toString())).isTrue();
        }
    }

    /** A zip file is one of the few file systems at hand that know no links. */
    @Test
    void worksWithoutLinksAndDoesNotReplaceEither() throws Exception {
        try (var zip = FileSystems.newFileSystem(temp.resolve("disk.zip"), Map.of("create", "true"))) {
            Store store =
                    DirectoryStore.create(zip.getPath("/backup"), blocking).block();
            assertThat(store).isNotNull();
            put(store, "a", "mine");

            store.put(
                            "b",
                            Flux.defer(() -> {
                                put(store, "b", "other");
                                return Flux.just(buffer(10));
                            }),
                            CRC)
                    .as(StepVerifier::create)
                    .verifyErrorSatisfies(e -> assertThat(e).hasMessageContaining("b is there already"));

            assertThat(new String(read(store, "a"), UTF_8)).isEqualTo("mine");
            assertThat(new String(read(store, "b"), UTF_8)).isEqualTo("other");
            assertThat(list(zip.getPath("/backup"))).containsExactly("a", "b");
        }
    }

    private static void assertDiskFull(Throwable e) {
        assertThat(e)
                .isInstanceOf(StoreFailed.class)
                .hasMessageContaining("No space left on device, after ")
                .extracting(x -> ((StoreFailed) x).hint())
                .asString()
                .contains("disk is full", "Nothing that was there before has been changed");
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.to(nowhere()))
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static File nowhere() {
        return new File("/dev/null");
    }

    private void assumePosix() {
        Assumptions.assumeTrue(
                temp.getFileSystem().supportedFileAttributeViews().contains("posix"), "no POSIX permissions here");
    }

    private static List<String> list(Path directory) {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
