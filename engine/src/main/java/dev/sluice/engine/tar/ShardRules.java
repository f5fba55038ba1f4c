package dev.sluice.engine.tar;

import dev.sluice.engine.error.ArchiveDamaged;
import dev.sluice.engine.error.EmptyAnswer;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.model.ShardRef;
import java.util.HashSet;
import java.util.Set;

/** An archive of one shard: files directly under {@code database/policy/id/}, each name once. */
final class ShardRules implements TarDecoder.Rules {

    /** A shard has some thousand files at most; this bounds what is remembered of their names. */
    static final int MAX_FILES = 1 << 20;

    private final ShardRef shard;
    private final String directory;
    private final Set<String> names = new HashSet<>();

    ShardRules(ShardRef shard) {
        this.shard = shard;
        this.directory = shard + "/";
    }

    @Override
    public String name(String path, int number) {
        String base = path.startsWith(directory) ? path.substring(directory.length()) : "";
        boolean plain = !base.isEmpty()
                && !base.equals(".")
                && !base.equals("..")
                && base.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
        if (!plain) {
            throw new IllegalArgumentException(
                    "has an entry that does not belong to it, '%s'".formatted(FileRules.printable(path)));
        }
        if (!names.add(base)) {
            throw new IllegalArgumentException("has %s twice".formatted(base));
        }
        if (number > MAX_FILES) {
            throw new IllegalArgumentException("has more than %d files".formatted(MAX_FILES));
        }
        return base;
    }

    @Override
    public SluiceException damaged(String problem, long offset) {
        return new ArchiveDamaged(shard.toString(), problem, offset);
    }

    @Override
    public SluiceException empty() {
        return new EmptyAnswer("shard " + shard);
    }
}
