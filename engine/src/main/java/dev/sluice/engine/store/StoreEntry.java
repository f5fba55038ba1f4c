package dev.sluice.engine.store;

/**
 * A file of a store.
 *
 * @param size in bytes
 */
public record StoreEntry(String name, long size) {}
