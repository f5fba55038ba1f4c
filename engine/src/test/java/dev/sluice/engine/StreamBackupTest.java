package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.CompressedDataDamaged;
import dev.sluice.engine.error.InvalidRequest;
import dev.sluice.engine.error.StreamDamaged;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Pace;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.serve.RunningServer;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.test.StepVerifier;
import reactor.util.context.Context;

/** Streams and verifications through the front door, from a server of the embedded kind. */
class StreamBackupTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final SluiceEngine engine = SluiceEngine.create();

    @TempDir
    Path home;

    private SampleData sample = new SampleData(Path.of(""), Path.of(""), 0, 0);

    @SuppressWarnings("NullAway.Init") // before each test
    private RunningServer server;

    @BeforeEach
    void serve() {
        sample = Objects.requireNonNull(engine.sampleData(home, 42, 3_000_000).block(PATIENCE));
        server = start();
    }

    private RunningServer start() {
        return Objects.requireNonNull(
                engine.serve(new ServeRequest(new ServerAddress("127.0.0.1", 0), sample.dataDir(), sample.metaDir()))
                        .block(PATIENCE));
    }

    @AfterEach
    void stop() {
        server.stop().block(PATIENCE);
        engine.close();
    }

    private static byte[] collect(Flux<ByteBuf> stream) {
        var bytes = new ByteArrayOutputStream();
        stream.doOnNext(buffer -> {
                    byte[] chunk = new byte[buffer.readableBytes()];
                    buffer.readBytes(chunk);
                    buffer.release();
                    bytes.writeBytes(chunk);
                })
                .then()
                .block(PATIENCE);
        return bytes.toByteArray();
    }

    private CopyReport verify(End from) {
        return Objects.requireNonNull(engine.verify(VerifyRequest.of(from))
                .ofType(Event.Finished.class)
                .map(Event.Finished::report)
                .blockLast(PATIENCE));
    }

    @Test
    void unpacksToTheFilesThatTheServerHas() throws IOException {
        byte[] tar = collect(engine.stream(BackupRequest.stream(server.address())
                .compression(Compression.NONE)
                .build()));

        Map<String, byte[]> unpacked = new HashMap<>();
        try (var entries = new TarArchiveInputStream(new ByteArrayInputStream(tar), "UTF-8")) {
            for (var entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                unpacked.put(entry.getName(), entries.readAllBytes());
            }
        }
        try (Stream<Path> files = Files.walk(sample.dataDir())) {
            List<Path> tsm =
                    files.filter(file -> file.toString().endsWith(".tsm")).toList();
            assertThat(tsm).hasSizeGreaterThan(1);
            for (Path file : tsm) {
                assertThat(unpacked.get("data/" + sample.dataDir().relativize(file)))
                        .isEqualTo(Files.readAllBytes(file));
            }
        }
        assertThat(unpacked.get("meta/meta.db"))
                .isEqualTo(Files.readAllBytes(sample.metaDir().resolve("meta.db")));
    }

    /** A browser that reads slowly must not make anybody hold the whole backup. */
    @Test
    void isReadOnlyAsFastAsItsSubscriberAsks() throws InterruptedException {
        var taken = new AtomicLong();
        var reader = new BaseSubscriber<ByteBuf>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {}

            @Override
            protected void hookOnNext(ByteBuf buffer) {
                taken.incrementAndGet();
                buffer.release();
            }
        };
        engine.stream(BackupRequest.stream(server.address()).build()).subscribe(reader);

        Thread.sleep(300);
        assertThat(taken).hasValue(0);
        reader.request(1);
        Thread.sleep(200);
        assertThat(taken).hasValue(1);
        reader.cancel();
        assertThat(server.stop().then(Mono.just("stopped")).block(PATIENCE)).isEqualTo("stopped");
    }

    @Test
    void tellsItsSubscriberWhyItFails() {
        ShardRef ref = new ShardRef("db", "rp", 1);
        byte[] tar = Answers.shard(ref, 1, 2, 3_000);
        try (var broken = ScriptedServer.byRequest(request -> switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(ref)));
            case 3 -> Script.answer(Answers.pathList(ref));
            default -> Script.cutAfter(tar, 4_000);
        })) {
            engine.stream(BackupRequest.stream(broken.address()).retries(0).build())
                    .doOnNext(ByteBuf::release)
                    .then()
                    .as(StepVerifier::create)
                    .expectError(ArchiveDamaged.class)
                    .verify(PATIENCE);
        }
        engine.stream(BackupRequest.stream(new ServerAddress("127.0.0.1", 1))
                        .retries(0)
                        .build())
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("127.0.0.1:1"))
                .verify(PATIENCE);
    }

    /** The stream's bytes alone do not say that a block on the server is damaged, or that a shard is missing. */
    @Test
    void tellsWhoeverWantsToKnowWhatAReportSays() throws IOException {
        Path file = damage();
        List<Event> told = new CopyOnWriteArrayList<>();

        collect(engine.stream(BackupRequest.stream(server.address()).build(), told::add)
                .doOnComplete(() -> assertThat(told).last().isInstanceOf(Event.Finished.class)));

        CopyReport report = ((Event.Finished) told.get(told.size() - 1)).report();
        assertThat(report.stored()).hasSize(sample.shards());
        assertThat(report.damaged()).isTrue();
        assertThat(report.notices())
                .extracting(Notice::message)
                .anyMatch(message -> message.contains(file.getFileName().toString()));
    }

    @Test
    void endsWhenWhoeverIsToldFails() {
        engine.stream(BackupRequest.stream(server.address()).build(), event -> {
                    throw new IllegalStateException("no room in the log");
                })
                .doOnNext(ByteBuf::release)
                .then()
                .as(StepVerifier::create)
                .expectErrorMessage("no room in the log")
                .verify(PATIENCE);
        assertThat(server.stop().then(Mono.just("stopped")).block(PATIENCE)).isEqualTo("stopped");
    }

    /** Or its directory would be left out without a word, and so the backup that is asked for by name. */
    @Test
    void aRequestForSomethingElseIsNoneForAStream() {
        Path directory = home.resolve("backup");
        for (Publisher<?> run : List.of(
                engine.stream(
                        BackupRequest.portable(server.address(), directory).build()),
                engine.restore(
                        RestoreRequest.of(new End.Portable(directory), server.address())
                                .build(),
                        Flux.error(new IllegalStateException("nobody reads it"))))) {
            Flux.from(run)
                    .then()
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e ->
                            assertThat(e).isInstanceOf(InvalidRequest.class).hasMessageContaining("" + directory))
                    .verify(PATIENCE);
        }
    }

    /** A service knows by it who asks: the body of a request may want to know. */
    /** As those do who put a request's id from the context into the log: around each signal. */
    @Test
    void whoeverIsToldOfTheStreamSeesTheContextOfItsSubscriber() {
        var user = new ThreadLocal<String>();
        Hooks.onEachOperator("user", Operators.<Object, Object>lift((source, next) -> new CoreSubscriber<>() {
            @Override
            public Context currentContext() {
                return next.currentContext();
            }

            @Override
            public void onSubscribe(Subscription subscription) {
                next.onSubscribe(subscription);
            }

            @Override
            public void onNext(Object element) {
                user.set(next.currentContext().getOrDefault("user", "nobody"));
                next.onNext(element);
            }

            @Override
            public void onError(Throwable error) {
                next.onError(error);
            }

            @Override
            public void onComplete() {
                next.onComplete();
            }
        }));
        var seen = new CopyOnWriteArrayList<String>();
        try {
            collect(engine.stream(BackupRequest.stream(server.address()).build(), event -> seen.add(user.get()))
                    .contextWrite(Context.of("user", "she")));
        } finally {
            Hooks.resetOnEachOperator("user");
        }
        assertThat(seen).isNotEmpty().containsOnly("she");
    }

    @Test
    void whatIsRestoredSeesTheContextOfTheSubscriber() {
        var seen = new AtomicReference<>("nobody");
        Flux<ByteBuf> body = Flux.deferContextual(context -> {
            seen.set(context.getOrDefault("user", "nobody"));
            return Flux.empty();
        });

        engine.restore(RestoreRequest.of(new End.Stream(), server.address()).build(), body)
                .contextWrite(Context.of("user", "she"))
                .then()
                .as(StepVerifier::create)
                .expectError(StreamDamaged.class)
                .verify(PATIENCE);

        assertThat(seen).hasValue("she");
    }

    @Test
    void findsNothingWrongWhereNothingIs() {
        Path backup = home.resolve("backup");
        engine.backupReport(BackupRequest.portable(server.address(), backup)
                        .compression(Compression.ZSTD)
                        .build())
                .block(PATIENCE);

        for (End end : List.of(new End.Live(server.address()), new End.Portable(backup))) {
            CopyReport report = verify(end);
            assertThat(report.damaged()).isFalse();
            assertThat(report.complete()).isTrue();
            assertThat(report.stored()).hasSize(sample.shards());
            assertThat(report.notices())
                    .extracting(Notice::message)
                    .anyMatch(message -> message.contains(" are sound, in "));
        }
    }

    @Test
    void listsWhatThereIs() {
        Path backup = home.resolve("backup");
        CopyReport made = Objects.requireNonNull(engine.backupReport(BackupRequest.portable(server.address(), backup)
                        .compression(Compression.ZSTD)
                        .build())
                .block(PATIENCE));

        Listing directory = Objects.requireNonNull(
                engine.list(new End.Directory(backup), Selection.EVERYTHING).block(PATIENCE));
        Listing live = Objects.requireNonNull(engine.list(new End.Live(server.address()), Selection.EVERYTHING)
                .block(PATIENCE));

        assertThat(directory.complete()).isTrue();
        assertThat(directory.runs()).singleElement().satisfies(run -> {
            assertThat(run.kind()).hasValue("full");
            assertThat(run.rawBytes()).isEqualTo(made.rawBytes());
            assertThat(run.storedBytes()).hasValue(made.storedBytes());
        });
        assertThat(directory.shards()).hasSize(sample.shards()).allSatisfy(shard -> {
            assertThat(shard.codec()).hasValue("zstd");
            assertThat(shard.time()).isPresent();
        });
        assertThat(live.shards())
                .extracting(Listing.Shard::ref)
                .containsExactlyInAnyOrderElementsOf(
                        directory.shards().stream().map(Listing.Shard::ref).toList());
    }

    @Test
    void aStreamKeptAsAFileIsReadByItsPath() throws IOException {
        Path file = Files.write(
                home.resolve("monday.zst"),
                collect(engine.stream(BackupRequest.stream(server.address()).build())));

        for (End end : List.of(new End.Directory(file), new End.StreamFile(file))) {
            CopyReport report = verify(end);
            assertThat(report.damaged()).isFalse();
            assertThat(report.complete()).isTrue();
            assertThat(report.stored()).hasSize(sample.shards());
            Listing listing = Objects.requireNonNull(
                    engine.list(end, Selection.EVERYTHING).block(PATIENCE));
            assertThat(listing.complete()).isTrue();
            assertThat(listing.shards()).hasSize(sample.shards());
            assertThat(listing.shards())
                    .as("as if all of it had been read")
                    .containsExactlyInAnyOrderElementsOf(listedFromTheStart().shards());
        }
        Inspection inspection = Objects.requireNonNull(
                engine.inspect(InspectRequest.of(new End.Directory(file)).withScratch(home.resolve("scratch")))
                        .block(PATIENCE));
        assertThat(inspection.complete()).isTrue();
        assertThat(inspection.shards()).hasSize(sample.shards());

        Path portable = home.resolve("portable");
        engine.copy(CopyRequest.of(new End.Directory(file), new End.Portable(portable))
                        .build())
                .blockLast(PATIENCE);
        assertThat(verify(new End.Portable(portable)).stored()).hasSize(sample.shards());
    }

    /** What gzip compressed has no table. */
    private Listing listedFromTheStart() throws IOException {
        Path file = Files.write(
                home.resolve("monday.gz"),
                collect(engine.stream(BackupRequest.stream(server.address())
                        .compression(Compression.GZIP)
                        .build())));
        return Objects.requireNonNull(
                engine.list(new End.StreamFile(file), Selection.EVERYTHING).block(PATIENCE));
    }

    @Test
    void aFileThatEndsEarlyIsToldAndGivesWhatIsWholeWhenAsked() throws IOException {
        byte[] stream =
                collect(engine.stream(BackupRequest.stream(server.address()).build()));
        Path file = Files.write(home.resolve("cut.zst"), Arrays.copyOf(stream, stream.length * 2 / 3));
        End cut = new End.Directory(file);

        engine.verify(VerifyRequest.of(cut))
                .then()
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOfAny(StreamDamaged.class, CompressedDataDamaged.class)
                        .hasMessageContaining(file.toString()))
                .verify(PATIENCE);
        CopyReport report = Objects.requireNonNull(
                engine.verify(new VerifyRequest(cut, Selection.EVERYTHING, false, false, true, Pace.DEFAULT))
                        .ofType(Event.Finished.class)
                        .map(Event.Finished::report)
                        .blockLast(PATIENCE));
        assertThat(report.complete()).isFalse();
        assertThat(report.stored()).isNotEmpty().hasSizeLessThan(sample.shards());
    }

    @Test
    void aFileIsNoPlaceToCopyTo() throws IOException {
        Path there = Files.writeString(home.resolve("monday.zst"), "mine");
        for (End to : List.of(new End.Directory(there), new End.StreamFile(there))) {
            engine.copy(CopyRequest.of(new End.Live(server.address()), to).build())
                    .then()
                    .as(StepVerifier::create)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOfSatisfying(
                                    InvalidRequest.class,
                                    why -> assertThat(why.hint()).contains("stdout", "- for the path")))
                    .verify(PATIENCE);
        }
        assertThat(there).hasContent("mine");
    }

    @Test
    void damageOnTheServerIsToldByFileKeyAndPlaceAndTheBackupGoesOn() throws IOException {
        Path file = damage();
        CopyReport report = Objects.requireNonNull(
                engine.backupReport(BackupRequest.portable(server.address(), home.resolve("backup"))
                                .build())
                        .block(PATIENCE));

        assertThat(report.damaged()).isTrue();
        assertThat(report.stored()).hasSize(sample.shards());
        assertThat(report.notices())
                .filteredOn(notice -> notice.kind() == Notice.Kind.DAMAGED)
                .singleElement()
                .satisfies(notice -> assertThat(notice.message())
                        .contains(file.getFileName().toString(), "checksum", "at byte 5", "key "));
        assertThat(verify(new End.Portable(home.resolve("backup"))).damaged()).isTrue();
    }

    @Test
    void aShardThatCannotBeReadIsDamageAndTheOthersAreChecked() throws IOException {
        Path backup = home.resolve("backup");
        engine.backupReport(BackupRequest.portable(server.address(), backup).build())
                .block(PATIENCE);
        Path archive;
        try (Stream<Path> files = Files.list(backup)) {
            archive = files.filter(file -> file.toString().endsWith(".tar.gz"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        flip(archive, Files.size(archive) / 2);

        CopyReport report = verify(new End.Portable(backup));

        assertThat(report.damaged()).isTrue();
        assertThat(report.outcomes())
                .filteredOn(ShardOutcome.Failed.class::isInstance)
                .hasSize(1);
        assertThat(report.stored()).hasSize(sample.shards() - 1);
    }

    /** Flips a bit of the first block of a file. */
    private Path damage() throws IOException {
        Path file;
        try (Stream<Path> files = Files.walk(sample.dataDir())) {
            file = files.filter(f -> f.toString().endsWith(".tsm"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        flip(file, 5);
        return file;
    }

    private static void flip(Path file, long offset) throws IOException {
        try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(offset);
            int value = bytes.read();
            bytes.seek(offset);
            bytes.write(value ^ 1);
        }
    }
}
