package dev.sluice.engine.tsm;

import dev.sluice.engine.tsm.Finding.Severity;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers findings; keeps the first ones and counts the rest. */
final class Findings {

    static final int MOST = 100;

    private final String file;
    private final List<Finding> list = new ArrayList<>();
    private long unlisted;
    private boolean damaged;

    Findings(String file) {
        this.file = file;
    }

    void damage(byte @Nullable [] key, long offset, String problem) {
        damaged = true;
        add(key, offset, Severity.DAMAGE, problem);
    }

    void unusual(byte @Nullable [] key, long offset, String problem) {
        add(key, offset, Severity.UNUSUAL, problem);
    }

    CheckResult result(long bytes, long keys, long blocks, long values) {
        return new CheckResult(file, bytes, keys, blocks, values, list, unlisted, damaged);
    }

    private void add(byte @Nullable [] key, long offset, Severity severity, String problem) {
        if (list.size() == MOST) {
            unlisted++;
            return;
        }
        list.add(new Finding(file, key == null ? null : Keys.text(key), offset, severity, problem));
    }
}
