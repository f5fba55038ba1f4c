package dev.sluice.engine.tsm;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The types that the fields of a shard's measurements have. A server keeps one type for each field in a shard; a file with
 * another one would make the shard's index contradict its data. Not thread-safe.
 */
public final class FieldTypes {

    private final Map<FieldName, BlockType> types = new HashMap<>();

    /** Further types of a field, which sound shards do not have. */
    private final Map<FieldName, Set<BlockType>> others = new HashMap<>();

    /** A key of a file that belongs to the shard; the first one of a field counts. */
    public void add(byte[] key, BlockType type) {
        FieldName field = FieldName.of(key);
        BlockType before = types.putIfAbsent(field, type);
        if (before != null && before != type) {
            others.computeIfAbsent(field, name -> EnumSet.noneOf(BlockType.class))
                    .add(type);
        }
    }

    /** What contradicts the types that are known, in words; empty if nothing does. */
    public Optional<String> conflict(byte[] key, BlockType type) {
        return conflict(FieldName.of(key), type);
    }

    /** The same for all types of another shard. */
    public Optional<String> conflict(FieldTypes shard) {
        Stream<Optional<String>> first =
                shard.types.entrySet().stream().map(field -> conflict(field.getKey(), field.getValue()));
        Stream<Optional<String>> further = shard.others.entrySet().stream()
                .flatMap(field -> field.getValue().stream().map(type -> conflict(field.getKey(), type)));
        return Stream.concat(first, further).flatMap(Optional::stream).findFirst();
    }

    /** Fields that another shard has and this one has not. */
    public Set<FieldName> lacking(FieldTypes shard) {
        return shard.types.keySet().stream()
                .filter(field -> !types.containsKey(field))
                .collect(Collectors.toUnmodifiableSet());
    }

    public boolean isEmpty() {
        return types.isEmpty();
    }

    private Optional<String> conflict(FieldName field, BlockType type) {
        BlockType known = types.get(field);
        if (known == null || known == type) {
            return Optional.empty();
        }
        return Optional.of("field '%s' of measurement '%s' is %s in the backup and %s on the server"
                .formatted(field.field(), field.measurement(), word(type), word(known)));
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
