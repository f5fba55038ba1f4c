package dev.sluice.cli.option;

import java.util.Optional;

/** A command that knows of flags which people give to it although they belong elsewhere. */
public interface FlagHints {

    /**
     * What to tell about a flag that this command does not have.
     *
     * @param flag its name without dashes
     */
    Optional<String> hintFor(String flag);
}
