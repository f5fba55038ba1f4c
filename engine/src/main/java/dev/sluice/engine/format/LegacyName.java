package dev.sluice.engine.format;

import dev.sluice.engine.model.ShardRef;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a shard's archive in the legacy format: {@code <db>.<rp>.<id>.<NN>}, the id with at least five digits, the
 * number of the run with at least two (observed on 1.6.7 to 1.12.4).
 *
 * <p>Database and policy stand there as they are, dots included, so a name is read from the right, and where the two part
 * only metadata or the archive itself can tell.
 *
 * @param stem {@code <db>.<rp>}
 * @param shardId unsigned
 * @param number counts the archives of this shard; larger is later
 */
public record LegacyName(String stem, long shardId, long number) {

    private static final Pattern META = Pattern.compile("meta\\.(\\d{2,18})");
    private static final Pattern SHARD = Pattern.compile("(.+\\..+)\\.(\\d{5,20})\\.(\\d{2,18})", Pattern.DOTALL);

    /** Reads a shard's file name; empty if it is none, such as a download that was left over. */
    public static Optional<LegacyName> parse(String fileName) {
        Matcher match = SHARD.matcher(fileName);
        if (!match.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new LegacyName(
                    match.group(1), Long.parseUnsignedLong(match.group(2)), Long.parseLong(match.group(3))));
        } catch (NumberFormatException beyondAnyId) {
            return Optional.empty();
        }
    }

    /** The number of a metastore's file, {@code meta.NN}; empty if it is none. */
    public static OptionalLong metaNumber(String fileName) {
        Matcher match = META.matcher(fileName);
        return match.matches() ? OptionalLong.of(Long.parseLong(match.group(1))) : OptionalLong.empty();
    }

    /** The name of a metastore's file. */
    public static String meta(long number) {
        return String.format(Locale.ROOT, "meta.%02d", number);
    }

    /** The name of a shard's file. */
    public static String of(ShardRef shard, long number) {
        String id = shard.idText();
        String zeros = "0".repeat(Math.max(0, 5 - id.length()));
        return String.format(Locale.ROOT, "%s.%s.%s%s.%02d", shard.database(), shard.policy(), zeros, id, number);
    }

    /** Whether this may be a file of that shard. */
    public boolean mayBe(ShardRef shard) {
        return shardId == shard.id() && stem.equals(shard.database() + "." + shard.policy());
    }
}
