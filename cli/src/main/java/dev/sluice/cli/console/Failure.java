package dev.sluice.cli.console;

import dev.sluice.engine.error.SluiceException;

/**
 * Why a command has ended without what was asked for.
 *
 * @param name what programs know it by
 * @param hint what to do; may be blank
 */
public record Failure(String name, String message, String hint, int exitCode) {

    public static Failure of(SluiceException error, int exitCode) {
        return new Failure(error.getClass().getSimpleName(), error.getMessage(), error.hint(), exitCode);
    }
}
