package dev.sluice.engine.wire;

import static dev.sluice.engine.wire.Recorded.buffer;
import static dev.sluice.engine.wire.Recorded.drain;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.error.MalformedResponse;
import dev.sluice.engine.model.ShardRef;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathListTest {

    static Stream<Arguments> recorded() {
        return Recorded.versions()
                .flatMap(version -> Stream.of(
                        Arguments.of(version, "dbinfo-all", 20),
                        Arguments.of(version, "dbinfo-one", 8),
                        Arguments.of(version, "rpinfo", 3)));
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void readsAndWritesWhatServersSend(String version, String name, int shards) {
        byte[] bytes = Recorded.rpc(version, name + ".response");

        PathList list = PathList.decode(buffer(bytes));

        assertThat(list.shards()).hasSize(shards).startsWith(new ShardRef("telemetry", "autogen", 1));
        assertThat(drain(list.encode(ByteBufAllocator.DEFAULT))).isEqualTo(bytes);
    }

    @Test
    void readsNamesWithDotsSpacesAndLettersOfAllKinds() {
        assertThat(PathList.decode(buffer(Recorded.rpc("1.8.10", "dbinfo-all.response")))
                        .shards())
                .contains(
                        new ShardRef("telemetry", "raw data", 7),
                        new ShardRef("edge.site-7", "one.week", 12),
                        new ShardRef("plant 日本", "one.week", 20));
    }

    @Test
    void readsAServerWithoutShards() {
        assertThat(decode("{\"Paths\":null}\n").shards()).isEmpty();
        assertThat(decode("{\"Paths\":[]}").shards()).isEmpty();
        assertThat(drain(new PathList(List.of()).encode(ByteBufAllocator.DEFAULT)))
                .isEqualTo("{\"Paths\":null}\n".getBytes(UTF_8));
    }

    @Test
    void readsTheSeparatorsOfWindows() {
        assertThat(decode("{\"Paths\":[\"telemetry\\\\raw data\\\\18446744073709551615\"]}\n")
                        .shards())
                .containsExactly(new ShardRef("telemetry", "raw data", -1));
    }

    @Test
    void readsAndWritesTheEscapesOfGo() {
        String text = "{\"Paths\":[\"a\\u003cb\\u003e/\\u0026\\\"/1\"]}\n";

        PathList list = decode(text);

        assertThat(list.shards()).containsExactly(new ShardRef("a<b>", "&\"", 1));
        assertThat(new String(drain(list.encode(ByteBufAllocator.DEFAULT)), UTF_8))
                .isEqualTo(text);
    }

    @Test
    void passesOverFieldsThatItDoesNotKnow() {
        assertThat(decode("{\"x\":{\"Paths\":[1]},\"paths\":[\"a/b/1\"],\"y\":2}")
                        .shards())
                .containsExactly(new ShardRef("a", "b", 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "{}",
                "{\"error\":\"not found\"}",
                "{\"Paths\":\"a/b/1\"}",
                "{\"Paths\":{}}",
                "{\"Paths\":[1]}",
                "{\"Paths\":[null]}",
                "{\"Paths\":[[\"a/b/1\"]]}",
                "{\"Paths\":[\"a/b/1\"",
                "{\"Paths\":[\"a/b/1\"]",
                "{\"Paths\":[\"a/b/1\"]}x",
                "{\"Paths\":[\"a/b/1\"]}{}",
                "{\"Paths\":[\"a/b/1\",]}",
                "{\"Paths\":[\"\"]}",
                "{\"Paths\":[\"a/b\"]}",
                "{\"Paths\":[\"a/b/c/1\"]}",
                "{\"Paths\":[\"a/b/x\"]}",
                "{\"Paths\":[\"a/b/-1\"]}",
                "{\"Paths\":[\"a/b/18446744073709551616\"]}",
                "{\"Paths\":[\"../b/1\"]}",
                "{\"Paths\":[\"/b/1\"]}",
                "HTTP/1.1 400 Bad Request\r\n\r\n",
            })
    void refusesWhatIsNotAListOfShards(String text) {
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> decode(text))
                .withMessageStartingWith("shard list: ")
                .satisfies(e -> assertThat(e.offset()).isBetween(0L, (long) text.length()));
    }

    @Test
    void saysWhichPathIsWrongAndWhere() {
        assertThatExceptionOfType(MalformedResponse.class)
                .isThrownBy(() -> decode("{\"Paths\":[\"a/b/1\",\"a\\u001b[31m/b\"]}"))
                .withMessageContaining("'a?[31m/b' is not database/policy/shard")
                .satisfies(e -> assertThat(e.offset()).isEqualTo(18));
    }

    @Test
    void refusesEveryTruncation() {
        byte[] bytes = Recorded.rpc("1.8.10", "dbinfo-all.response");
        for (int length = 0; length < bytes.length - 1; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatExceptionOfType(MalformedResponse.class).isThrownBy(() -> PathList.decode(buffer(cut)));
        }
    }

    @Test
    void garbageIsRefusedAndNothingElse() {
        var random = new Random(7);
        byte[] sample = Recorded.rpc("1.8.10", "dbinfo-all.response");
        int refused = 0;
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = Arrays.copyOf(sample, i % 3 == 0 ? random.nextInt(sample.length) : sample.length);
            if (i % 5 == 0) {
                random.nextBytes(bytes);
            }
            for (int n = random.nextInt(3); n > 0 && bytes.length > 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                PathList list = PathList.decode(buffer(bytes));
                assertThat(PathList.decode(buffer(drain(list.encode(ByteBufAllocator.DEFAULT)))))
                        .isEqualTo(list);
                read++;
            } catch (MalformedResponse e) {
                assertThat(e.offset()).isBetween(0L, (long) bytes.length);
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(1000);
        assertThat(read).isGreaterThan(1000);
    }

    private static PathList decode(String text) {
        return PathList.decode(buffer(text.getBytes(UTF_8)));
    }
}
