package dev.sluice.engine.store;

import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.model.Digest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Files in memory, for tests and embedding; keeps all promises but durability. */
public final class MemoryStore implements Store {

    private static final int CHUNK = 64 * 1024;

    private final Map<String, byte[]> files = new ConcurrentSkipListMap<>();
    private final Set<String> claims = ConcurrentHashMap.newKeySet();
    private final Scheduler scheduler;

    /** Works on the threads of its callers. */
    public MemoryStore() {
        this(Schedulers.immediate());
    }

    /** @param scheduler where writing is done */
    public MemoryStore(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    @Override
    public String describe() {
        return "memory";
    }

    @Override
    public String describe(String name) {
        return "memory:" + FileNames.check(name);
    }

    @Override
    public Mono<StoredFile> put(String name, Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
        return Mono.defer(() -> write(name, bytes, algorithm, () -> {
            if (files.containsKey(name) || claims.contains(name)) {
                throw new FileAlreadyExistsException(name);
            }
            return new PendingBytes(name, false);
        }));
    }

    @Override
    public Mono<Reservation> reserve(String name) {
        return Mono.fromCallable(() -> {
            FileNames.check(name);
            if (!claims.add(name)) {
                return null;
            }
            if (files.containsKey(name)) {
                claims.remove(name);
                return null;
            }
            return new ClaimedName(name);
        });
    }

    @Override
    public Flux<ByteBuf> get(String name) {
        return Flux.defer(() -> {
            byte[] bytes = files.get(FileNames.check(name));
            if (bytes == null) {
                return Flux.error(
                        new NotThere("no such file: %s".formatted(describe(name)), "The backup may be incomplete."));
            }
            return Flux.generate(() -> 0, (offset, sink) -> {
                if (offset == bytes.length) {
                    sink.complete();
                    return offset;
                }
                int length = Math.min(CHUNK, bytes.length - offset);
                sink.next(Unpooled.wrappedBuffer(bytes, offset, length).asReadOnly());
                return offset + length;
            });
        });
    }

    @Override
    public Flux<StoreEntry> list() {
        return Flux.defer(() -> Flux.fromIterable(files.entrySet()))
                .map(file -> new StoreEntry(file.getKey(), file.getValue().length));
    }

    @Override
    public Mono<Boolean> exists(String name) {
        return Mono.fromCallable(() -> files.containsKey(FileNames.check(name)));
    }

    @Override
    public Mono<Boolean> delete(String name) {
        return Mono.fromCallable(
                () -> Optional.ofNullable(files.remove(FileNames.check(name))).isPresent());
    }

    private Mono<StoredFile> write(
            String name, Flux<ByteBuf> bytes, Digest.Algorithm algorithm, PendingFile.Opener opener) {
        String place = describe(name);
        return PendingWriter.write(
                name, opener, bytes, algorithm, (e, written) -> Failures.writing(place, written, e), scheduler);
    }

    private final class PendingBytes implements PendingFile {
        private final String name;
        private final boolean claimed;
        private final ByteArrayOutputStream content = new ByteArrayOutputStream();

        PendingBytes(String name, boolean claimed) {
            this.name = name;
            this.claimed = claimed;
        }

        @Override
        public void write(ByteBuffer[] buffers) {
            for (ByteBuffer buffer : buffers) {
                byte[] bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                content.writeBytes(bytes);
            }
        }

        @Override
        public Duration publish() throws IOException {
            if (files.putIfAbsent(name, content.toByteArray()) != null) {
                throw new FileAlreadyExistsException(name);
            }
            discard();
            return Duration.ZERO;
        }

        @Override
        public void withdraw() {
            files.remove(name);
        }

        @Override
        public void discard() {
            if (claimed) {
                claims.remove(name);
            }
        }
    }

    private final class ClaimedName extends Claim {
        ClaimedName(String name) {
            super(name);
        }

        @Override
        Mono<StoredFile> write(Flux<ByteBuf> bytes, Digest.Algorithm algorithm) {
            return MemoryStore.this.write(name(), bytes, algorithm, this);
        }

        @Override
        public PendingFile open() {
            return new PendingBytes(name(), true);
        }

        @Override
        public void abandon() {
            claims.remove(name());
        }

        @Override
        Mono<Void> giveBack() {
            return Mono.fromRunnable(this::abandon);
        }
    }
}
