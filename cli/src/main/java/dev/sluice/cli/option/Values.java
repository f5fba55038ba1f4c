package dev.sluice.cli.option;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Names;
import dev.sluice.engine.model.Protocol;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.TimeRange;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How the values of flags are written. Each converter refuses with a sentence that can be shown. */
public final class Values {

    private Values() {}

    /** On or off, in all of Go's spellings. */
    public static final class Switch implements ITypeConverter<Boolean> {
        @Override
        public Boolean convert(String text) {
            return switch (text) {
                case "1", "t", "T", "TRUE", "true", "True" -> true;
                case "0", "f", "F", "FALSE", "false", "False" -> false;
                default -> throw new TypeConversionException("is true or false, not '" + text + "'");
            };
        }
    }

    /**
     * An end as {@code copy} has it.
     *
     * @throws UsageError if it is none
     */
    public static End end(String text) {
        try {
            return End.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageError(String.valueOf(e.getMessage()), "'sluice help copy' shows how ends are written.");
        }
    }

    /**
     * A place to read from: an end as {@code copy} has it, or a server as {@code host:port}, where no directory has that
     * name.
     *
     * @throws UsageError if it is neither
     */
    public static End place(String text) {
        try {
            boolean server = text.matches("[^/\\\\]*[^/\\\\:]:[0-9]{1,5}") && !Files.exists(Path.of(text));
            return server ? new End.Live(ServerAddress.parse(text)) : end(text);
        } catch (IllegalArgumentException e) {
            throw new UsageError(String.valueOf(e.getMessage()), "'sluice help copy' shows how ends are written.");
        }
    }

    /** {@code host:port} of a backup service. */
    public static final class Address implements ITypeConverter<ServerAddress> {

        private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]+(%.+)?");

