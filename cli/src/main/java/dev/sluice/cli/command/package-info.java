/**
 * The commands. Each turns its flags into a request, hands it to the engine, lets {@code console} show the
 * events and answers with an exit code.
 *
 * <p>Comes in: the process's arguments. Goes out: an {@link dev.sluice.cli.command.ExitCode}. The classes that
 * picocli reflects on name no type of Reactor; what runs a flow stands in classes of its own
 * ({@link dev.sluice.cli.command.CopyRun}), which are loaded when a flow runs.
 */
@NullMarked
package dev.sluice.cli.command;

import org.jspecify.annotations.NullMarked;
