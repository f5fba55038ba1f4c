package dev.sluice.engine.meta;

import dev.sluice.engine.model.Metadata;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/** Metastores of real servers. */
final class Recorded {

    private static final Map<String, String> META_FILES = Map.of(
            "1.6.7", "20261123T002420Z.meta",
            "1.8.10", "20261123T002426Z.meta",
            "1.12.4", "20261123T002433Z.meta");

    private Recorded() {}

    static Stream<String> versions() {
        return META_FILES.keySet().stream().sorted();
    }

    /** The metastore as the RPC gives it. */
    static Metadata metadata(String version) {
        byte[] answer = read("/fixtures/backups/%s/rpc/meta.response".formatted(version));
        return Metadata.of(Arrays.copyOfRange(answer, 16, answer.length - 13));
    }

    /** What the original tool made of it. */
    static byte[] metaFile(String version) {
        return read("/fixtures/backups/%s/portable-all/%s".formatted(version, META_FILES.get(version)));
    }

    private static byte[] read(String path) {
        try (InputStream in = Recorded.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalArgumentException("no fixture " + path);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
