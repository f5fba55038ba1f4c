package dev.sluice.examples.http;

import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ServerAddress;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * {@code GET /backup} answers with a stream archive of an InfluxDB, {@code POST /restore} brings one back.
 *
 * <p>Nothing is kept in between: the database is read as fast as the browser takes the response, and the request is
 * read as fast as the database takes the restore.
 */
public final class BackupService implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(BackupService.class);

    private final SluiceEngine engine = SluiceEngine.create();
    private final ServerAddress influxdb;
    private final DisposableServer server;

    private BackupService(ServerAddress influxdb, int port) {
        this.influxdb = influxdb;
        try {
            this.server = HttpServer.create()
                    .host("127.0.0.1")
                    .port(port)
                    .route(routes -> routes.get("/backup", this::backup).post("/restore", this::restore))
                    .bindNow();
        } catch (RuntimeException e) {
            engine.close(); // the port is taken: nobody will close this service
            throw e;
        }
    }

    /**
     * Starts.
     *
     * @param influxdb its backup port, usually 8088
     * @param port where to listen; 0 takes a free one
     */
    public static BackupService start(ServerAddress influxdb, int port) {
        return new BackupService(influxdb, port);
    }

    /** {@code BackupService localhost:8088 8080}. */
    public static void main(String[] args) {
        try (BackupService service = start(ServerAddress.parse(args[0]), Integer.parseInt(args[1]))) {
            service.server.onDispose().block();
        }
    }

    /** Where it listens. */
    public int port() {
        return server.port();
    }

    private Publisher<Void> backup(HttpServerRequest request, HttpServerResponse response) {
        Compression compression;
        try {
            compression = compression(request.uri());
        } catch (IllegalArgumentException e) {
            return text(response, 400, e.getMessage() + "\n");
        }
        BackupRequest backup =
                BackupRequest.stream(influxdb).compression(compression).build();
        return engine.stream(backup, BackupService::log)
                .switchOnFirst((first, body) -> first.getThrowable() instanceof SluiceException e
                        ? refusal(response, e)
                        // From here on an error cuts the response off, which a client sees: the last chunk and the
                        // manifest are missing.
                        : response.header("Content-Type", "application/octet-stream")
                                .header("Content-Disposition", "attachment; filename=\"influxdb.sluice\"")
                                .send(body)
                                .then())
                // The first one, if the browser has gone by then; the response discards what it has released itself.
                .doOnDiscard(ByteBuf.class, buffer -> {
                    if (buffer.refCnt() > 0) {
                        buffer.release();
                    }
                });
    }

    /** A response that has begun has no place for what is to be said of the backup. */
    private static void log(Event event) {
        if (event instanceof Event.Told told && told.notice().kind() != Notice.Kind.NOTE) {
            log.warn("{}", told.notice().message());
        }
    }

    private Publisher<Void> restore(HttpServerRequest request, HttpServerResponse response) {
        RestoreRequest restore = RestoreRequest.of(new End.Stream(), influxdb).build();
        return engine.restore(restore, request.receive().retain())
                .ofType(Event.Finished.class)
                .last()
                .flatMap(finished -> text(response, 200, summary(finished.report())))
                .onErrorResume(SluiceException.class, e -> refusal(response, e));
    }

    /** What may go well next time is no fault of what was asked: the database is not there, or broke off. */
    private static Mono<Void> refusal(HttpServerResponse response, SluiceException e) {
        return text(response, e.worthRetrying() ? 502 : 422, e.getMessage() + "\n" + e.hint() + "\n");
    }

    private static Mono<Void> text(HttpServerResponse response, int status, String text) {
        return response.status(status)
                .header("Content-Type", "text/plain; charset=utf-8")
                .sendString(Mono.just(text))
                .then();
    }

    private static String summary(CopyReport report) {
        String counts = "%d shards restored, %d missing\n"
                .formatted(report.stored().size(), report.missing().size());
        return report.notices().stream()
                .filter(notice -> notice.kind() != Notice.Kind.NOTE)
                .map(notice -> notice.message() + "\n")
                .collect(Collectors.joining("", counts, ""));
    }

    private static Compression compression(String uri) {
        return Compression.parse(new QueryStringDecoder(uri)
                .parameters()
                .getOrDefault("compression", List.of("zstd"))
                .get(0));
    }

    @Override
    public void close() {
        server.disposeNow(Duration.ofSeconds(5));
        engine.close();
    }
}
