package dev.sluice.engine.stage;

import dev.sluice.engine.stage.codec.SlabEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/** From slabs of raw bytes to slabs of compressed ones. */
public final class Compress {

    private Compress() {}

    /**
     * Compresses the slabs of one file side by side and gives the results in order. Slabs must come from a pool with
     * room beside them; they are released, results belong to the subscriber.
     *
     * @param name for the header of the file's first piece, where the format has a place for it
     * @param workers where the work is done; shared by all files
     * @param ahead how many slabs of this file may be under way at the same time
     */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> slabs(
            SlabEncoder encoder, Optional<String> name, Scheduler workers, int ahead) {
        return slabs -> Flux.defer(() -> {
            AtomicReference<Optional<String>> firstName = new AtomicReference<>(name);
            return slabs.map(slab -> new Job(encoder, slab, firstName.getAndSet(Optional.empty())))
                    .flatMapSequential(job -> job.on(workers), ahead, 1)
                    .doOnDiscard(Job.class, Job::close)
                    .doOnDiscard(ByteBuf.class, ReferenceCountUtil::safeRelease);
        });
    }

    /**
     * One slab under work. Holds on to both buffers until the result is handed over, so that a cancel at any moment
     * frees each exactly once, and never while the encoder reads it.
     */
    private static final class Job {
        private final SlabEncoder encoder;
        private final ByteBuf slab;
        private final Optional<String> name;
        private @Nullable ByteBuf result;
        private boolean closed;

        private Job(SlabEncoder encoder, ByteBuf slab, Optional<String> name) {
            this.encoder = encoder;
            this.slab = slab;
            this.name = name;
        }

        private Mono<ByteBuf> on(Scheduler workers) {
            return Mono.using(
                    () -> this,
                    job -> Mono.fromCallable(job::work).subscribeOn(workers).handle(Job::handOver),
                    Job::close);
        }

        private Job work() {
            try {
                slab.retain();
            } catch (IllegalReferenceCountException cancelledMeanwhile) {
                return this;
            }
            try {
                ByteBuf out = SlabPool.beside(slab);
                boolean done = false;
                try {
                    encoder.encode(slab, out, name);
                    done = true;
                } finally {
                    if (!done || !keep(out)) {
                        out.release();
                    }
                }
            } finally {
                slab.release();
            }
            return this;
        }

        private synchronized boolean keep(ByteBuf out) {
            if (closed) {
                return false;
            }
            result = out;
            return true;
        }

        private synchronized void handOver(SynchronousSink<ByteBuf> sink) {
            ByteBuf out = result;
            result = null;
            if (out != null) {
                sink.next(out);
            }
        }

        private synchronized void close() {
            if (!closed) {
                closed = true;
                slab.release();
                ReferenceCountUtil.release(result);
                result = null;
            }
        }
    }
}
