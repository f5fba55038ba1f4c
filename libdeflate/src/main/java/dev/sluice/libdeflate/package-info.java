/** A gzip encoder over native libdeflate. Comes in: slabs of raw bytes; goes out: gzip members. */
@NullMarked
package dev.sluice.libdeflate;

import org.jspecify.annotations.NullMarked;
