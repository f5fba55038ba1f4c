/** The command line: arguments in, exit code and text out. */
@NullMarked
package dev.sluice.cli;

import org.jspecify.annotations.NullMarked;
