package dev.sluice.engine.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimeFieldTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m time=1,v=2 100",
                "m,t=x v=2,time=1 100",
                "m v=\"a b,c\",time=1",
                "m v=\"a\\\"b,\",time=\"x\" 100",
                "m a\\,b=1,time=1i",
                "m a\"b=1,time=1"
            })
    void isSeenWhereverItStands(String record) {
        assertThat(isIn(record)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m time=1 100",
                "m v=1 100",
                "m,time=x v=1 100",
                "m v=\"x,time=1\" 100",
                "m v=\" time=1\",w=2 100",
                "m uptime=1,times=2,time\\=x=3 100",
                "m a\\,time=1,v=1 100",
                "m",
                "m time"
            })
    void isNotSeenWhereItIsNone(String record) {
        assertThat(isIn(record)).isFalse();
    }

    private static boolean isIn(String record) {
        byte[] bytes = ("## " + record).getBytes(StandardCharsets.UTF_8);
        int key = record.indexOf(' ') < 0 ? record.length() : record.indexOf(' ');
        return TimeField.isIn(bytes, 3, bytes.length - 3, key);
    }
}
