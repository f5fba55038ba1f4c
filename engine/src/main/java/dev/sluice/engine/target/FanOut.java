package dev.sluice.engine.target;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardPart;
import dev.sluice.engine.model.ShardReceipt;
import dev.sluice.engine.model.ShardRef;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Several targets that get the same: each shard is read once, and the slowest sets the pace.
 *
 * <p>One that fails leaves the group for this shard, and the others go on. While the copy tries the shard again, it is
 * written to those that do not have it yet; after that it is theirs to miss, and the report says so. A target that cannot
 * be reached any more gets no further shard. Only what fails for all fails the copy.
 */
public final class FanOut implements Target {

    /** Attempts in a row whose connection was lost: after these the target counts as gone. */
    private static final int LOST = 2;

    private final List<Target> targets;

    public FanOut(List<Target> targets) {
        this.targets = List.copyOf(targets);
    }

    @Override
    public String describe() {
        return targets.stream().map(Target::describe).collect(Collectors.joining(", "));
    }

    /** One that refuses is left out, and that is told; if all refuse, the first one's reason is the error. */
    @Override
    public Mono<TargetSession> begin(Catalog catalog) {
        return Mono.usingWhen(
                Mono.fromSupplier(() -> new Session(new CopyOnWriteArrayList<>())),
                session -> Flux.fromIterable(targets)
                        .concatMap(target -> member(target, catalog), 0)
                        .doOnNext(session.members::add)
                        .then(Mono.<TargetSession>defer(() -> session.begun().isEmpty()
                                ? Mono.error(session.members.get(0).refusal.orElseThrow())
                                : Mono.just(session))),
                session -> Mono.empty(),
                // Those that have begun would not hear of it.
                (session, error) -> session.abort(),
                Session::abort);
    }

    private static Mono<Member> member(Target target, Catalog catalog) {
        return target.begin(catalog)
                .map(session -> new Member(target.describe(), Optional.of(session), Optional.empty()))
                .onErrorResume(
                        SluiceException.class,
                        e -> Mono.just(new Member(target.describe(), Optional.empty(), Optional.of(e))));
    }

    /** One target and how it fares. */
    private static final class Member {
        private final String name;
        private final Optional<TargetSession> session;
        private volatile Optional<SluiceException> refusal;
        private final Set<ShardRef> has = ConcurrentHashMap.newKeySet();
        private final Map<ShardRef, String> misses = new ConcurrentHashMap<>();

        /** What was wrong with shards that may be tried again. */
        private final Map<ShardRef, SluiceException> failures = new ConcurrentHashMap<>();

        /** Attempts that ended with the connection, one behind the other. A single one may be the network's. */
        private final AtomicInteger lost = new AtomicInteger();

        private volatile boolean gone;

        private Member(String name, Optional<TargetSession> session, Optional<SluiceException> refusal) {
            this.name = name;
            this.session = session;
            this.refusal = refusal;
        }

        /** Never fails: one that cannot be prepared leaves the group. */
        Mono<Void> prepare() {
            return session.map(begun -> begun.prepare()
                            .doOnSuccess(done -> misses.putAll(begun.refused()))
                            .onErrorResume(SluiceException.class, e -> {
                                refusal = Optional.of(e);
                                return Mono.empty();
                            }))
                    .orElse(Mono.empty());
        }

        boolean takesPart() {
            return refusal.isEmpty();
        }

        boolean wants(ShardRef shard) {
            return takesPart() && !gone && !has.contains(shard) && !misses.containsKey(shard);
        }

        void stored(ShardRef shard) {
            has.add(shard);
            lost.set(0);
        }

        void failed(ShardRef shard, SluiceException why) {
            if (why instanceof ConnectionLost) {
                lost.incrementAndGet();
            }
            if (why.worthRetrying()) {
                failures.put(shard, why);
            } else {
                miss(shard, why);
            }
        }

        void miss(ShardRef shard, SluiceException why) {
            misses.put(shard, String.valueOf(why.getMessage()));
            boolean lostAgain = why instanceof ConnectionLost && lost.get() >= LOST;
            if (lostAgain || why instanceof ConnectionFailed || why instanceof ServerSilent) {
                gone = true; // never back: shards that end at the same time may find different reasons
            }
        }
    }

