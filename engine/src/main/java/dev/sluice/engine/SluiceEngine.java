package dev.sluice.engine;

import dev.sluice.engine.event.CopyReport;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.serve.RunningServer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The engine. One instance serves any number of copies; {@link #close()} frees its threads.
 */
public final class SluiceEngine implements AutoCloseable {

    private SluiceEngine() {}

    /** An engine with every default. */
    public static SluiceEngine create() {
        return new SluiceEngine();
    }

    /**
     * Backs up. Cold: each subscription is a backup of its own. The last event is {@link Event.Finished};
     * errors are {@link dev.sluice.engine.error.SluiceException}s. A cancel ends every conversation with the
     * server and removes what is half written.
     */
    public Flux<Event> backup(BackupRequest request) {
        return Flux.error(new UnsupportedOperationException("skeleton: " + request));
    }

    /** The same for those who want only the report. */
    public Mono<CopyReport> backupReport(BackupRequest request) {
        return backup(request).ofType(Event.Finished.class).last().map(Event.Finished::report);
    }

    /** Answers the snapshot RPC over a stopped server's directories; cold. */
    public Mono<RunningServer> serve(ServeRequest request) {
        return Mono.error(new UnsupportedOperationException("skeleton: " + request));
    }

    @Override
    public void close() {}
}
