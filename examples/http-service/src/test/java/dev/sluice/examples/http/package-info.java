/** The example, tried. */
@NullMarked
package dev.sluice.examples.http;

import org.jspecify.annotations.NullMarked;
