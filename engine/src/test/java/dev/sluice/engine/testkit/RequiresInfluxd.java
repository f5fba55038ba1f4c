package dev.sluice.engine.testkit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A test, or a class of them, that needs a real influxd. Without one it is skipped, and says so on stderr. To run a
 * test against each server there is: {@code @MethodSource("dev.sluice.engine.testkit.RealInfluxd#binaries")}.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresInfluxd.Condition.class)
public @interface RequiresInfluxd {

    /** Looks for a server once; a path that was named but cannot run is an error, not a reason to skip. */
    final class Condition implements ExecutionCondition {

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (!RealInfluxd.binaries().isEmpty()) {
                return ConditionEvaluationResult.enabled("influxd: " + RealInfluxd.binaries());
            }
            String reason =
                    "NOT TESTED against a real server: no influxd is named. Run ./check, or set SLUICE_INFLUXD.";
            System.err.println(context.getDisplayName() + ": " + reason);
            return ConditionEvaluationResult.disabled(reason);
        }
    }
}
