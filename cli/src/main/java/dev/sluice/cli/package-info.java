/**
 * The command line: arguments in, exit code and text out. {@link dev.sluice.cli.Main} starts it and
 * {@code command} knows the commands, {@code option} what is written in their flags, {@code console} what a
 * person or a script gets to see.
 *
 * <p>Nothing here opens a socket or a shard: commands build requests for {@link dev.sluice.engine.SluiceEngine}
 * and show its events. No class of Reactor or Netty is loaded before a command needs the engine, so that
 * {@code --help} answers at once.
 */
@NullMarked
package dev.sluice.cli;

import org.jspecify.annotations.NullMarked;
