package dev.sluice.engine.testkit;

import dev.sluice.engine.model.ServerAddress;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A TCP server on loopback that does to each client what a {@link Script} says: answer, answer slowly, cut, reset,
 * hang, flood. It records the requests, how many bytes the client's side took, and when a client went away.
 *
 * <p>Each connection has a thread of its own. The port is free for the system to choose. {@link #close()} ends every
 * conversation with a reset.
 *
 * <pre>{@code
 * try (var server = ScriptedServer.inOrder(Script.resetAfter(tar, 700), Script.answer(tar))) {
 *     client.connect(server.address()) …
 *     assertThat(server.requests()).hasSize(2);
 * }
 * }</pre>
 */
public final class ScriptedServer implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ServerSocket listener;
    private final Function<Conversation, Script> scripts;
    private final List<Conversation> conversations = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    private ScriptedServer(Function<Conversation, Script> scripts) {
        this.scripts = scripts;
        try {
            listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon("scripted-server", this::accept);
    }

    /** The first connection gets the first script and so on; the last one serves all that come later. */
    public static ScriptedServer inOrder(Script... scripts) {
        return new ScriptedServer(c -> scripts[Math.min(c.number(), scripts.length - 1)]);
    }

    /** Reads the request first, then does what the function says of it. */
    public static ScriptedServer byRequest(Function<Request, Script> scripts) {
        return new ScriptedServer(
                c -> conversation -> scripts.apply(conversation.request()).run(conversation));
    }

    /** Where it listens. */
    public ServerAddress address() {
        return new ServerAddress("127.0.0.1", listener.getLocalPort());
    }

    /** What was asked so far, as far as scripts have read it, in the order of connections. */
    public List<Request> requests() {
        return conversations.stream().flatMap(c -> Stream.ofNullable(c.request)).toList();
    }

    /** The connections so far. */
    public List<Conversation> conversations() {
        return List.copyOf(conversations);
    }

    /** Waits for a connection; the first has number 0. */
    public Conversation awaitConversation(int number) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (conversations.size() <= number) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no connection number %d within %s".formatted(number, PATIENCE));
            }
            Thread.onSpinWait();
        }
        return conversations.get(number);
    }

    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            conversations.forEach(Conversation::abandon);
        }
    }

    private void accept() {
        while (!closed) {
            try {
                var conversation = new Conversation(conversations.size(), listener.accept());
                conversations.add(conversation);
                daemon("scripted-conversation-" + conversation.number(), () -> converse(conversation));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void converse(Conversation conversation) {
        try {
            scripts.apply(conversation).run(conversation);
            conversation.fin();
            conversation.finished.complete(null);
        } catch (IOException | InterruptedException e) {
            conversation.clientGone.complete(null);
            conversation.finished.completeExceptionally(e);
            conversation.abandon();
        } catch (RuntimeException e) {
            conversation.finished.completeExceptionally(e);
            conversation.abandon();
        }
    }

    private static void daemon(String name, Runnable task) {
        var thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * A request as it came.
     *
     * @param mux first byte, 3 for the snapshot service
     * @param type second byte; an opening brace in the form before 1.5, which has none
     * @param json the JSON without its newline; empty for type 7
     * @param hex all bytes of it, in lower case hexadecimal
     */
    public record Request(int mux, int type, String json, String hex) {

        /** The value of a field as JSON writes it, quotes removed; empty if it is missing. */
        public String field(String name) {
            int at = json.indexOf("\"" + name + "\":");
            if (at < 0) {
                return "";
            }
            String rest = json.substring(at + name.length() + 3);
            return rest.startsWith("\"") ? rest.substring(1, rest.indexOf('"', 1)) : rest.split("[,}]", 2)[0].trim();
        }
    }

    /** What happens on one connection. When it returns, the server closes with a FIN, as influxd does. */
    @FunctionalInterface
    public interface Script {

        void run(Conversation conversation) throws IOException, InterruptedException;

        /** The one and then the other. */
        default Script then(Script next) {
            return conversation -> {
                run(conversation);
                next.run(conversation);
            };
        }

        /** Reads the request, answers all, closes. */
        static Script answer(byte[] bytes) {
            return conversation -> {
                conversation.request();
                conversation.send(bytes);
            };
        }

        /** Reads the request, answers in chunks with a pause after each, closes. */
        static Script slowly(byte[] bytes, int chunk, Duration pause) {
            return conversation -> {
                conversation.request();
                for (int at = 0; at < bytes.length; at += chunk) {
                    conversation.send(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + chunk)));
                    Thread.sleep(pause.toMillis());
                }
            };
        }

        /** Answers with the first {@code count} bytes and closes as if that were all. */
        static Script cutAfter(byte[] bytes, int count) {
            return answer(Arrays.copyOf(bytes, count));
        }

        /**
         * Answers with the first {@code count} bytes, then a reset. What the client's kernel has not taken by then
         * is lost, so keep {@code count} below a socket's buffer.
         */
        static Script resetAfter(byte[] bytes, int count) {
            return cutAfter(bytes, count).then(Conversation::reset);
        }

        /** Answers with the first {@code count} bytes and then stays silent until the client goes. */
        static Script hangAfter(byte[] bytes, int count) {
            return cutAfter(bytes, count).then(Conversation::awaitClientGone);
        }

        /** Reads the request and stays silent until the client goes. */
        static Script hang() {
            return hangAfter(new byte[0], 0);
        }

        /** Reads the request and closes with no byte: how influxd says no. */
        static Script nothing() {
            return Conversation::request;
        }

        /** Closes at once without reading: a reset if the client has written by then. */
        static Script closeAtOnce() {
            return conversation -> {};
        }

        /** Answers with random bytes, always the same for a seed. */
        static Script garbage(long seed, int count) {
            byte[] bytes = new byte[count];
            new Random(seed).nextBytes(bytes);
            return answer(bytes);
        }

        /** Speaks like a web server, whatever it is asked. */
        static Script http() {
            return conversation -> conversation.send(
                    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request"
                            .getBytes(StandardCharsets.US_ASCII));
        }

        /** Answers with a beginning and then zeros without end; {@link Conversation#taken()} tells how far it came. */
        static Script flood(byte[] beginning) {
            return answer(beginning).then(conversation -> {
                byte[] zeros = new byte[16 * 1024];
                while (true) {
                    conversation.send(zeros);
                }
            });
        }
    }

    /** One connection, for its script and for the test that looks on. */
    public static final class Conversation {

        private final int number;
        private final Socket socket;
        private final AtomicLong taken = new AtomicLong();
        private final CompletableFuture<@Nullable Void> clientGone = new CompletableFuture<>();
        private final CompletableFuture<@Nullable Void> finished = new CompletableFuture<>();
        private volatile @Nullable Request request;

        private Conversation(int number, Socket socket) throws IOException {
            this.number = number;
            this.socket = socket;
            socket.setTcpNoDelay(true);
            socket.setSendBufferSize(64 * 1024); // so that taken() stays near what the client really took
        }

        /** 0 for the server's first connection. */
        public int number() {
            return number;
        }

        /** The request; read from the socket when first asked for. Waits for it. */
        public Request request() throws IOException {
            Request known = request;
            if (known == null) {
                known = read(socket.getInputStream());
                request = known;
            }
            return known;
        }

        /** Sends; blocks while the client does not read. */
        public void send(byte[] bytes) throws IOException {
            int step = 4096;
            for (int at = 0; at < bytes.length; at += step) {
                int length = Math.min(step, bytes.length - at);
                socket.getOutputStream().write(bytes, at, length);
                taken.addAndGet(length);
            }
        }

        /** Bytes that the client's side (its program or the buffers of the two sockets) has taken so far. */
        public long taken() {
            return taken.get();
        }

        /**
         * Waits until the client's side takes no more: the count stays the same for {@code quiet}.
         *
         * @return the count
         */
        public long awaitStandstill(Duration quiet) throws InterruptedException {
            var never = new CountDownLatch(1);
            long before = -1;
            long now = taken();
            while (now != before) {
                before = now;
                never.await(quiet.toMillis(), TimeUnit.MILLISECONDS);
                now = taken();
            }
            return now;
        }

        /** Reads exactly so many bytes of what the client sends after its request. */
        public byte[] receive(int count) throws IOException {
            request();
            byte[] bytes = socket.getInputStream().readNBytes(count);
            if (bytes.length < count) {
                throw new EOFException("the client closed after %d of %d bytes".formatted(bytes.length, count));
            }
            return bytes;
        }

        /** Reads an archive up to the second of its two zero blocks, as influxd does, and not one byte more. */
        public byte[] receiveArchive() throws IOException {
            var archive = new ByteArrayOutputStream();
            for (int zeros = 0; zeros < 2; ) {
                byte[] block = receive(512);
                archive.writeBytes(block);
                if (Arrays.equals(block, new byte[512])) {
                    zeros++;
                } else {
                    String size = new String(block, 124, 11, StandardCharsets.US_ASCII).trim();
                    archive.writeBytes(receive((Integer.parseInt(size, 8) + 511) / 512 * 512));
                }
            }
            return archive.toByteArray();
        }

        /** Reads on until the client ends its side: true if it did so with a reset, false for a close. */
        public boolean awaitReset() {
            try {
                awaitClientGone();
                return false;
            } catch (SocketException e) {
                clientGone.complete(null);
                return true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /**
         * Ends with a FIN; with a reset if bytes of the client are still unread, as a close of influxd does. Called after
         * each script by itself.
         */
        public void fin() throws IOException {
            if (!socket.isClosed() && socket.getInputStream().available() > 0) {
                reset(); // Java would send a FIN before it
            } else {
                socket.close();
            }
        }

        /** Ends with a reset. */
        public void reset() throws IOException {
            if (!socket.isClosed()) {
                socket.setSoLinger(true, 0);
                socket.close();
            }
        }

        /** Keeps the connection open and silent until the client closes it or the server is closed. */
        public void awaitClientGone() throws IOException {
            InputStream in = socket.getInputStream();
            byte[] rest = new byte[1024];
            int count = 0;
            while (count >= 0) {
                count = in.read(rest);
            }
            clientGone.complete(null);
        }

        /** Waits until the client has closed: seen by a script that hangs, or by one that sends and cannot. */
        public void assertClientGone() {
            await(clientGone, "the client to close connection " + number);
        }

        /** Whether the client was seen to close. */
        public boolean isClientGone() {
            return clientGone.isDone();
        }

        /** Waits until the script has come to its end, well or not. */
        public void awaitEnd() {
            await(finished.exceptionally(e -> null), "the end of connection " + number);
        }

        private void abandon() {
            try {
                reset();
            } catch (IOException e) {
                // it is gone in any case
            }
        }

        private static void await(CompletableFuture<@Nullable Void> what, String words) {
            try {
                what.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                throw new AssertionError("waited %s in vain for %s".formatted(PATIENCE, words), e);
            } catch (ExecutionException e) {
                throw new AssertionError(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }

        private static Request read(InputStream in) throws IOException {
            var raw = new ByteArrayOutputStream();
            int mux = take(in, raw);
            int type = take(in, raw);
            if (type == 7) {
                for (int i = 0; i < 8; i++) {
                    take(in, raw);
                }
                return new Request(mux, type, "", HexFormat.of().formatHex(raw.toByteArray()));
            }
            var json = new ByteArrayOutputStream();
            if (type == '{') { // no byte for the type: the form before 1.5
                json.write(type);
            }
            for (int b = take(in, raw); b != '\n'; b = take(in, raw)) {
                json.write(b);
            }
            return new Request(
                    mux,
                    type,
                    json.toString(StandardCharsets.UTF_8),
                    HexFormat.of().formatHex(raw.toByteArray()));
        }

        private static int take(InputStream in, ByteArrayOutputStream raw) throws IOException {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("the client closed inside its request");
            }
            raw.write(b);
            return b;
        }
    }
}
