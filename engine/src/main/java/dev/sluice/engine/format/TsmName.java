package dev.sluice.engine.format;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a TSM file as influxd makes and reads it: two numbers, and whichever file has the higher ones is the newer.
 *
 * @param generation of the writes that are in it
 * @param sequence higher with each compaction
 */
public record TsmName(long generation, long sequence) {

    private static final Pattern NAME = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})\\.tsm");

    /** Empty if a server would not load a file of this name. */
    public static Optional<TsmName> parse(String name) {
        Matcher numbers = NAME.matcher(name);
        return numbers.matches()
                ? Optional.of(new TsmName(Long.parseLong(numbers.group(1)), Long.parseLong(numbers.group(2))))
                : Optional.empty();
    }

    /** With nine digits at least, ASCII's whatever the locale. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%09d-%09d.tsm", generation, sequence);
    }
}
