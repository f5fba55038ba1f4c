package dev.sluice.cli.command;

import dev.sluice.cli.console.InspectionView;
import dev.sluice.cli.console.ListingView;
import dev.sluice.engine.InspectRequest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Looks at something, waits for what was found, and prints it. Not in the commands themselves: they are read by reflection
 * for the help, which would load all classes that their methods name.
 */
final class LookRun {

    private LookRun() {}

    /** The whole of {@code sluice list}. */
    static int list(Context context, boolean json, End from, Selection selection) {
        return show(
                context,
                json,
                engine -> engine.list(from, selection),
                json ? ListingView::json : ListingView::table,
                listing -> listing.complete() ? ExitCode.OK : ExitCode.PARTIAL);
    }

    /** The whole of {@code sluice inspect}. */
    static int inspect(Context context, boolean json, InspectRequest request) {
        return show(
                context,
                json,
                engine -> engine.inspect(request),
                json ? InspectionView::json : InspectionView::table,
                found -> found.damaged() ? ExitCode.DAMAGED : found.complete() ? ExitCode.OK : ExitCode.PARTIAL);
    }

    /**
     * @param json whether an interruption is to be an object on stdout too
     * @param lines what is printed of it
     * @param exit the exit code for it
     */
    private static <T> int show(
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
                return interruption.told(context, json, "interrupted; nothing was changed");
            }
            lines.apply(found).forEach(context.out()::println);
            return exit.applyAsInt(found);
        }
    }
}
