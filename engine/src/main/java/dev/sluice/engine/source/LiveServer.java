package dev.sluice.engine.source;

import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.Metadata;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.transport.SnapshotTransport;
import dev.sluice.engine.wire.MetastoreAnswer;
import dev.sluice.engine.wire.PathList;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * The two small questions that every copy from or to a running influxd begins with: what there should be, and what the
 * server has open.
 *
 * <p>A server that is starting up takes connections before its service is ready and closes them without an answer after
 * 30 s (observed): such an answer, and a broken connection, are tried again. So is an answer that only ends too early, as
 * from a server that goes down; one that is none is not.
 */
public final class LiveServer {

    /** No metastore comes near this; an endless answer is not one. */
    private static final int ANSWER_LIMIT = 256 << 20;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);

    private final SnapshotTransport transport;
    private final int retries;

    /** @param retries of each question */
    public LiveServer(SnapshotTransport transport, int retries) {
        this.transport = transport;
        this.retries = retries;
    }

    /** For people, and for {@code -host}. */
    public String describe() {
        return "influxd://" + transport.address();
    }

    /** For conversations about shards. */
    public SnapshotTransport transport() {
        return transport;
    }

    /** The whole metastore; costs the server nothing. Cold. */
    public Mono<Metadata> metadata() {
        return ask(new SnapshotRequest.MetastoreBackup(), MetastoreAnswer::decode)
                .map(MetastoreAnswer::metadata);
    }

    /** The shards that a listing names: those which the server has open. Cold. */
    public Mono<List<ShardRef>> paths(SnapshotRequest listing) {
        return ask(listing, PathList::decode).map(PathList::shards);
    }

    private <T> Mono<T> ask(SnapshotRequest request, Function<ByteBuf, T> decode) {
        return transport
                .exchangeWhole(request, ANSWER_LIMIT, decode)
                .switchIfEmpty(Mono.error(() -> new EmptyAnswer(request.describe())))
                .retryWhen(Retry.backoff(retries, FIRST_PAUSE)
                        .filter(e -> e instanceof EmptyAnswer
                                || e instanceof ConnectionLost
                                || e instanceof MalformedResponse answer && answer.isCut())
                        .onRetryExhaustedThrow((spec, last) -> last.failure()));
    }
}
