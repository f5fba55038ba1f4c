package dev.sluice.engine.source;

import dev.sluice.engine.format.PortableManifest;
import dev.sluice.engine.format.PortableStamp;
import java.time.Instant;
import java.util.Optional;

/**
 * One run in a portable directory.
 *
 * @param manifestName its file
 */
public record PortableRun(String manifestName, PortableManifest manifest) {

    /** Its archives are whole shards, whatever kind of run it was; of influxd's that is not known. */
    public boolean bySluice() {
        return manifest.run().isPresent();
    }

    /** When it began, if its name tells. */
    public Optional<Instant> started() {
        return PortableStamp.ofManifest(manifestName).map(PortableStamp::time);
    }
}
