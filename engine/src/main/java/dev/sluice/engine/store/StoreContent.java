package dev.sluice.engine.store;

import java.util.List;

/**
 * All that lies in a store.
 *
 * @param files that are published, by name in ascending order
 * @param unfinished that are not, as {@link Store#unfinished()} has them
 */
public record StoreContent(List<StoreEntry> files, List<StoreEntry> unfinished) {}
