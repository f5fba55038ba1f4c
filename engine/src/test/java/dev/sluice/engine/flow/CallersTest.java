package dev.sluice.engine.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.util.context.Context;

class CallersTest {

    @Test
    void discardsNothingTheCallersWay() {
        List<Integer> discarded = new ArrayList<>();

        Callers.apart(Flux.just(1, 2, 3).filter(number -> number == 2))
                .doOnDiscard(Integer.class, discarded::add)
                .as(StepVerifier::create)
                .expectNext(2)
                .verifyComplete();

        assertThat(discarded).isEmpty();
    }

    @Test
    void passesNoErrorOverAsTheCallerDoes() {
        Callers.apart(Flux.just(1, 0).map(number -> 10 / number))
                .onErrorContinue((error, element) -> {})
                .as(StepVerifier::create)
                .expectNext(10)
                .verifyError(ArithmeticException.class);
    }

    @Test
    void seesTheRestOfTheContext() {
        Mono<String> flow = Mono.deferContextual(context -> Mono.just(context.<String>get("request")));

        Callers.apart(flow)
                .doOnDiscard(Integer.class, number -> {})
                .contextWrite(Context.of("request", "7"))
                .as(StepVerifier::create)
                .expectNext("7")
                .verifyComplete();
    }
}
