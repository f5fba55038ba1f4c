package dev.sluice.engine.tsm;

import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The types that the fields of a shard's measurements have. A server keeps one type for each field in a shard; a file with
 * another one would make the shard's index contradict its data. Not thread-safe.
 */
public final class FieldTypes {

    /** Keys are bytes, held as Latin-1. */
    private final Map<String, BlockType> types = new HashMap<>();

    /** Further types of a field, which sound shards do not have. */
    private final Map<String, Set<BlockType>> others = new HashMap<>();

    /** A key of a file that belongs to the shard; the first one of a field counts. */
    public void add(byte[] key, BlockType type) {
        String field = field(key);
        BlockType before = types.putIfAbsent(field, type);
        if (before != null && before != type) {
            others.computeIfAbsent(field, name -> EnumSet.noneOf(BlockType.class))
                    .add(type);
        }
    }

    /** What contradicts the types that are known, in words; empty if nothing does. */
    public Optional<String> conflict(byte[] key, BlockType type) {
        return conflict(field(key), type);
    }

    /** The same for all types of another shard. */
    public Optional<String> conflict(FieldTypes shard) {
        Stream<Optional<String>> first =
                shard.types.entrySet().stream().map(field -> conflict(field.getKey(), field.getValue()));
        Stream<Optional<String>> further = shard.others.entrySet().stream()
                .flatMap(field -> field.getValue().stream().map(type -> conflict(field.getKey(), type)));
        return Stream.concat(first, further).flatMap(Optional::stream).findFirst();
    }

    private Optional<String> conflict(String field, BlockType type) {
        BlockType known = types.get(field);
        if (known == null || known == type) {
            return Optional.empty();
        }
        String[] parts = new String(field.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8).split("\0", 2);
        return Optional.of("field '%s' of measurement '%s' is %s in the backup and %s on the server"
                .formatted(parts[1], parts[0], word(type), word(known)));
    }

    /** Measurement and field, with a NUL between them, which neither can hold. */
    private static String field(byte[] key) {
        int separator = Keys.separator(key);
        int end = separator < 0 ? key.length : separator;
        int comma = 0;
        while (comma < end && !(key[comma] == ',' && (comma == 0 || key[comma - 1] != '\\'))) {
            comma++;
        }
        String text = new String(key, StandardCharsets.ISO_8859_1);
        return text.substring(0, comma) + "\0" + (separator < 0 ? "" : text.substring(separator + Keys.SEPARATOR));
    }

    private static String word(BlockType type) {
        return switch (type) {
            case FLOAT -> "a float";
            case INTEGER -> "an integer";
            case BOOLEAN -> "a boolean";
            case STRING -> "a string";
            case UNSIGNED -> "an unsigned integer";
        };
    }
}
