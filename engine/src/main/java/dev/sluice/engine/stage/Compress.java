package dev.sluice.engine.stage;

import dev.sluice.engine.stage.codec.SlabEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
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
     * @param originalName of the file before compression, for the header of its first piece where the format has one
     * @param workers where the work is done; shared by all files
     * @param ahead how many slabs of this file may be under way at the same time
     */
    public static Function<Flux<ByteBuf>, Flux<ByteBuf>> slabs(
            SlabEncoder encoder, String originalName, Scheduler workers, int ahead) {
        return slabs -> Flux.defer(() -> {
            AtomicReference<@Nullable String> firstName = new AtomicReference<>(originalName);
            return slabs.map(slab -> new Job(encoder, slab, firstName.getAndSet(null)))
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
        private final @Nullable String firstName;
        private @Nullable ByteBuf result;
        private boolean closed;

        private Job(SlabEncoder encoder, ByteBuf slab, @Nullable String firstName) {
            this.encoder = encoder;
            this.slab = slab;
            this.firstName = firstName;
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
                    encode(out);
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

        private void encode(ByteBuf out) {
            if (firstName == null) {
                encoder.encode(slab, out);
            } else {
                encoder.encodeFirst(slab, out, firstName);
            }
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
