package dev.sluice.engine.transfer;

import dev.sluice.engine.error.TsmDamaged;
import dev.sluice.engine.tsm.WalReader;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What there is to tell of write-ahead logs; each thing once. */
final class WalDamage {

    private final Telling telling;
    private final Findings findings;
    private final Set<Object> told = ConcurrentHashMap.newKeySet();

    WalDamage(Telling telling, Findings findings) {
        this.telling = telling;
        this.findings = findings;
    }

    /** A cut end is what a crash leaves; anything else hides entries that were acknowledged. */
    void look(Path segment, WalReader.Segment end) {
        String problem = end.problem();
        if (problem == null || !told.add(segment)) {
            return;
        }
        if (end.torn()) {
            telling.warn(
                    "%s ends in the middle of an entry, after byte %d; influxd would cut it there too"
                            .formatted(segment, end.end()),
                    "Nothing to do: the last write was never acknowledged.");
        } else {
            findings.damaged(
                    "what follows byte %d of %s".formatted(end.end(), segment), new TsmDamaged(problem, end.end()));
        }
    }

    /** Deletes in the log are not applied to lines that are not merged. */
    void deletes(Place place) {
        if (told.add(place)) {
            telling.warn(
                    "the write-ahead log of %s/%s has deletes: some deleted points are in the output"
                            .formatted(place.database(), place.policy()),
                    "--merge-fields leaves them out.");
        }
    }
}