    /** What came of one shard at one target. */
    private record Result(Member member, Optional<ShardReceipt> receipt, Optional<SluiceException> failure) {}

    private static final class Session implements TargetSession {
        private final List<Member> members;
        private final Map<ShardRef, ShardReceipt> receipts = new ConcurrentHashMap<>();

        private Session(List<Member> members) {
            this.members = members;
        }

        /** Those that have not refused. */
        private List<Member> begun() {
            return members.stream().filter(Member::takesPart).toList();
        }

        /** One that takes nothing is left out, as one that refuses from the start. */
        @Override
        public Mono<Void> prepare() {
            return Flux.fromIterable(members)
                    .concatMap(Member::prepare, 0)
                    .then(Mono.defer(() -> begun().isEmpty()
                            ? Mono.error(members.get(0).refusal.orElseThrow())
                            : Mono.empty()));
        }

        @Override
        public int maxOpenShards() {
            return begun().stream()
                    .mapToInt(member -> member.session.orElseThrow().maxOpenShards())
                    .min()
                    .orElseThrow();
        }

        /** What no target that is left takes. */
        @Override
        public Map<ShardRef, String> refused() {
            List<Member> left = begun().stream().filter(member -> !member.gone).toList();
            if (left.isEmpty()) {
                return Map.of(); // it is not they who refuse it
            }
            Map<ShardRef, String> all =
                    new LinkedHashMap<>(left.get(0).session.orElseThrow().refused());
            left.forEach(member -> all.keySet()
                    .retainAll(member.session.orElseThrow().refused().keySet()));
            return all;
        }

        @Override
        public List<Notice> found() {
            return begun().stream()
                    .flatMap(member ->
                            member.session.orElseThrow().found().stream().map(notice -> of(member, notice)))
                    .toList();
        }

        @Override
        public Mono<ShardReceipt> write(ShardRef shard, Flux<ShardPart> parts, LongConsumer stored) {
            return Mono.defer(() -> {
                List<Member> wanting =
                        begun().stream().filter(member -> member.wants(shard)).toList();
                if (wanting.isEmpty()) { // those without it went while it waited for this attempt
                    throw nobodyTakes(shard);
                }
                var spread = new Spread(parts, wanting.size());
                return Flux.fromIterable(wanting)
                        .flatMap(member -> write(member, shard, spread, stored), wanting.size())
                        .collectList()
                        .map(results -> conclude(shard, results));
            });
        }

        private SluiceException nobodyTakes(ShardRef shard) {
            return new RestoreRefused(
                    "none of the servers that are left takes shard %s: %s"
                            .formatted(
                                    shard,
                                    begun().stream()
                                            .flatMap(member -> member.misses.values().stream()
                                                    .limit(1))
                                            .distinct()
                                            .collect(Collectors.joining("; "))),
                    "-skip-errors goes on without it.");
        }

        private Mono<Result> write(Member member, ShardRef shard, Spread spread, LongConsumer stored) {
            var branch = new OnceJoined(spread);
            return member.session
                    .orElseThrow()
                    .write(shard, branch.parts(), stored)
                    .map(receipt -> new Result(member, Optional.of(receipt), Optional.empty()))
                    .onErrorResume(
                            SluiceException.class, e -> Mono.just(new Result(member, Optional.empty(), Optional.of(e))))
                    // One that failed before it asked for the parts must not let the others wait.
                    .doOnNext(result -> branch.release());
        }

        private ShardReceipt conclude(ShardRef shard, List<Result> results) {
            for (Result result : results) {
                result.receipt().ifPresent(receipt -> {
                    result.member().stored(shard);
                    receipts.putIfAbsent(shard, receipt);
                });
            }
            List<SluiceException> failures = results.stream()
                    .flatMap(result -> result.failure().stream())
                    .toList();
            results.forEach(
                    result -> result.failure().ifPresent(why -> result.member().failed(shard, why)));
            // What may be tried again before what may not; the copy asks for what is kept when it tries no more.
            failures.stream()
                    .sorted(Comparator.comparing(why -> !why.worthRetrying()))
                    .findFirst()
                    .ifPresent(why -> {
                        throw why;
                    });
            return Objects.requireNonNull(receipts.get(shard), "one of them has it");
        }

