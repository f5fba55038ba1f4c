package dev.sluice.engine.target;

import dev.sluice.engine.model.ShardPart;
import java.util.ArrayList;
import java.util.List;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One stream of parts for several takers. Asks for a part when every taker that is left has asked for one, so the slowest
 * sets the pace and nothing is held here; a taker that cancels is no longer waited for. The source is subscribed to once
 * all takers are there, and cancelled when none is left.
 *
 * <p>An operator of its own, as {@code Flux.publish} gives all takers the same buffer, without a moment at which it can
 * be released.
 */
final class Spread {

    private final Flux<ShardPart> source;
    private final int takers;
    private final Upstream upstream = new Upstream();
    private final List<Branch> branches = new ArrayList<>();
    private int arrived;
    private boolean running;
    private boolean asked;

    /** @param takers how many there will be; each subscribes to {@link #branch()} once */
    Spread(Flux<ShardPart> source, int takers) {
        this.source = source;
        this.takers = takers;
    }

    /** The stream for one taker, who releases every part that it gets. */
    Flux<ShardPart> branch() {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super ShardPart> actual) {
                admit(actual);
            }
        };
    }

    /** To be called for a taker that will not come. */
    void without() {
        boolean complete;
        synchronized (this) {
            arrived++;
            complete = arrived == takers;
        }
        start(complete);
    }

    private void admit(CoreSubscriber<? super ShardPart> actual) {
        var branch = new Branch(actual);
        actual.onSubscribe(branch); // before the last taker on another thread can bring it an end
        boolean complete;
        synchronized (this) {
            if (!branch.left) {
                branches.add(branch);
            }
            arrived++;
            complete = arrived == takers;
        }
        start(complete);
    }

    private void start(boolean complete) {
        if (!complete) {
            return;
        }
        synchronized (this) {
            if (branches.isEmpty()) {
                return; // all had left before the last one came
            }
        }
        source.subscribe(upstream);
    }

    private void pull() {
        synchronized (this) {
            if (asked || !running || branches.isEmpty() || branches.stream().anyMatch(branch -> branch.demand == 0)) {
                return;
            }
            asked = true;
        }
        upstream.request(1);
    }

    private synchronized List<Branch> alive() {
        return List.copyOf(branches);
    }

    private void leave(Branch branch) {
        boolean last;
        synchronized (this) {
            branch.left = true;
            if (!branches.remove(branch)) {
                return;
            }
            last = branches.isEmpty() && arrived == takers;
        }
        if (last) {
            upstream.cancel();
        } else {
            pull();
        }
    }

    private final class Upstream extends BaseSubscriber<ShardPart> {
        /** All takers are of one copy. */
        @Override
        public Context currentContext() {
            List<Branch> all = alive();
            return all.isEmpty() ? Context.empty() : all.get(0).actual.currentContext();
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            synchronized (Spread.this) {
                running = true;
            }
            if (alive().isEmpty()) {
                cancel();
            } else {
                pull();
            }
        }

        @Override
        protected void hookOnNext(ShardPart part) {
            try {
                for (Branch branch : alive()) {
                    branch.give(part);
                }
            } finally {
                part.release();
            }
            synchronized (Spread.this) {
                asked = false;
            }
            pull();
        }

        @Override
        protected void hookOnError(Throwable failure) {
            alive().forEach(branch -> branch.actual.onError(failure));
        }

        @Override
        protected void hookOnComplete() {
            alive().forEach(branch -> branch.actual.onComplete());
        }
    }

    private final class Branch implements Subscription {
        private final CoreSubscriber<? super ShardPart> actual;
        private long demand;
        private boolean left;

        private Branch(CoreSubscriber<? super ShardPart> actual) {
            this.actual = actual;
        }

        /** A part of its own, on the same bytes. */
        void give(ShardPart part) {
            synchronized (Spread.this) {
                if (!branches.contains(this)) {
                    return;
                }
                if (demand != Long.MAX_VALUE) {
                    demand--;
                }
            }
            if (part instanceof ShardPart.FileStart start) {
                actual.onNext(new ShardPart.FileStart(
                        start.name(),
                        start.size(),
                        start.modified(),
                        start.rawHeader().retainedDuplicate()));
            } else if (part instanceof ShardPart.Bytes bytes) {
                actual.onNext(new ShardPart.Bytes(bytes.data().retainedDuplicate()));
            } else {
                actual.onNext(part);
            }
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                synchronized (Spread.this) {
                    demand = Operators.addCap(demand, n);
                }
                pull();
            }
        }

        @Override
        public void cancel() {
            leave(this);
        }
    }
}
