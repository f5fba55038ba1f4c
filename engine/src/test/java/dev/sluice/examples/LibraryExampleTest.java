package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.Answers;
import dev.sluice.engine.testkit.ScriptedServer;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryExampleTest {

    private static final ShardRef SHARD = new ShardRef("db", "rp", 1);

    @TempDir
    Path directory;

    @Test
    void theReadmeShowsWhatIsCompiledHere() throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        int begin = readme.indexOf("```java\n") + "```java\n".length();
        String shown = readme.substring(begin, readme.indexOf("```", begin));

        assertThat(words(Files.readString(Path.of("src/test/java/dev/sluice/examples/LibraryExample.java"))))
                .contains(words(shown));
    }

    @Test
    void itRuns() {
        List<String> log = new CopyOnWriteArrayList<>();
        try (var server = ScriptedServer.byRequest(request -> switch (request.type()) {
            case 1 -> Script.answer(Answers.metastore(Answers.metadata(SHARD)));
            case 0 -> Script.answer(Answers.shard(SHARD, 1, 1, 100));
            default -> Script.answer(Answers.pathList(SHARD));
        })) {
            LibraryExample.backUp(server.address().toString(), directory, log::add);
        }
        assertThat(log).containsExactly("done: db/rp/1");
        assertThat(directory).isDirectoryContaining("glob:**.tar.zst");
    }

    /** Line breaks and indentation are the formatter's. */
    private static String words(String code) {
        return code.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining(" "));
    }
}
