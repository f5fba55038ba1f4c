package dev.sluice.cli.command;

import dev.sluice.engine.Listing;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Selection;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Lists, and waits for it. */
final class ListRun {

    private ListRun() {}

    static int show(Context context, End from, Selection selection, Function<Listing, List<String>> view) {
        try (Interruption interruption = Interruption.watch();
                Engine engine = context.engines().create(OptionalLong.empty())) {
            @Nullable
            Listing listing = engine.list(from, selection)
                    .takeUntilOther(interruption.signal())
                    .block();
            if (listing == null) {
                return ExitCode.INTERRUPTED;
            }
            view.apply(listing).forEach(context.out()::println);
            return listing.complete() ? ExitCode.OK : ExitCode.PARTIAL;
        }
    }
}
