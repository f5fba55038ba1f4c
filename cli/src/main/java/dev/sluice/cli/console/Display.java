package dev.sluice.cli.console;

import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Notice;
import java.io.PrintStream;

/** Shows how a copy goes. Called by one thread; {@link #close()} by any. */
public interface Display extends AutoCloseable {

    /** Shows the event, or not. */
    void show(Event event);

    /** Takes away what is not meant to stay. Further events are not shown. */
    @Override
    default void close() {}

    /** Shows damage and what is missing, of which the errors and the report's missing shards do not tell. */
    static Display quiet(PrintStream err) {
        return event -> {
            if (event instanceof Event.Told told
                    && (told.notice().kind() == Notice.Kind.DAMAGED
                            || told.notice().kind() == Notice.Kind.MISSING)) {
                Wording.told(told.notice()).forEach(err::println);
            }
        };
    }
}
