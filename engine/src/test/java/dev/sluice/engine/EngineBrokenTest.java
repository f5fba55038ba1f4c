package dev.sluice.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.EngineBroken;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import dev.sluice.engine.model.ServerAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** What no operator passes on ends the work all the same: a class that cannot be loaded, no memory. */
class EngineBrokenTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final SluiceEngine engine = SluiceEngine.create();

    @AfterEach
    void close() {
        engine.close();
    }

    /** Thrown on a worker, when it looks at the bytes. */
    private static Flux<ByteBuf> breaking(Error error) {
        return Flux.just(new UnpooledHeapByteBuf(UnpooledByteBufAllocator.DEFAULT, 4, 4) {
            @Override
            public int readableBytes() {
                throw error;
            }
        });
    }

    private static RestoreRequest restore() {
        return RestoreRequest.of(new End.Stream(), ServerAddress.parse("127.0.0.1:1"))
                .build();
    }

    @Test
    void aMissingClassIsToldToWhoeverWaits() {
        engine.restore(restore(), breaking(new NoClassDefFoundError("com/example/Codec")))
                .then()
                .as(StepVerifier::create)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOfSatisfying(
                                EngineBroken.class,
                                why -> assertThat(why.hint()).contains("unpack it again"))
                        .hasMessageContaining("com/example/Codec"))
                .verify(PATIENCE);
    }

    @Test
    void soIsTheEndOfTheMemory() {
        engine.restore(restore(), breaking(new OutOfMemoryError("Java heap space")))
                .then()
                .as(StepVerifier::create)
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(EngineBroken.class).hasMessage("out of memory"))
                .verify(PATIENCE);
    }

    /** Again and again: a refused connection is told so fast that it can come before the engine is looked at. */
    @RepeatedTest(50)
    void whatComesAfterItIsToldAtOnce() {
        engine.restore(restore(), breaking(new NoClassDefFoundError("com/example/Codec")))
                .then()
                .as(StepVerifier::create)
                .expectError(EngineBroken.class)
                .verify(PATIENCE);

        engine.list(new End.Live(ServerAddress.parse("127.0.0.1:1")), Selection.EVERYTHING)
                .as(StepVerifier::create)
                .expectError(EngineBroken.class)
                .verify(PATIENCE);
    }
}
