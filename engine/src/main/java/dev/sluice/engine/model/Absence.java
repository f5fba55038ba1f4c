package dev.sluice.engine.model;

/**
 * Why a source does not have a shard that its metadata or its catalog promises; told by the kind of source, as what to do
 * about it differs.
 *
 * @param why a clause
 * @param hint what to do about it
 */
public record Absence(String why, String hint) {

    private static final String BEFORE = "it was missing already when the backup was made";

    /** A running server leaves out of its answers what it could not open. */
    public static Absence notOpen(ShardRef shard) {
        return new Absence(
                "the server does not offer it",
                "A server leaves out what it could not open: look for 'Failed to open shard' and id " + shard.idText()
                        + " in its log, repair the shard, restart, and back up again. "
                        + "A newest shard that was never written to looks the same.");
    }

    /** In the directories of a stopped server there is nothing of it. */
    public static Absence noDirectory() {
        return new Absence(
                "there is no directory of it",
                "Are the directories whole? A newest shard that was never written to has none either.");
    }

    /** A backup never had it; why, it does not say. */
    public static Absence before() {
        return new Absence(BEFORE, "Take it from an older backup. Why it was missing was told when this one was made.");
    }

    /** A backup never had it. */
    public static Absence before(String reason) {
        return new Absence(BEFORE + ": " + reason, "Take it from an older backup.");
    }

    /** It was to come, and did not come whole. */
    public static Absence cut() {
        return new Absence(
                "it did not come whole: what was read is cut short or damaged",
                "Take the stream again, whole, or look for another copy of it.");
    }
}
