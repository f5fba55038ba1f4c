package dev.sluice.engine.transfer;

import dev.sluice.engine.error.HttpRefused;
import dev.sluice.engine.error.HttpUnreachable;
import dev.sluice.engine.http.InfluxHttp;
import dev.sluice.engine.http.WriteOutcome;
import dev.sluice.engine.http.WriteTarget;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Brings batches to the server until every record in them is written or rejected. What the server refuses is cut
 * smaller until the bad records stand alone; good ones among them are written meanwhile, in their order.
 */
final class Delivery {

    private static final Duration MOST_PATIENCE = Duration.ofMinutes(2);
    private static final Pattern DROPPED = Pattern.compile("dropped=(\\d{1,9})");
    private static final String UNPARSED = "unable to parse '";

    private final String file;
    private final InfluxHttp http;
    private final ImportOptions options;
    private final Rejects rejects;
    private final Counters counters;
    private final Retries retries;
    private final Permits permits;
    private final PointRate rate;
    private final Bodies bodies;
    private final Scheduler workers;
    private final Scheduler files;
    private final Scheduler clock;

    /** What an import has done so far. */
    static final class Counters {
        final AtomicLong written = new AtomicLong();
        final AtomicLong requests = new AtomicLong();
        final AtomicLong retries = new AtomicLong();
        final AtomicLong bytes = new AtomicLong();
        final AtomicLong statements = new AtomicLong();
    }

    Delivery(
            String file,
            InfluxHttp http,
            ImportOptions options,
            Rejects rejects,
            Counters counters,
            Retries retries,
            Permits permits,
            PointRate rate,
            Bodies bodies,
            Scheduler workers,
            Scheduler files,
            Scheduler clock) {
        this.file = file;
        this.http = http;
        this.options = options;
        this.rejects = rejects;
        this.counters = counters;
        this.retries = retries;
        this.permits = permits;
        this.rate = rate;
        this.bodies = bodies;
        this.workers = workers;
        this.files = files;
        this.clock = clock;
    }

    /** Completes when every record is written or rejected. */
    Mono<Void> deliver(LineBatch batch) {
        return rate.pass(batch.count()).then(deliver(batch.whole()));
    }

    /** Rejects a record that cannot be sent at all. */
    Mono<Void> reject(Place place, byte[] record, long line, String reason) {
        return Mono.<Void>fromRunnable(() -> rejects.add(file, line, place, record, reason))
                .subscribeOn(files);
    }

    private Mono<Void> deliver(LineBatch.Part part) {
        return Mono.defer(
                () -> part.count() == 0 ? Mono.empty() : send(part).flatMap(outcome -> settle(part, outcome)));
    }

    private Mono<Void> settle(LineBatch.Part part, WriteOutcome outcome) {
        if (outcome instanceof WriteOutcome.Written) {
            counters.written.addAndGet(part.count());
            return Mono.empty();
        }
        if (outcome instanceof WriteOutcome.TooLarge large) {
            return part.count() == 1
                    ? reject(part, 0, "larger than the server takes: " + large.reason())
                    : halves(part);
        }
        if (outcome instanceof WriteOutcome.Partial partial) {
            return sift(part, partial.reason(), dropped(partial.reason()));
        }
        if (outcome instanceof WriteOutcome.Refused refused) {
            return sift(part, refused.reason(), OptionalInt.empty());
        }
        if (outcome instanceof WriteOutcome.Denied denied) {
            return Mono.error(new HttpRefused(what(part), denied.status(), denied.reason()));
        }
        throw new IllegalStateException("not settled: " + outcome);
    }

    /** Some records are bad, or all. The reason may name them, or tell that none was good; else halves are tried. */
    private Mono<Void> sift(LineBatch.Part part, String reason, OptionalInt dropped) {
        if (part.count() == 1) {
            return reject(part, 0, reason);
        }
        if (dropped.isPresent() && dropped.getAsInt() == part.count()) {
            return rejectAll(part, reason);
        }
        return Mono.fromCallable(() -> unparsed(part, reason))
                .subscribeOn(workers)
                .flatMap(bad -> bad.isEmpty()
                        ? halves(part)
                        : rejectEach(part, bad)
                                .then(deliver(part.without(bad.keySet()).whole())));
    }