        @Override
        public ServerAddress convert(String text) {
            if (text.contains("://")) {
                throw new TypeConversionException(
                        "is host:port without a scheme, such as localhost:8088, not '" + text + "'");
            }
            ServerAddress address = sentence(() -> ServerAddress.parse(text));
            if (address.host().contains(":") && !IPV6.matcher(address.host()).matches()) {
                throw new TypeConversionException("is host:port, such as localhost:8088, not '" + text + "'");
            }
            return address;
        }
    }

    /** Name of a database or a retention policy. */
    public static final class Name implements ITypeConverter<String> {
        @Override
        public String convert(String text) {
            if (!Names.valid(text)) {
                throw new TypeConversionException("cannot be the name of anything on a server: '" + text + "'");
            }
            return text;
        }
    }

    /** A shard's id: decimal, unsigned, 64 bits. */
    public static final class ShardId implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            long id;
            try {
                id = text.startsWith("+") ? 0 : Long.parseUnsignedLong(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException(
                        "is a shard's id, a decimal number such as 38, not '" + text + "' ('SHOW SHARDS' lists them)");
            }
            if (id == 0) {
                throw new TypeConversionException("is a shard's id, which is never '" + text + "'");
            }
            return id;
        }
    }

    /** A number within limits. */
    public abstract static class Count implements ITypeConverter<Integer> {
        private final int least;
        private final int most;

        protected Count(int least, int most) {
            this.least = least;
            this.most = most;
        }

        @Override
        public Integer convert(String text) {
            try {
                int count = Integer.parseInt(text);
                if (count >= least && count <= most) {
                    return count;
                }
            } catch (NumberFormatException e) {
                // said below
            }
            throw new TypeConversionException("is a number from %d to %d, not '%s'".formatted(least, most, text));
        }
    }

    /** A time of RFC 3339, with up to nine decimals and any zone. */
    public static final class Time implements ITypeConverter<Instant> {

        private static final Pattern FORM =
                Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)");

        private static final Pattern DAY = Pattern.compile("\\d{4}-\\d\\d-\\d\\d");

        @Override
        public Instant convert(String text) {
            String upper = text.toUpperCase(Locale.ROOT);
            if (!FORM.matcher(upper).matches()) {
                String example = DAY.matcher(text).matches() ? text + "T00:00:00Z" : "2026-01-31T00:00:00Z";
                throw new TypeConversionException(
                        "is a time of RFC 3339 such as %s, not '%s'".formatted(example, text));
            }
            Instant time;
            try {
                time = OffsetDateTime.parse(upper).toInstant();
            } catch (DateTimeException e) {
                throw new TypeConversionException("is no time that exists: '" + text + "'");
            }
            if (time.isBefore(TimeRange.MIN) || time.isAfter(TimeRange.MAX)) {
                throw new TypeConversionException(
                        "lies outside what a server can store, 1677-09-21 to 2262-04-11: '" + text + "'");
            }
            return time;
        }
    }

    /** {@code gzip[:level]}, {@code zstd[:level]}, {@code none}. */
    public static final class Codec implements ITypeConverter<Compression> {
        @Override
        public Compression convert(String text) {
            return sentence(() -> Compression.parse(text));
        }
    }

    /** {@code sha256} or {@code crc32c}. */
    public static final class DigestName implements ITypeConverter<Digest.Algorithm> {
        @Override
        public Digest.Algorithm convert(String text) {
            for (Digest.Algorithm algorithm : Digest.Algorithm.values()) {
                if (algorithm.id().equals(text.toLowerCase(Locale.ROOT))) {
                    return algorithm;
                }
            }
            throw new TypeConversionException("is sha256 or crc32c, not '" + text + "'");
        }
    }

    /** Bytes: {@code 200MB}, {@code 1.5GiB}, {@code 200MB/s} where a rate is meant; units of 1000 and 1024. */
    public static final class Bytes implements ITypeConverter<Long> {

        private static final Pattern FORM =
                Pattern.compile("(\\d{1,18}(?:\\.\\d{1,9})?) ?([kmgt]?)(i?)b?(?:/s)?", Pattern.CASE_INSENSITIVE);

        @Override
        public Long convert(String text) {
            Matcher match = FORM.matcher(text.strip());
            if (!match.matches() || (match.group(2).isEmpty() && !match.group(3).isEmpty())) {
                throw new TypeConversionException("is written like 200MB or 64MiB, not '" + text + "'");
            }
            int power = "kmgt"
                            .indexOf(match.group(2)
                                    .toLowerCase(Locale.ROOT)
                                    .concat(" ")
                                    .charAt(0))
                    + 1;
            BigInteger bytes = new BigDecimal(match.group(1))
                    .multiply(BigDecimal.valueOf(match.group(3).isEmpty() ? 1000 : 1024)
                            .pow(power))
                    .toBigInteger();
            if (bytes.signum() <= 0 || bytes.bitLength() > 62) {
                throw new TypeConversionException("is too small or too large: '" + text + "'");
            }
            return bytes.longValueExact();
        }
    }

    /** A length of time as Go writes it: {@code 60s}, {@code 1m30s}, {@code 500ms}, {@code 1h}. */
    public static final class Span implements ITypeConverter<Duration> {

        private static final Pattern FORM = Pattern.compile("(?:\\d{1,9}(?:\\.\\d{1,3})?(?:ms|s|m|h))+");

        private static final Pattern PART = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)(ms|s|m|h)");

        @Override
        public Duration convert(String text) {
            if (!FORM.matcher(text).matches()) {
                throw new TypeConversionException("is written like 60s, 500ms or 1m30s, not '" + text + "'");
            }
            long millis = 0;
            Matcher part = PART.matcher(text);
            while (part.find()) {
                long unit = switch (part.group(2)) {
                    case "ms" -> 1;
                    case "s" -> 1000;
                    case "m" -> 60_000;
                    default -> 3_600_000;
                };
                millis += new BigDecimal(part.group(1))
                        .multiply(BigDecimal.valueOf(unit))
                        .longValue();
            }
            if (millis == 0) {
                throw new TypeConversionException("must be longer than nothing, was '" + text + "'");
            }
            return Duration.ofMillis(millis);
        }
    }

    private static <T> T sentence(Supplier<T> parse) {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(": " + e.getMessage());
        }
    }

    /** How many things go side by side. */
    public static final class Concurrency extends Count {
        public Concurrency() {
            super(1, 256);
        }
    }

    /** How often something is tried again. */
    public static final class Retries extends Count {
        public Retries() {
            super(0, 1000);
        }
    }

    /** {@code 1.4}: what servers 1.0 to 1.4 speak on their backup port; {@code 1.5}: all later ones. */
    public static final class BackupProtocol implements ITypeConverter<Protocol> {
        @Override
        public Protocol convert(String text) {
            return switch (text) {
                case "1.4" -> Protocol.V1_4;
                case "1.5" -> Protocol.V1_5;
                default ->
                    throw new TypeConversionException(
                            "is 1.4, for servers 1.0 to 1.4, or 1.5, for all later ones, not '%s'".formatted(text));
            };
        }
    }
}
