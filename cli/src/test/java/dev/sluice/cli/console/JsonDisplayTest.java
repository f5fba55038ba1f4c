package dev.sluice.cli.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.sluice.cli.Samples;
import dev.sluice.engine.event.Event;
import dev.sluice.engine.model.Notice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonDisplayTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final JsonDisplay display = new JsonDisplay(new PrintStream(out, true, StandardCharsets.UTF_8));

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void writesOneObjectALine() throws IOException {
        display.show(Samples.started(5));
        display.show(new Event.Told(Notice.warning("say \"hi\"\nthere", "")));
        display.show(new Event.ShardStarted(Samples.shard(1), 1));
        display.show(new Event.ShardRetried(Samples.shard(1), 1, Samples.damaged(1), Duration.ofMillis(250)));
        display.show(Samples.progress(1500, 10, 5, 1, 5, Samples.running(-1, 2, 7, 3)));
        Samples.partial().outcomes().forEach(outcome -> display.show(new Event.ShardFinished(outcome)));
        display.show(new Event.Finished(Samples.partial()));

        assertThat(lines()).hasSize(11);
        for (String line : lines()) {
            try (JsonParser parser = new JsonFactory().createParser(line)) {
                assertThat(parser.nextToken()).isEqualTo(com.fasterxml.jackson.core.JsonToken.START_OBJECT);
                assertThat(parser.nextFieldName()).isEqualTo("event");
                parser.nextToken();
                while (parser.nextToken() != null) {
                    // reads to the end, or throws
                }
            }
        }
    }

    @Test
    void writesAShardAsItIs() {
        display.show(new Event.ShardFinished(Samples.stored(-1, 48_100_000, 36_000_000, 2, 840)));

        assertThat(lines())
                .containsExactly("{\"event\":\"shard_finished\",\"database\":\"telemetry\",\"policy\":\"autogen\","
                        + "\"shard\":18446744073709551615,\"outcome\":\"stored\",\"attempts\":2,"
                        + "\"elapsed_seconds\":0.840,\"raw_bytes\":48100000,\"stored_bytes\":36000000,"
                        + "\"location\":\"20261123T000000Z.s-1.tar.gz\",\"compression\":\"gzip:1\","
                        + "\"digest\":\"crc32c:1a2b3c4d\",\"files\":1,\"fsync_seconds\":0.120}");
    }

    @Test
    void endsWithTheReport() {
        display.show(new Event.Finished(Samples.partial()));

        assertThat(lines())
                .singleElement()
                .asString()
                .startsWith(
                        "{\"event\":\"finished\",\"task\":\"backup\",\"complete\":false,\"damaged\":false,\"source\":\"localhost:8088\","
                                + "\"location\":\"/backups/monday/20261123T000000Z.manifest\","
                                + "\"started\":\"2026-11-23T00:00:00Z\",\"elapsed_seconds\":6.900,\"compression\":\"gzip:1\","
                                + "\"raw_bytes\":1000000,\"stored_bytes\":500000,\"fsync_seconds\":0.120,\"retries\":1,"
                                + "\"notices\":[],\"missing\":3,\"shards\":[{")
                .contains("\"outcome\":\"not_offered\"")
                .contains("\"outcome\":\"dropped\"")
                .contains("\"outcome\":\"failed\",\"attempts\":6,\"error\":\"ArchiveDamaged\"")
                .contains("\"outcome\":\"unchanged\"}");
    }

    @Test
    void endsWithTheErrorAndItsExitCode() {
        assertThat(JsonDisplay.error(Failure.of(Samples.damaged(1), 4)))
                .startsWith("{\"event\":\"error\",\"error\":\"ArchiveDamaged\"")
                .endsWith("\"exit\":4}");
    }
}
