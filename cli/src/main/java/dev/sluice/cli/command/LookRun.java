package dev.sluice.cli.command;

import dev.sluice.cli.console.JsonDisplay;
import dev.sluice.engine.error.SluiceException;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Looks at something, waits for what was found, and prints it. */
final class LookRun {

    private LookRun() {}

    /**
     * @param json whether an error is to be an object on stdout too
     * @param lines what is printed of it
     * @param exit the exit code for it
     */
    static <T> int show(
            Context context,
            boolean json,
            Function<Engine, Mono<T>> look,
            Function<T, List<String>> lines,
            ToIntFunction<T> exit) {
        try (Interruption interruption = Interruption.watch();
                Engine engine = context.engines().create(OptionalLong.empty())) {
            @Nullable
            T found = look.apply(engine).takeUntilOther(interruption.signal()).block();
            if (found == null) {
                context.err().println("sluice: interrupted; nothing was changed");
                return ExitCode.INTERRUPTED;
            }
            lines.apply(found).forEach(context.out()::println);
            return exit.applyAsInt(found);
        } catch (SluiceException e) {
            if (json) {
                context.out().println(JsonDisplay.error(e, ExitCode.of(e)));
            }
            throw e;
        }
    }
}
