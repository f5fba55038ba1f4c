package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.source.ShardRead;
import dev.sluice.engine.tar.TarReader;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.CancelledShards;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class ShardSpoolTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ShardRef SHARD = new ShardRef("db", "rp", 7);

    private final Scheduler files = Schedulers.newBoundedElastic(4, 1000, "spool-test");

    @TempDir
    Path scratch;

    @AfterEach
    void stop() {
        files.dispose();
    }

    private record Read(ShardRef ref, Flux<ShardPart> parts) implements ShardRead {}

    @Test
    void hasTheFilesAsTheyCameAndRemovesThem() throws IOException {
        Map<String, byte[]> tsm = Answers.tsmFiles(1, 2);
        Flux<ShardPart> parts =
                Flux.just(Unpooled.wrappedBuffer(Answers.shard(SHARD, tsm))).transform(TarReader.parts(SHARD));

        var spool = new ShardSpool(scratch, files);
        spool.read(new Read(SHARD, parts)).block(PATIENCE);

        ShardFiles found = spool.files(new Place("db", "rp"));
        assertThat(found.tsm()).hasSize(2);
        for (Path file : found.tsm()) {
            assertThat(Files.readAllBytes(file)).isEqualTo(tsm.get(String.valueOf(file.getFileName())));
        }
        spool.remove().block(PATIENCE);
        assertThat(isEmpty(scratch)).isTrue();
    }

    @Test
    void leavesNothingBehindWheneverItIsCancelled() throws InterruptedException {
        CancelledShards.run(
                400,
                SHARD,
                parts -> Mono.usingWhen(
                        Mono.fromSupplier(() -> new ShardSpool(scratch, files)),
                        spool -> spool.read(new Read(SHARD, parts)),
                        ShardSpool::remove),
                () -> isEmpty(scratch));
    }

    private static boolean isEmpty(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
