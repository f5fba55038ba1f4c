package dev.sluice.cli.command;

import dev.sluice.engine.BackupRequest;
import dev.sluice.engine.CopyRequest;
import dev.sluice.engine.ExportRequest;
import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.InspectRequest;
import dev.sluice.engine.Inspection;
import dev.sluice.engine.LineCopyRequest;
import dev.sluice.engine.Listing;
import dev.sluice.engine.RestoreRequest;
import dev.sluice.engine.SampleData;
import dev.sluice.engine.ServeRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.VerifyRequest;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.serve.RunningServer;
import java.nio.file.Path;
import java.util.OptionalLong;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the commands need of {@link SluiceEngine}, so that tests can play its part. */
public interface Engine extends AutoCloseable {

    /** See {@link SluiceEngine#backup}. */
    Flux<Event> backup(BackupRequest request);

    /** See {@link SluiceEngine#restore}. */
    Flux<Event> restore(RestoreRequest request);

    /** See {@link SluiceEngine#copy}. */
    Flux<Event> copy(CopyRequest request);

    /** See {@link SluiceEngine#copyLines}. */
    Flux<TransferEvent> copyLines(LineCopyRequest request);

    /** See {@link SluiceEngine#verify}. */
    Flux<Event> verify(VerifyRequest request);

    /** See {@link SluiceEngine#list}. */
    Mono<Listing> list(End from, Selection selection);

    /** See {@link SluiceEngine#inspect}. */
    Mono<Inspection> inspect(InspectRequest request);

    /** See {@link SluiceEngine#export}. */
    Flux<TransferEvent> export(ExportRequest request);

    /** See {@link SluiceEngine#importLines}. */
    Flux<TransferEvent> importLines(ImportRequest request);

    /** See {@link SluiceEngine#serve}. */
    Mono<RunningServer> serve(ServeRequest request);

    /** See {@link SluiceEngine#sampleData}. */
    Mono<SampleData> sampleData(Path dir, long seed, long approximateBytes);

    /** See {@link SluiceEngine#interrupt}. */
    void interrupt();

    @Override
    void close();

    /** Makes an engine when a command needs one. */
    interface Factory {
        /** @param memory budget of bytes in flight; empty for the engine's default */
        Engine create(OptionalLong memory);
    }

    /** The real one. */
    static Engine create(OptionalLong memory) {
        SluiceEngine.Builder options = SluiceEngine.builder();
        memory.ifPresent(options::memory);
        SluiceEngine engine = options.build();
        return new Engine() {
            @Override
            public Flux<Event> backup(BackupRequest request) {
                return engine.backup(request);
            }

            @Override
            public Flux<Event> restore(RestoreRequest request) {
                return engine.restore(request);
            }

            @Override
            public Flux<Event> copy(CopyRequest request) {
                return engine.copy(request);
            }

            @Override
            public Flux<TransferEvent> copyLines(LineCopyRequest request) {
                return engine.copyLines(request);
            }

            @Override
            public Flux<Event> verify(VerifyRequest request) {
                return engine.verify(request);
            }

            @Override
            public Mono<Listing> list(End from, Selection selection) {
                return engine.list(from, selection);
            }

            @Override
            public Mono<Inspection> inspect(InspectRequest request) {
                return engine.inspect(request);
            }

            @Override
            public Flux<TransferEvent> export(ExportRequest request) {
                return engine.export(request);
            }

            @Override
            public Flux<TransferEvent> importLines(ImportRequest request) {
                return engine.importLines(request);
            }

            @Override
            public Mono<RunningServer> serve(ServeRequest request) {
                return engine.serve(request);
            }

            @Override
            public Mono<SampleData> sampleData(Path dir, long seed, long approximateBytes) {
                return engine.sampleData(dir, seed, approximateBytes);
            }

            @Override
            public void interrupt() {
                engine.interrupt();
            }

            @Override
            public void close() {
                engine.close();
            }
        };
    }
}
