package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MadeHereTest {

    private static final int SHARDS = 4;
    private static final int PATIENCE_SECONDS = 20;

    private final ExecutorService threads = Executors.newFixedThreadPool(SHARDS);

    @TempDir
    Path temp;

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** One makes a policy in the database's directory before the other, who has made that, has noted it. */
    @Test
    void whatShardsMakeSideBySideGoesAgain() throws Exception {
        for (int round = 0; round < 1_000; round++) {
            var made = new MadeHere();
            var together = new CyclicBarrier(SHARDS);
            List<Future<?>> shards = new ArrayList<>();
            for (int i = 0; i < SHARDS; i++) {
                Path policy = temp.resolve("db/rp" + i % 2);
                Callable<Void> shard = () -> {
                    together.await();
                    made.makeAll(policy);
                    return null;
                };
                shards.add(threads.submit(shard));
            }
            for (Future<?> shard : shards) {
                shard.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }

            made.removeAll();

            assertThat(temp).as("round %d", round).isEmptyDirectory();
        }
    }
}
