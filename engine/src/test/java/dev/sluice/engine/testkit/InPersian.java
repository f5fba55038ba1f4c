package dev.sluice.engine.testkit;

import java.util.Locale;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A locale that writes numbers in digits of its own, for the time of a test. */
public final class InPersian implements BeforeEachCallback, AfterEachCallback {

    private final Locale before = Locale.getDefault();

    @Override
    public void beforeEach(ExtensionContext context) {
        Locale.setDefault(Locale.forLanguageTag("fa-IR"));
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Locale.setDefault(before);
    }
}
