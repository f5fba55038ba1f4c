package dev.sluice.engine.testkit;

import dev.sluice.engine.model.ServerAddress;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A TCP proxy on loopback between a client of the snapshot service and its server, which breaks what the server sends
 * as told. What no rule matches passes unchanged, closes and resets included.
 *
 * <pre>{@code
 * try (var proxy = CuttingProxy.to(server.rpcAddress())) {
 *     proxy.when(CuttingProxy.shard(4).and(CuttingProxy.attempt(1)), Fault.reset(100_000));
 *     server.influxdBackupFrom(proxy.address(), "-portable", directory);
 * }
 * }</pre>
 */
public final class CuttingProxy implements AutoCloseable {

    /** Enough for any request's JSON; uploads are not looked at beyond their first bytes. */
    private static final int PREAMBLE_LIMIT = 8 * 1024;

    private final InetSocketAddress target;
    private final ServerSocket listener;
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final List<Conversation> conversations = new ArrayList<>();
    private final Map<Integer, CountDownLatch> markers = new ConcurrentHashMap<>();
    private volatile int clientSegment = Integer.MAX_VALUE;

    private record Rule(Predicate<Conversation> when, Fault fault) {}

    /** How a cut stream ends for the client. */
    public enum Ending {
        /** As after a success. */
        FIN,
        RST
    }

    /**
     * What happens to the bytes that a server sends on one connection.
     *
     * @param cutAfter bytes that pass before the end; {@link Long#MAX_VALUE} for no cut
     * @param stallAfter bytes that pass before silence, until either side closes; {@link Long#MAX_VALUE} for none
     * @param bytesPerSecond how fast they pass at most
     * @param segment bytes in one write at most
     * @param hold how long the first byte waits
     */
    public record Fault(long cutAfter, Ending ending, long stallAfter, int bytesPerSecond, int segment, Duration hold) {

        /** Nothing wrong; where the {@code with…} methods start from. */
        public static final Fault NONE = new Fault(
                Long.MAX_VALUE, Ending.FIN, Long.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Duration.ZERO);

        /** A clean close after exactly this many bytes. */
        public static Fault close(long afterBytes) {
            return new Fault(
                    afterBytes, Ending.FIN, Long.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Duration.ZERO);
        }

        /** A reset after exactly this many bytes, which a client that reads has received by then. */
        public static Fault reset(long afterBytes) {
            return new Fault(
                    afterBytes, Ending.RST, Long.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Duration.ZERO);
        }

        /** Silence after exactly this many bytes. */
        public static Fault stall(long afterBytes) {
            return new Fault(
                    Long.MAX_VALUE, Ending.FIN, afterBytes, Integer.MAX_VALUE, Integer.MAX_VALUE, Duration.ZERO);
        }

        /** The same, slower. */
        public Fault withBytesPerSecond(int value) {
            return new Fault(cutAfter, ending, stallAfter, value, segment, hold);
        }

        /** The same in small writes. */
        public Fault withSegment(int bytes) {
            return new Fault(cutAfter, ending, stallAfter, bytesPerSecond, bytes, hold);
        }

        /** The same after a wait before the first byte. */
        public Fault withHold(Duration value) {
            return new Fault(cutAfter, ending, stallAfter, bytesPerSecond, segment, value);
        }

        private long limit() {
            return Math.min(cutAfter, stallAfter);
        }

        private int piece() {
            return Math.max(1, Math.min(segment, bytesPerSecond / 50));
        }
    }

