package dev.sluice.engine.flow;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Makes elements out of buffers, for {@link Unfold}. Calls come one at a time and in order, from changing threads; what
 * it throws becomes the flux's error.
 *
 * @param <T> what comes out
 */
public interface Unfolder<T> {

    /** Takes over a buffer. Called at the start, and when {@link #next} has given null. */
    void take(ByteBuf bytes);

    /**
     * The next element, owned by the caller, or null when the buffer is used up: then it has been released.
     * Called after {@link #take}.
     */
    @Nullable
    T next();

    /**
     * The input has ended, and all of it was used up. May give one last element, or throw if the input should not have
     * ended here.
     */
    @Nullable
    T end();

    /** Frees whatever it still holds. Called once and last, however the flux ends; no other call runs or follows. */
    void close();
}
