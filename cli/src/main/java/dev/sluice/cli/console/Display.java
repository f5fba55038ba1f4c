package dev.sluice.cli.console;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.event.Event;

/** Shows how a copy goes. Called by one thread; {@link #close()} by any. */
public interface Display extends AutoCloseable {

    /** Shows the event, or not. */
    void show(Event event);

    /** The copy ended with this error, which the command will tell on stderr. */
    default void failed(SluiceException error, int exitCode) {}

    /** Takes away what is not meant to stay. Further events are not shown. */
    @Override
    default void close() {}

    /** Shows nothing: what went wrong is told by the report and the errors. */
    static Display silent() {
        return event -> {};
    }
}
