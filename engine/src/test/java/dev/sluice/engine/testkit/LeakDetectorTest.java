package dev.sluice.engine.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Proves that the alarm rings: every other test relies on it. */
class LeakDetectorTest {

    @Test
    void isTheOneInUseAndLooksAtEveryBuffer() {
        assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
        assertThat(System.getProperty("io.netty.customResourceLeakDetector")).isEqualTo(LeakDetector.class.getName());
    }

    @Test
    void findsABufferThatNobodyReleased() {
        List<String> found = new ArrayList<>(LeakDetector.look());
        assertThat(found).isEmpty();

        forget();
        for (int i = 0; i < 100 && found.isEmpty(); i++) {
            found.addAll(LeakDetector.look());
        }

        assertThat(found).singleElement().asString().contains("ByteBuf");
    }

    private static void forget() {
        ByteBufAllocator.DEFAULT.directBuffer(16);
    }
}
