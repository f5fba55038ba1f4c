package dev.sluice.engine.target;

/**
 * How the directories of a stopped server are restored to.
 *
 * @param names what is restored, and under which names
 * @param force databases and policies that exist are replaced
 * @param replaceMetastore the backup's metastore, users included, takes the place of the server's, as influxd has it
 */
public record DataOptions(LiveOptions names, boolean force, boolean replaceMetastore) {}
