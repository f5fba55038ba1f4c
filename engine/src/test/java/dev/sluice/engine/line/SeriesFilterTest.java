package dev.sluice.engine.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SeriesFilterTest {

    private static boolean takes(SeriesFilter filter, String series) {
        byte[] bytes = series.getBytes(StandardCharsets.UTF_8);
        return filter.takes(bytes, bytes.length);
    }

    @Test
    void takesWholeNamesOnly() {
        SeriesFilter filter = SeriesFilter.of(List.of("cpu", "my m,x"), Map.of());

        assertThat(takes(filter, "cpu")).isTrue();
        assertThat(takes(filter, "cpu,host=a")).isTrue();
        assertThat(takes(filter, "cpu2,host=a")).isFalse();
        assertThat(takes(filter, "my\\ m\\,x,host=a")).isTrue();
    }

    @Test
    void wantsEveryTag() {
        SeriesFilter filter = SeriesFilter.of(List.of(), Map.of("host", "a b", "k=1", "x"));

        assertThat(takes(filter, "m,host=a\\ b,k\\=1=x")).isTrue();
        assertThat(takes(filter, "m,host=a\\ b")).isFalse();
        assertThat(takes(filter, "m,host=a\\ b,k\\=1=y")).isFalse();
        assertThat(takes(filter, "m,host=a\\ b,k\\=1=x,z=1")).isTrue();
        assertThat(takes(filter, "m")).isFalse();
        assertThat(takes(SeriesFilter.ALL, "m")).isTrue();
    }
}
