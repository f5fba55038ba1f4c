package dev.sluice.engine.stage;

import dev.sluice.engine.flow.FirstFailure;
import dev.sluice.engine.stage.codec.SlabEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
        return slabs -> Flux.using(
                () -> new Bench(encoder, originalName),
                bench -> slabs.map(bench::job)
                        .flatMapSequential(job -> Mono.fromCallable(job::work).subscribeOn(workers), ahead, 1)
                        .onErrorMap(FirstFailure::of)
                        .handle(Job::handOver),
                Bench::close);
    }

    /**
     * All that is under work for one file. Operators that queue have gaps in what they discard when they are
     * cancelled, so the owner is not the one who holds a job but the bench it lies on.
     */
    private static final class Bench {
        private final SlabEncoder encoder;
        private final AtomicReference<@Nullable String> firstName;
        private final Set<Job> jobs = ConcurrentHashMap.newKeySet();
        private volatile boolean closed;

        private Bench(SlabEncoder encoder, String originalName) {
            this.encoder = encoder;
            this.firstName = new AtomicReference<>(originalName);
        }

        private Job job(ByteBuf slab) {
            Job job = new Job(this, slab, firstName.getAndSet(null));
            jobs.add(job);
            if (closed) {
                job.close();
            }
            return job;
        }

        private void close() {
            closed = true;
            jobs.forEach(Job::close);
        }
    }

    /**
     * One slab under work. Holds on to both buffers until the result is handed over, so that a cancel at any moment
     * frees each exactly once, and never while the encoder reads it.
     */
    private static final class Job {
        private final Bench bench;
        private final ByteBuf slab;
        private final @Nullable String firstName;
        private @Nullable ByteBuf result;
        private boolean closed;

        private Job(Bench bench, ByteBuf slab, @Nullable String firstName) {
            this.bench = bench;
            this.slab = slab;
            this.firstName = firstName;
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
                bench.encoder.encode(slab, out);
            } else {
                bench.encoder.encodeFirst(slab, out, firstName);
            }
        }

        private synchronized boolean keep(ByteBuf out) {
            if (closed) {
                return false;
            }
            result = out;
            return true;
        }

        private void handOver(SynchronousSink<ByteBuf> sink) {
            ByteBuf out = take();
            if (out != null) {
                sink.next(out);
            }
        }

        private synchronized @Nullable ByteBuf take() {
            ByteBuf out = result;
            result = null;
            close();
            return out;
        }

        private synchronized void close() {
            if (!closed) {
                closed = true;
                bench.jobs.remove(this);
                slab.release();
                ReferenceCountUtil.release(result);
                result = null;
            }
        }
    }
}