    private Mono<Void> halves(LineBatch.Part part) {
        return deliver(part.firstHalf()).then(deliver(part.secondHalf()));
    }

    /** The records that the reason shows as unparsable, letter by letter, each with what is said about it. */
    private static SortedMap<Integer, String> unparsed(LineBatch.Part part, String reason) {
        var bad = new TreeMap<Integer, String>();
        var shown = new TreeSet<String>(List.of(reason.split(Pattern.quote(UNPARSED), -1)));
        if (shown.size() < 2) {
            return bad;
        }
        for (int i = 0; i < part.count(); i++) {
            String start = part.text(i) + "': ";
            String nearest = shown.ceiling(start);
            if (nearest != null && nearest.startsWith(start)) {
                int end = nearest.indexOf('\n', start.length());
                bad.put(
                        i,
                        "unable to parse: "
                                + (end < 0
                                        ? nearest.substring(start.length())
                                        : nearest.substring(start.length(), end)));
            }
        }
        return bad;
    }

    private Mono<Void> rejectEach(LineBatch.Part part, SortedMap<Integer, String> why) {
        return Mono.<Void>fromRunnable(() -> why.forEach(
                        (i, reason) -> rejects.add(file, part.line(i), part.place(), part.record(i), reason)))
                .subscribeOn(files);
    }

    private Mono<Void> rejectAll(LineBatch.Part part, String reason) {
        return Mono.<Void>fromRunnable(() -> {
                    for (int i = 0; i < part.count(); i++) {
                        rejects.add(file, part.line(i), part.place(), part.record(i), reason);
                    }
                })
                .subscribeOn(files);
    }

    private Mono<Void> reject(LineBatch.Part part, int index, String reason) {
        return reject(part.place(), part.record(index), part.line(index), reason);
    }

    private static OptionalInt dropped(String reason) {
        Matcher match = DROPPED.matcher(reason);
        int last = -1;
        while (match.find()) {
            last = Integer.parseInt(match.group(1));
        }
        return last < 0 ? OptionalInt.empty() : OptionalInt.of(last);
    }

    private Mono<WriteOutcome> send(LineBatch.Part part) {
        WriteTarget target = part.place().target(options);
        return Mono.using(
                        () -> part.body(options.gzip(), bodies),
                        body -> permits.with(() -> attempt(part, target, body)).retryWhen(retries.policy()),
                        ByteBuf::release)
                .subscribeOn(workers);
    }

    private Mono<WriteOutcome> attempt(LineBatch.Part part, WriteTarget target, ByteBuf body) {
        return Mono.defer(() -> {
            long start = clock.now(TimeUnit.NANOSECONDS);
            counters.requests.incrementAndGet();
            return http.write(target, body, options.gzip())
                    .doOnError(HttpUnreachable.class, e -> permits.overloaded())
                    .flatMap(outcome -> {
                        if (outcome instanceof WriteOutcome.Retryable busy) {
                            permits.overloaded();
                            var error = Mono.<WriteOutcome>error(
                                    () -> new HttpRefused(what(part), busy.status(), busy.reason()));
                            return busy.after()
                                    .map(this::patience)
                                    .map(error::delaySubscription)
                                    .orElse(error);
                        }
                        permits.answered(clock.now(TimeUnit.NANOSECONDS) - start, part.count());
                        return Mono.just(outcome);
                    });
        });
    }

    private Mono<Long> patience(Duration asked) {
        return Mono.delay(asked.compareTo(MOST_PATIENCE) > 0 ? MOST_PATIENCE : asked, clock);
    }

    private static String what(LineBatch.Part part) {
        return "%d points for %s%s"
                .formatted(
                        part.count(),
                        part.place().database(),
                        part.place().policy().isEmpty()
                                ? ""
                                : "/" + part.place().policy());
    }
}