        @Override
        public Optional<ShardReceipt> keptOf(ShardRef shard) {
            Optional<ShardReceipt> kept = Optional.ofNullable(receipts.get(shard));
            if (kept.isPresent()) {
                begun().stream()
                        .filter(member -> !member.has.contains(shard))
                        .forEach(member -> Optional.ofNullable(member.failures.get(shard))
                                .ifPresent(why -> member.miss(shard, why)));
            }
            return kept;
        }

        @Override
        public Mono<Sealed> seal(List<ShardOutcome> outcomes) {
            return Flux.fromIterable(members)
                    .concatMap(member -> notices(member, outcomes), 0)
                    .collectList()
                    .map(all -> new Sealed(
                            begun().stream().map(member -> member.name).collect(Collectors.joining(", ")), all));
        }

        private Flux<Notice> notices(Member member, List<ShardOutcome> outcomes) {
            if (!member.takesPart()) {
                SluiceException why = member.refusal.orElseThrow();
                return abort(member)
                        .concatWithValues(Notice.missing(
                                "%s has nothing: %s".formatted(member.name, why.getMessage()), why.hint()));
            }
            TargetSession session = member.session.orElseThrow();
            Flux<Notice> own = member.gone
                    ? session.abort().flatMapIterable(notices -> notices)
                    : session.seal(outcomes)
                            .flatMapIterable(Sealed::notices)
                            .onErrorResume(
                                    SluiceException.class,
                                    e -> Flux.just(Notice.missing(String.valueOf(e.getMessage()), e.hint())));
            List<ShardOutcome> lacking = outcomes.stream()
                    .filter(ShardOutcome.Stored.class::isInstance)
                    .filter(outcome -> !member.has.contains(outcome.ref()))
                    .toList();
            return own.map(notice -> of(member, notice)).concatWith(Flux.defer(() -> lacks(member, lacking)));
        }

        private Flux<Notice> lacks(Member member, List<ShardOutcome> lacking) {
            if (lacking.isEmpty()) {
                return Flux.empty();
            }
            String why = member.misses.values().stream().findFirst().orElse("");
            return Flux.just(Notice.missing(
                    "%s has %d shards and lacks %d that others have: %s (%s)"
                            .formatted(
                                    member.name,
                                    member.has.size(),
                                    lacking.size(),
                                    lacking.stream()
                                            .map(outcome -> outcome.ref().toString())
                                            .collect(Collectors.joining(", ")),
                                    why),
                    "Restore to this server alone, with --into-existing or after dropping what it has."));
        }

        @Override
        public Mono<List<Notice>> abort() {
            return Flux.fromIterable(members).concatMap(this::abort, 0).collectList();
        }

        private Flux<Notice> abort(Member member) {
            return member.session
                    .map(begun ->
                            begun.abort().flatMapIterable(notices -> notices).map(notice -> of(member, notice)))
                    .orElse(Flux.empty());
        }

        private Notice of(Member member, Notice notice) {
            return members.size() == 1 || notice.message().contains(member.name)
                    ? notice
                    : new Notice(notice.kind(), member.name + ": " + notice.message(), notice.hint());
        }
    }

    /** A place in a spread that is given up if it was not taken. */
    private static final class OnceJoined {
        private final Spread spread;
        private final AtomicBoolean taken = new AtomicBoolean();

        private OnceJoined(Spread spread) {
            this.spread = spread;
        }

        Flux<ShardPart> parts() {
            return Flux.defer(() -> {
                if (!taken.compareAndSet(false, true)) {
                    throw new IllegalStateException("the parts of a shard are there once for each target");
                }
                return spread.branch();
            });
        }

        void release() {
            if (taken.compareAndSet(false, true)) {
                spread.without();
            }
        }
    }
}
