package dev.sluice.engine.transfer;

import dev.sluice.engine.line.InfluxQl;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How the names in context lines are to be read. Exports write them as they are, people put a blank behind the colon: a
 * blank at an end counts only if a statement has named something so, or the file says that all names stand exactly.
 *
 * @param exact whether they do
 * @param blank names with a blank at an end that statements have, quoted
 */
record ContextNames(boolean exact, Set<String> blank) {

    static final ContextNames TRIMMED = new ContextNames(false, Set.of());
    static final ContextNames EXACT = new ContextNames(true, Set.of());

    /** Begins points whose context lines have names as they are. To the original it is the same as without the rest. */
    static final String EXACT_DML = "# DML, names exactly as they stand";

    private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"\\\\]++|\\\\.)*+)\"", Pattern.DOTALL);

    ContextNames {
        blank = Set.copyOf(blank);
    }

    /** @param raw the rest of a context line */
    String read(String raw) {
        String trimmed = raw.strip();
        return exact || (!raw.equals(trimmed) && blank.contains(InfluxQl.quoted(raw))) ? raw : trimmed;
    }

    /** With what a statement names. */
    ContextNames with(String statement) {
        Set<String> all = new LinkedHashSet<>(blank);
        QUOTED.matcher(statement)
                .results()
                .filter(name -> !name.group(1).equals(name.group(1).strip()))
                .forEach(name -> all.add(name.group()));
        return all.size() == blank.size() ? this : new ContextNames(exact, all);
    }

    /** Behind a line that begins statements or points: each part of a file speaks for itself. */
    ContextNames after(String heading, boolean made) {
        boolean says = made || heading.startsWith(EXACT_DML);
        return says == exact ? this : new ContextNames(says, blank);
    }
}
