package dev.sluice.engine.transport;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.ConnectionLost;
import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.error.ServerSilent;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.Timeouts;
import dev.sluice.engine.wire.SnapshotRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongConsumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpClient;

/**
 * Speaks to one server's snapshot service. Each exchange is a connection of its own, as the protocol wants it.
 *
 * <p>Made with {@code connect()} and {@code inbound().receive()}: with {@code TcpClient.handle} a server that
 * closes while a slow consumer still has buffers queued would cut the tail off, without an error.
 */
public final class SnapshotTransport {

    /**
     * What one read takes from the socket at most. Large enough that a fast server costs few system calls,
     * small enough that what reactor-netty queues after the demand has stopped stays around one mebibyte.
     */
    private static final int READ_BYTES = 128 * 1024;

    private static final int READS_IN_A_ROW = 4;

    private final ServerAddress address;
    private final Timeouts timeouts;
    private final TcpClient asking;
    private final TcpClient reading;
    private final TcpClient writing;
    private final Protocol protocol;

    private SnapshotTransport(ServerAddress address, Timeouts timeouts, TcpClient client) {
        this.address = address;
        this.timeouts = timeouts;
        this.protocol = Protocol.V1_5;
        this.asking = limited(client, timeouts.idle(), timeouts.idle());
        this.reading = limited(client, timeouts.firstByte(), timeouts.idle());
        // Whatever ends an upload before its end is a reset: the server would take a close for the end of the archive.
        this.writing = client.option(ChannelOption.SO_LINGER, 0);
    }

    private SnapshotTransport(SnapshotTransport other, Protocol protocol) {
        this.address = other.address;
        this.timeouts = other.timeouts;
        this.asking = other.asking;
        this.reading = other.reading;
        this.writing = other.writing;
        this.protocol = protocol;
    }

    /**
     * A transport to {@code address}; nothing is opened yet. All addresses that the name resolves to are tried.
     *
     * @param loops the event loops to run on
     */
    public static SnapshotTransport to(ServerAddress address, Timeouts timeouts, LoopResources loops) {
        return to(address, timeouts, loops, LoopResources.DEFAULT_NATIVE);
    }

