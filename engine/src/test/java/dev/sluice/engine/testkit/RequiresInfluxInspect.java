package dev.sluice.engine.testkit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A test, or a class of them, that needs the original's tool for files. Without it it is skipped, and says so. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresInfluxInspect.Condition.class)
public @interface RequiresInfluxInspect {

    /** A path that was named but cannot run is an error, not a reason to skip. */
    final class Condition implements ExecutionCondition {

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (InfluxInspect.named()) {
                return ConditionEvaluationResult.enabled("influx_inspect: " + InfluxInspect.path());
            }
            String reason = "NOT TESTED beside the original: no influx_inspect is named. Set INFLUX_INSPECT.";
            System.err.println(context.getDisplayName() + ": " + reason);
            return ConditionEvaluationResult.disabled(reason);
        }
    }
}
