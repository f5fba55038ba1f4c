/**
 * What is written in flags, in the environment and in the configuration file. Words come in; values of the
 * engine's {@code model} go out, or a {@link dev.sluice.cli.option.UsageError} that says which word is wrong,
 * where it came from and what was meant.
 *
 * <p>Flags are read as Go reads them: one dash or two, {@code -flag value} or {@code -flag=value}, before or
 * after the path.
 */
@NullMarked
package dev.sluice.cli.option;

import org.jspecify.annotations.NullMarked;