    /** The same, with a say whether the native transport may be used. */
    @SuppressWarnings("deprecation") // one constant with two names, of which Netty 4.1 knows only the older
    static SnapshotTransport to(ServerAddress address, Timeouts timeouts, LoopResources loops, boolean preferNative) {
        TcpClient client = TcpClient.create(ConnectionProvider.newConnection())
                .runOn(loops, preferNative)
                .host(address.host())
                .port(address.port())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(Integer.MAX_VALUE, timeouts.connect().toMillis()))
                .option(
                        ChannelOption.RCVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(READ_BYTES).maxMessagesPerRead(READS_IN_A_ROW));
        return new SnapshotTransport(address, timeouts, client);
    }

    private static TcpClient limited(TcpClient client, Duration firstByte, Duration idle) {
        return client.doOnChannelInit(
                (observer, channel, remote) -> channel.pipeline().addFirst(new ReadDeadline(firstByte, idle)));
    }

    /** The same in another form of the protocol. */
    public SnapshotTransport speaking(Protocol other) {
        return new SnapshotTransport(this, other);
    }

    /** {@link Protocol#V1_5} unless told otherwise. */
    public Protocol protocol() {
        return protocol;
    }

    public ServerAddress address() {
        return address;
    }

    /**
     * Sends the request and gives what the server answers until it closes.
     *
     * <p>Cold: each subscription opens a connection, and closes it however it ends; a cancel closes it at once.
     * Buffers arrive on an event loop and belong to the subscriber. A clean close completes the flux whatever
     * came before it: the protocol has no other sign of success or failure, so the caller checks the bytes.
     *
     * @return errors are {@link ConnectionFailed}, {@link ConnectionLost} or {@link ServerSilent}
     */
    public Flux<ByteBuf> exchange(SnapshotRequest request) {
        return Flux.usingWhen(
                connect(clientFor(request)), connection -> converse(connection, request), SnapshotTransport::close);
    }

    /**
     * Sends a shard's archive and waits until the server has closed, which it does when it has installed the files or
     * has given up on them: no answer tells the two apart.
     *
     * <p>Cold: each subscription opens a connection. The archive is subscribed to once the connection stands and is
     * asked for as fast as the server's socket takes it; its buffers are released here. It must be whole: if it fails or
     * the result is cancelled, the connection ends with a reset, and the server installs nothing. Time limits run only
     * while bytes wait for the socket ({@link Timeouts#idle()}), and until the server closes
     * ({@link Timeouts#firstByte()}: it indexes the files first).
     *
     * @param tar ends with exactly two zero blocks: more would make the server's close a reset
     * @param sent is told how many bytes the socket has taken, on an event loop
     * @return completes with the server's clean close after it has taken everything; errors are those of {@code tar},
     *     {@link ConnectionFailed}, {@link ConnectionLost} for a reset or a close before that, {@link ServerSilent}
     */
    public Mono<Void> upload(SnapshotRequest.ShardUpload request, Flux<ByteBuf> tar, LongConsumer sent) {
        return Mono.usingWhen(
                connect(writing),
                connection -> ArchiveSender.send(connection, request, tar, timeouts, sent),
                SnapshotTransport::close);
    }

    // The metastore lies in the server's memory: whoever is silent when asked for it is stopped, or no influxd at all.
    private TcpClient clientFor(SnapshotRequest request) {
        return request instanceof SnapshotRequest.MetastoreBackup ? asking : reading;
    }

    private Mono<? extends Connection> connect(TcpClient client) {
        return client.connect().onErrorMap(e -> new ConnectionFailed(address, e));
    }

    /**
     * Sends the request and decodes the whole answer at once; for the small ones.
     *
     * @param limit of the answer in bytes, against a peer that never ends
     * @param decode gets the answer; its errors are passed on
     * @return empty if the server closed without one byte
     */
    public <T> Mono<T> exchangeWhole(SnapshotRequest request, int limit, Function<ByteBuf, T> decode) {
        return Mono.defer(() -> {
            // On the heap: nothing to free, whoever cancels when.
            ByteBuf answer = Unpooled.buffer();
            return exchange(request)
                    .doOnNext(bytes -> append(answer, bytes, request, limit))
                    .then(Mono.fromSupplier(() -> answer.isReadable() ? decode.apply(answer) : null));
        });
    }

    // Within doOnNext rather than a reduction: that drops what arrives together with a cancel, unreleased.
    private static void append(ByteBuf answer, ByteBuf bytes, SnapshotRequest request, int limit) {
        try {
            if (answer.readableBytes() + (long) bytes.readableBytes() > limit) {
                throw new MalformedResponse(
                        "answer to %s is longer than %d bytes".formatted(request.describe(), limit), limit);
            }
            answer.writeBytes(bytes);
        } finally {
            bytes.release();
        }
    }

    private Flux<ByteBuf> converse(Connection connection, SnapshotRequest request) {
        AtomicLong received = new AtomicLong();
        return connection
                .inbound()
                .receive()
                .retain()
                // Asked only now that the answer has its reader: nothing can come before it.
                .doOnSubscribe(s -> send(connection, request))
                .doOnNext(bytes -> received.addAndGet(bytes.readableBytes()))
                .onErrorMap(e -> inWords(request, received.get(), e));
    }

    private void send(Connection connection, SnapshotRequest request) {
        var channel = connection.channel();
        channel.writeAndFlush(request.encode(channel.alloc(), protocol)).addListener(sent -> {
            if (!sent.isSuccess()) {
                channel.pipeline().fireExceptionCaught(sent.cause());
            }
        });
    }

    private static Mono<Void> close(Connection connection) {
        return Mono.fromRunnable(connection::dispose);
    }

    private static Throwable inWords(SnapshotRequest request, long received, Throwable e) {
        if (e instanceof SluiceException) {
            return e;
        }
        if (e instanceof ReadDeadline.Passed passed) {
            return new ServerSilent(request.describe(), received, passed.limit());
        }
        return new ConnectionLost(request.describe(), received, e);
    }
}
