/**
 * The metastore: databases, retention policies, shard groups and users of a server. Bytes come in as
 * {@link dev.sluice.engine.model.Metadata} and go out as an immutable view, or the other way round. The view
 * shows what backups need; the bytes keep what it does not show. No input or output happens here.
 */
@NullMarked
package dev.sluice.engine.meta;

import org.jspecify.annotations.NullMarked;