    /** A proxy on a free port. */
    public static CuttingProxy to(ServerAddress server) {
        try {
            return new CuttingProxy(new InetSocketAddress(server.host(), server.port()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CuttingProxy(InetSocketAddress target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
        daemon("cutting-proxy", this::accept);
    }

    /** Where clients connect. */
    public ServerAddress address() {
        return new ServerAddress("127.0.0.1", listener.getLocalPort());
    }

    /** Adds a rule; of several that match, the first counts. */
    public CuttingProxy when(Predicate<Conversation> when, Fault fault) {
        rules.add(new Rule(when, fault));
        return this;
    }

    /** What clients send arrives in pieces of this size, as over a network; each is there before the next one comes. */
    public CuttingProxy withClientSegments(int bytes) {
        clientSegment = bytes;
        return this;
    }

    /** Every connection. */
    public static Predicate<Conversation> always() {
        return conversation -> true;
    }

    /** The k-th connection, counted from 1. */
    public static Predicate<Conversation> connection(int ordinal) {
        return conversation -> conversation.ordinal() == ordinal;
    }

    /** Requests of this type: 0 shard, 1 metastore, 3 database, 4 policy, 5 export. */
    public static Predicate<Conversation> type(int type) {
        return conversation -> conversation.type() == type;
    }

    /** Requests for the bytes of this shard, whole or by range. */
    public static Predicate<Conversation> shard(long id) {
        return conversation -> (conversation.type() == 0 || conversation.type() == 5) && conversation.shardId() == id;
    }

    /** The k-th request of the same type for the same shard, counted from 1. */
    public static Predicate<Conversation> attempt(int attempt) {
        return conversation -> conversation.attempt() == attempt;
    }

    /** Every connection so far, in the order of their arrival. */
    public List<Conversation> conversations() {
        synchronized (conversations) {
            return List.copyOf(conversations);
        }
    }

    /** Waits until the server has ended every conversation so far: for uploads that is when it has installed them. */
    public void awaitServer(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            awaitBacklog();
            for (Conversation conversation : conversations()) {
                if (!conversation.ended.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    throw new AssertionError("the server did not end " + conversation + " within " + limit);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** A client may be gone before its connection was accepted; one of our own queues behind it. */
    private void awaitBacklog() throws IOException, InterruptedException {
        var accepted = new CountDownLatch(1);
        try (var marker = new Socket()) {
            marker.bind(new InetSocketAddress(listener.getInetAddress(), 0));
            markers.put(marker.getLocalPort(), accepted);
            marker.connect(listener.getLocalSocketAddress());
            accepted.await();
        }
    }

    @Override
    public void close() {
        quietly(listener);
        conversations().forEach(Conversation::abandon);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                CountDownLatch marker = markers.remove(client.getPort());
                if (marker != null) {
                    marker.countDown();
                    quietly(client);
                    continue;
                }
                Socket server = new Socket();
                try {
                    server.connect(target);
                } catch (IOException e) {
                    reset(client);
                    continue;
                }
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                Conversation conversation;
                synchronized (conversations) {
                    conversation = new Conversation(conversations.size() + 1, client, server);
                    conversations.add(conversation);
                }
                daemon("cutting-proxy-up-" + conversation.ordinal, conversation::upload);
                daemon("cutting-proxy-down-" + conversation.ordinal, conversation::download);
            } catch (IOException e) {
                // closed, or this one client has gone again
            }
        }
    }

    private Fault faultFor(Conversation conversation) {
        synchronized (conversations) {
            conversation.attempt = 1
                    + (int) conversations.stream()
                            .filter(other -> other != conversation
                                    && other.attempt > 0
                                    && other.type() == conversation.type()
                                    && other.shardId() == conversation.shardId())
                            .count();
        }
        return rules.stream()
                .filter(rule -> rule.when.test(conversation))
                .findFirst()
                .map(Rule::fault)
                .orElse(Fault.NONE);
    }

    /** One connection of a client. Safe to read from any thread. */
    public final class Conversation {
        private static final Pattern SHARD_ID = Pattern.compile("\"ShardID\":(\\d+)", Pattern.CASE_INSENSITIVE);

        private final int ordinal;
        private final Socket client;
        private final Socket server;
        private final ByteArrayOutputStream preamble = new ByteArrayOutputStream();
        private final CountDownLatch ended = new CountDownLatch(1);
        private final CountDownLatch clientGone = new CountDownLatch(1);
        private volatile int attempt;
        private final AtomicLong fromServer = new AtomicLong();
        private final AtomicLong toClient = new AtomicLong();

        private Conversation(int ordinal, Socket client, Socket server) {
            this.ordinal = ordinal;
            this.client = client;
            this.server = server;
        }

        /** Its place among all connections, from 1. */
        public int ordinal() {
            return ordinal;
        }

        /** The request type, -1 while none has come. */
        public int type() {
            byte[] bytes = preamble();
            return bytes.length < 2 ? -1 : bytes[1];
        }

        /** The shard that was asked for; 0 where the request names none. */
        public long shardId() {
            Matcher id = SHARD_ID.matcher(request());
            return id.find() ? Long.parseUnsignedLong(id.group(1)) : 0;
        }

        /** Its place among the requests of its type for its shard, from 1; 0 until the server answers. */
        public int attempt() {
            return attempt;
        }

        /** The JSON of the request, or as much as has come. */
        public String request() {
            byte[] bytes = preamble();
            return bytes.length < 2 ? "" : new String(bytes, 2, bytes.length - 2, StandardCharsets.UTF_8);
        }

        /** Bytes read from the server: what backpressure holds back. */
        public long bytesFromServer() {
            return fromServer.get();
        }

        /** Bytes handed to the client's socket. */
        public long bytesToClient() {
            return toClient.get();
        }

        /** Waits until the client has closed its side. */
        public boolean awaitClientGone(Duration limit) throws InterruptedException {
            return clientGone.await(limit.toNanos(), TimeUnit.NANOSECONDS);
        }

        @Override
        public String toString() {
            return "connection %d (type %d, shard %d, attempt %d, %d bytes to the client)"
                    .formatted(ordinal, type(), shardId(), attempt, toClient.get());
        }

        private byte[] preamble() {
            synchronized (preamble) {
                return preamble.toByteArray();
            }
        }

        private void upload() {
            byte[] buffer = new byte[64 * 1024];
            boolean discard = false;
            try {
                InputStream in = client.getInputStream();
                OutputStream out = server.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    synchronized (preamble) { // kept before it is passed on, so it is there when the answer comes
                        preamble.write(buffer, 0, Math.min(n, PREAMBLE_LIMIT - preamble.size()));
                    }
                    try {
                        if (!discard) {
                            pass(out, buffer, n);
                        }
                    } catch (IOException e) {
                        discard = true; // read on: a close with unread bytes would reset the client
                    }
                }
                clientGone.countDown();
                shutdownOutput(server);
            } catch (IOException e) {
                clientGone.countDown();
                reset(server);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void pass(OutputStream out, byte[] buffer, int length) throws IOException, InterruptedException {
            for (int at = 0; at < length; ) {
                int n = Math.min(clientSegment, length - at);
                out.write(buffer, at, n);
                at += n;
                if (at < length) {
                    // The first has to be read before the next one is there, by a server that may have to wait for a
                    // core.
                    pause(at == n ? 100 : 2);
                }
            }
        }

        private void download() {
            byte[] buffer = new byte[16 * 1024];
            Fault fault = null;
            try {
                InputStream in = server.getInputStream();
                while (true) {
                    int n = in.read(buffer);
                    if (fault == null) {
                        fault = faultFor(this);
                        pause(fault.hold().toMillis());
                    }
                    if (n < 0) {
                        end(fault.cutAfter() == toClient.get() ? fault.ending() : Ending.FIN);
                        return;
                    }
                    fromServer.addAndGet(n);
                    forward(buffer, (int) Math.min(n, fault.limit() - toClient.get()), fault);
                    if (toClient.get() == fault.limit()) {
                        if (fault.stallAfter() == toClient.get()) {
                            clientGone.await();
                        }
                        end(fault.ending());
                        return;
                    }
                }
            } catch (IOException e) {
                reset(client);
                reset(server);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                quietly(server);
                ended.countDown();
            }
        }

        private void forward(byte[] buffer, int length, Fault fault) throws IOException, InterruptedException {
            OutputStream out = client.getOutputStream();
            for (int at = 0; at < length; ) {
                int n = Math.min(fault.piece(), length - at);
                out.write(buffer, at, n);
                at += n;
                toClient.addAndGet(n);
                if (fault.bytesPerSecond() < Integer.MAX_VALUE) {
                    pause(Math.max(1, n * 1000L / fault.bytesPerSecond()));
                }
            }
        }

        private void end(Ending ending) throws IOException, InterruptedException {
            if (ending == Ending.RST) {
                pause(100); // a reset overtakes what the client has not read yet
                reset(client);
            } else {
                shutdownOutput(client);
            }
        }

        private void abandon() {
            quietly(client);
            quietly(server);
            clientGone.countDown();
        }
    }

    private static void pause(long millis) throws InterruptedException {
        if (millis > 0) {
            Thread.sleep(millis);
        }
    }

    private static void shutdownOutput(Socket socket) {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            // closed already
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // closed already
        }
        quietly(socket);
    }

    private static void quietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException e) {
            // nothing left to close
        }
    }

    private static void daemon(String name, Runnable body) {
        var thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }
}
