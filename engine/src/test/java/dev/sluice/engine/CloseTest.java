package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineClosed;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.HttpAccess;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.Fixtures;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** Everything an engine does ends when it is closed, and whoever waits for it is told. */
class CloseTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String POINTS =
            "# DDL\n# CONTEXT-DATABASE: db\n# CONTEXT-RETENTION-POLICY: rp\n# DML\n" + "m v=1 1\n".repeat(20_000);

    private final SluiceEngine engine = SluiceEngine.builder().parallelism(2).build();
    private final CountDownLatch underWay = new CountDownLatch(1);
    private final ScriptedServer silent = ScriptedServer.byRequest(request -> {
        underWay.countDown();
        return Script.hang();
    });
    private final FakeInflux slow = new FakeInflux();

    @TempDir
    Path temp;

    @BeforeEach
    void neverAnswersAWrite() {
        slow.slow(write -> {
            underWay.countDown();
            return Duration.ofMinutes(10);
        });
    }

    @AfterEach
    void stop() {
        engine.close();
        silent.close();
        slow.close();
    }

    enum Operation {
        BACKUP,
        STREAM,
        RESTORE,
        COPY,
        VERIFY,
        LIST,
        INSPECT,
        EXPORT,
        IMPORT,
        COPY_LINES
    }

    private Publisher<?> run(Operation operation) throws IOException {
        var live = new End.Live(silent.address());
        var kept = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));
        return switch (operation) {
            case BACKUP ->
                engine.backup(BackupRequest.portable(silent.address(), temp.resolve("b"))
                        .build());
            case STREAM -> engine.stream(BackupRequest.stream(silent.address()).build());
            case RESTORE ->
                engine.restore(RestoreRequest.of(kept, silent.address()).build());
            case COPY ->
                engine.copy(CopyRequest.of(live, new End.Portable(temp.resolve("c")))
                        .build());
            case VERIFY -> engine.verify(VerifyRequest.of(live));
            case LIST -> engine.list(live, Selection.EVERYTHING);
            case INSPECT -> engine.inspect(InspectRequest.of(live));
            case EXPORT ->
                engine.export(ExportRequest.of(live, temp.resolve("e")).build());
            case IMPORT ->
                engine.importLines(ImportRequest.of(Files.writeString(temp.resolve("in"), POINTS), slow.endpoint())
                        .concurrency(1)
                        .build());
            case COPY_LINES ->
                engine.copyLines(LineCopyRequest.of(
                        CopyRequest.of(kept, new End.Http(slow.endpoint()))
                                .concurrency(1)
                                .build(),
                        HttpAccess.anonymous(slow.endpoint())));
        };
    }

    @ParameterizedTest
    @EnumSource
    void endsWhatIsUnderWay(Operation operation) throws Exception {
        CompletableFuture<?> run = Flux.from(run(operation)).then().toFuture();
        assertThat(underWay.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

        engine.close();

        assertThat(run)
                .failsWithin(PATIENCE)
                .withThrowableThat()
                .withCauseInstanceOf(EngineClosed.class)
                .withMessageContaining("closed");
    }

    @ParameterizedTest
    @EnumSource
    void letsNothingBegin(Operation operation) throws IOException {
        engine.close();

        StepVerifier.create(Flux.from(run(operation)).then())
                .expectError(EngineClosed.class)
                .verify(PATIENCE);
        assertThat(underWay.getCount()).isOne();
    }

    /** A path whose content tells what it is, is looked at by the threads that are gone then. */
    @Test
    void letsNoLookAtAPathBegin() {
        engine.close();
        var backup = new End.Directory(Fixtures.backup("1.8.10", "portable-deletes"));
        Path out = temp.resolve("out");

        for (Publisher<?> run : List.of(
                engine.verify(VerifyRequest.of(backup)),
                engine.list(backup, Selection.EVERYTHING),
                engine.inspect(InspectRequest.of(backup)),
                engine.restore(RestoreRequest.of(backup, silent.address()).build()),
                engine.copy(CopyRequest.of(backup, new End.Portable(out)).build()),
                engine.copy(CopyRequest.of(new End.Live(silent.address()), new End.Directory(out))
                        .build()),
                engine.export(ExportRequest.of(backup, out).build()))) {
            StepVerifier.create(Flux.from(run).then())
                    .expectError(EngineClosed.class)
                    .verify(PATIENCE);
        }
    }

    enum Closer {
        /** Who must not block at all. */
        REACTOR,
        /** As with {@code Flux.using(SluiceEngine::create, …, SluiceEngine::close)}, on whichever thread ends the run. */
        ITS_OWN_RUN,
        /** The threads for files may block, but not wait for themselves. */
        ITS_OWN_EVENT
    }

    @ParameterizedTest
    @EnumSource
    void freesTheThreadsWhoeverCloses(Closer closer) throws Exception {
        Set<Thread> before = sluiceThreads();
        var kept = new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"));
        SluiceEngine closed = SluiceEngine.create();
        Flux<?> run = closed.verify(VerifyRequest.of(kept));
        Set<Thread> made = ConcurrentHashMap.newKeySet();
        long start = System.nanoTime();

        switch (closer) {
            case REACTOR -> {
                run.blockLast(PATIENCE);
                made.addAll(sluiceThreads());
                Mono.fromRunnable(closed::close)
                        .subscribeOn(Schedulers.parallel())
                        .block(PATIENCE);
            }
            case ITS_OWN_RUN ->
                Flux.using(() -> closed, engine -> run.doOnNext(event -> made.addAll(sluiceThreads())), engine -> {
                            made.addAll(sluiceThreads());
                            engine.close();
                        })
                        .blockLast(PATIENCE);
            case ITS_OWN_EVENT ->
                run.doOnNext(event -> {
                            made.addAll(sluiceThreads());
                            closed.close();
                        })
                        .onErrorComplete(EngineClosed.class)
                        .blockLast(PATIENCE);
        }

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
        made.removeAll(before);
        assertThat(made).isNotEmpty();
        for (Thread thread : made) {
            thread.join(PATIENCE.toMillis());
            assertThat(thread.isAlive()).as(thread.getName()).isFalse();
        }
    }

    /** A program that has nothing else to do ends when its engine is closed. */
    @Test
    void leavesNoThreadThatKeepsTheProgramAlive() {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        SluiceEngine closed = SluiceEngine.create();
        closed.verify(VerifyRequest.of(new End.Portable(Fixtures.backup("1.8.10", "portable-deletes"))))
                .blockLast(PATIENCE);

        closed.close();

        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> !before.contains(thread) && !thread.isDaemon())
                .extracting(Thread::getName)
                .allMatch(name -> name.startsWith("globalEventExecutor")); // Netty's, which ends after a second
    }

    private static Set<Thread> sluiceThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("sluice-"))
                .collect(Collectors.toSet());
    }

    /** The account that a failure gets as well. */
    @ParameterizedTest
    @EnumSource(
            value = Operation.class,
            names = {"IMPORT", "COPY_LINES"})
    void tellsHowFarItCame(Operation operation) throws Exception {
        var first = new AtomicBoolean(true);
        slow.slow(write -> {
            if (first.getAndSet(false)) {
                return Duration.ZERO;
            }
            underWay.countDown(); // one at a time: the first has been answered
            return Duration.ofMinutes(10);
        });
        List<String> told = new CopyOnWriteArrayList<>();
        CompletableFuture<?> run = Flux.from(run(operation))
                .doOnNext(event -> {
                    if (event instanceof TransferEvent.Warning warning) {
                        told.add(warning.message());
                    }
                })
                .then()
                .toFuture();
        assertThat(underWay.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

        engine.interrupt();

        assertThat(run).failsWithin(PATIENCE).withThrowableThat().withCauseInstanceOf(EngineClosed.class);
        assertThat(told).last().asString().matches("stopped with [1-9][0-9]* points written and 0 rejected");
    }
}
