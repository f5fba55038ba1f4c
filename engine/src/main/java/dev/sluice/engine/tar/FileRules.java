package dev.sluice.engine.tar;

import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.error.StreamDamaged;

/** An archive of many files, whose reader judges their paths. */
final class FileRules implements TarDecoder.Rules {

    private static final int MAX_PATH = 1024;

    private final String what;

    FileRules(String what) {
        this.what = what;
    }

    @Override
    public String name(String path, int number) {
        if (path.length() > MAX_PATH || path.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "has an entry whose path no server makes, '%s'".formatted(printable(path)));
        }
        return path;
    }

    @Override
    public SluiceException damaged(String problem, long offset) {
        return new StreamDamaged(what, problem, offset);
    }

    @Override
    public SluiceException empty() {
        return new StreamDamaged(what, "is empty: not one byte came");
    }

    static String printable(String path) {
        String head = path.length() > 300 ? path.substring(0, 300) + "…" : path;
        return head.replaceAll("\\p{Cntrl}", "?");
    }
}
