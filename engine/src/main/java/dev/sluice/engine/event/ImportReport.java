package dev.sluice.engine.event;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The end of an import that read its input to the end. Every point of the input is written or rejected.
 *
 * @param files inputs that were read
 * @param skipped inputs that were taken by an earlier run
 * @param statements executed
 * @param written points that the server stored
 * @param rejected points that it did not, each with its reason in the file of rejects
 * @param rejectedBefore points that interrupted runs before this one rejected, and that no report has told; those that
 *     were read again are in both numbers
 * @param requests sent, retries included
 * @param bytes of text that was read, before compression
 * @param examples the first few rejects
 * @param rejects where the rejected points are; empty if nowhere
 */
public record ImportReport(
        String source,
        String target,
        Duration elapsed,
        int files,
        int skipped,
        long statements,
        long written,
        long rejected,
        long rejectedBefore,
        long requests,
        long retries,
        long bytes,
        List<Reject> examples,
        Optional<String> rejects,
        List<String> warnings) {

    public ImportReport {
        examples = List.copyOf(examples);
        warnings = List.copyOf(warnings);
    }

    /**
     * A point that was not stored.
     *
     * @param line of the file, from 1
     * @param reason in the server's words
     */
    public record Reject(String file, long line, String reason) {}

    /** Whether every point was stored, in this run and in those that it goes on from. */
    public boolean complete() {
        return rejected == 0 && rejectedBefore == 0;
    }
}
