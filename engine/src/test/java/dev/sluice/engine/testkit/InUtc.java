package dev.sluice.engine.testkit;

import java.util.TimeZone;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** For a class of tests whose golden files were written in UTC. */
public final class InUtc implements BeforeAllCallback, AfterAllCallback {

    private final TimeZone before = TimeZone.getDefault();

    @Override
    public void beforeAll(ExtensionContext context) {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        TimeZone.setDefault(before);
    }
}
