package dev.sluice.engine.target;

import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Takes everything and keeps nothing: what is left is that all of it was read, through whatever stages there were. */
public final class Nowhere implements Target {

    private static final int BLOCK = 512;

    private final Consumer<Catalog> began;

    public Nowhere() {
        this(catalog -> {});
    }

    /** @param began is shown what the source has */
    public Nowhere(Consumer<Catalog> began) {
        this.began = began;
    }

    @Override
    public String describe() {
        return "nowhere";
    }

    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return Mono.fromSupplier(() -> {
            began.accept(catalog);
            return new Session();
        });
    }

    private static final class Session implements TargetSession {

        @Override
        public int maxOpenShards() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.defer(() -> {
                var raw = new AtomicLong(2 * BLOCK);
                List<String> files = new ArrayList<>();
                return parts.doOnNext(part -> {
                            if (part instanceof ShardPart.FileStart start) {
                                files.add(start.name());
                                raw.addAndGet(start.tarBytes());
                            }
                            part.release();
                        })
                        .then(Mono.fromSupplier(() -> new ShardReceipt(
                                shard, raw.get(), 0, "", Compression.NONE, Optional.empty(), files, Duration.ZERO)));
            });
        }

        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return Mono.just(Sealed.at(""));
        }

        @Override
        public Mono<List<Notice>> abort() {
            return Mono.just(List.of());
        }
    }
}
