package dev.sluice.engine.target;

import dev.sluice.engine.model.Notice;
import java.util.List;

/**
 * What a target says when it is sealed.
 *
 * @param location of the result, for people
 * @param notices what a person should know of it
 */
public record Sealed(String location, List<Notice> notices) {

    public Sealed {
        notices = List.copyOf(notices);
    }

    /** One of which there is nothing to say but where it is. */
    public static Sealed at(String location) {
        return new Sealed(location, List.of());
    }
}
