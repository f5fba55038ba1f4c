package dev.sluice.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.FormatDamaged;
import dev.sluice.engine.model.Digest;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestJsonTest {

    static List<Path> recorded() throws IOException, URISyntaxException {
        var root = ManifestJsonTest.class.getResource("/fixtures/backups");
        assertThat(root).isNotNull();
        try (Stream<Path> files = Files.walk(Path.of(root.toURI()))) {
            return files.filter(file -> file.toString().endsWith(".manifest"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void findsManifestsOfThreeServerVersions() throws Exception {
        assertThat(recorded()).hasSizeGreaterThanOrEqualTo(9);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void writesWhatInfluxdWroteByteForByte(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);

        PortableManifest manifest = ManifestJson.decode(file.getFileName().toString(), bytes);

        assertThat(new String(ManifestJson.encode(manifest), StandardCharsets.UTF_8))
                .isEqualTo(new String(bytes, StandardCharsets.UTF_8));
        assertThat(manifest.run()).isEmpty();
    }

    @Test
    void keepsItsOwnKeysBehindInfluxds() {
        PortableManifest manifest = PortableManifest.of(
                new PortableManifest.Meta("s.meta", 7, Optional.of("crc32c:11111111")),
                List.of(new PortableManifest.Archive(
                        "a<b>&",
                        "日本",
                        -1,
                        "s.s18446744073709551615.tar.gz",
                        1024,
                        0,
                        Optional.of(new PortableManifest.Details("gzip", 90, "crc32c:00000000", List.of("x.tsm"))))),
                new PortableManifest.Run(
                        "since",
                        Optional.of("2026-01-01T00:00:00Z"),
                        Optional.of("a<b>&"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of("a/b/3"),
                        List.of("the server does not offer it"),
                        List.of(),
                        Optional.of("1.8.10")));

        byte[] bytes = ManifestJson.encode(manifest);

        assertThat(ManifestJson.decode("m", bytes)).isEqualTo(manifest);
        assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo("""
                        {
                          "meta": {
                            "fileName": "s.meta",
                            "size": 7,
                            "digest": "crc32c:11111111"
                          },
                          "limited": false,
                          "files": [
                            {
                              "database": "a\\u003cb\\u003e\\u0026",
                              "policy": "日本",
                              "shardID": 18446744073709551615,
                              "fileName": "s.s18446744073709551615.tar.gz",
                              "size": 1024,
                              "lastModified": 0,
                              "codec": "gzip",
                              "storedSize": 90,
                              "digest": "crc32c:00000000",
                              "tsmFiles": [
                                "x.tsm"
                              ]
                            }
                          ],
                          "sluice": {
                            "kind": "since",
                            "since": "2026-01-01T00:00:00Z",
                            "database": "a\\u003cb\\u003e\\u0026",
                            "missing": [
                              "a/b/3"
                            ],
                            "reasons": [
                              "the server does not offer it"
                            ],
                            "unchanged": [],
                            "server": "1.8.10",
                            "digest": "crc32c:e66514be"
                          }
                        }""");
    }

    /** Three shards of two databases, and one that is missing. */
    private static byte[] written() {
        return ManifestJson.encode(PortableManifest.of(
                new PortableManifest.Meta("s.meta", 7, Optional.of("crc32c:11111111")),
                List.of(archive("a", 1), archive("a", 20), archive("b", 333)),
                new PortableManifest.Run(
                        "full",
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of("a/rp/3"),
                        List.of(),
                        List.of(),
                        Optional.empty())));
    }

    private static PortableManifest.Archive archive(String database, long shard) {
        return new PortableManifest.Archive(
                database,
                "rp",
                shard,
                "s.s%d.tar.gz".formatted(shard),
                1024 * shard,
                0,
                Optional.of(
                        new PortableManifest.Details("gzip", 90 + shard, "crc32c:0000000" + shard % 7, List.of("x"))));
    }

    @Test
    void findsTheLossOfEveryEntry() {
        String text = new String(written(), StandardCharsets.UTF_8);
        var entry =
                Pattern.compile("\\s*\\{\\s*\"database\"[^}]*},?|\"a/rp/3\"").matcher(text);
        int lost = 0;
        while (entry.find()) {
            String rest = text.substring(0, entry.start()) + text.substring(entry.end());
            damaged(rest.replaceAll(",(\\s*])", "$1").getBytes(StandardCharsets.UTF_8));
            lost++;
        }
        assertThat(lost).isEqualTo(4);
    }

    @Test
    void findsEveryChangeOfADigit() {
        byte[] good = written();
        for (int at = 0; at < good.length; at++) {
            if (good[at] >= '0' && good[at] <= '9') {
                byte[] bad = good.clone();
                bad[at] = (byte) (good[at] == '9' ? '1' : good[at] + 1);
                damaged(bad);
            }
        }
    }

    /** Whatever is deleted of its bytes: all is there, or it is found, or it is none of ours, of which nothing is promised. */
    @Test
    void findsEveryDeletionThatLosesSomething() {
        byte[] good = written();
        PortableManifest whole = ManifestJson.decode("x.manifest", good);
        var random = new Random(5);
        for (int i = 0; i < 100_000; i++) {
            int from = random.nextInt(good.length);
            int to = from + 1 + random.nextInt(good.length - from);
            byte[] bad = Arrays.copyOf(good, good.length - (to - from));
            System.arraycopy(good, to, bad, from, good.length - to);
            PortableManifest read;
            try {
                read = ManifestJson.decode("x.manifest", bad);
            } catch (FormatDamaged expected) {
                continue;
            }
            if (read.run().isPresent()) {
                assertThat(read.files()).as("without %d to %d", from, to).isEqualTo(whole.files());
                assertThat(read.run().get().missing())
                        .as("without %d to %d", from, to)
                        .containsExactly("a/rp/3");
            }
        }
    }

    /** Its list of what is missing can be lost together with the digest. */
    @Test
    void aRunSaysWhatIsMissingEvenIfNothingIs() {
        damaged("""
                {"meta":{"fileName":"a.meta","size":1},"limited":false,"files":null,"sluice":{"kind":"full"}}""".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void findsEveryDigestInUse() {
        PortableManifest whole = ManifestJson.decode("x.manifest", written());

        byte[] good = ManifestJson.encode(whole, Digest.Algorithm.SHA256);

        assertThat(ManifestJson.decode("x.manifest", good)).isEqualTo(whole);
        damaged(new String(good, StandardCharsets.UTF_8)
                .replace("a/rp/3", "a/rp/4")
                .getBytes(StandardCharsets.UTF_8));
    }

    /** As it was written before there was a digest; with it taken out by hand, too. */
    @Test
    void readsARunWithoutADigest() {
        String text = new String(written(), StandardCharsets.UTF_8);
        String older = text.replaceAll(",\\s*\"digest\": \"[^\"]*\"(\\s*}\\s*}$)", "$1");
        assertThat(older).hasSizeLessThan(text.length());

        assertThat(ManifestJson.decode("x.manifest", older.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(ManifestJson.decode("x.manifest", written()));
    }

    @Test
    void refusesBytesAfterItsEnd() {
        byte[] good = written();
        ManifestJson.decode(
                "x.manifest", (new String(good, StandardCharsets.UTF_8) + "\n").getBytes(StandardCharsets.UTF_8));

        damaged((new String(good, StandardCharsets.UTF_8) + "}").getBytes(StandardCharsets.UTF_8));
    }

    private static void damaged(byte[] bytes) {
        assertThatThrownBy(() -> ManifestJson.decode("x.manifest", bytes))
                .as(() -> new String(bytes, StandardCharsets.UTF_8))
                .isInstanceOf(FormatDamaged.class)
                .hasMessageStartingWith("x.manifest ");
    }

    @Test
    void readsWhatEnterpriseWrites() {
        String json = """
                {"platform":"x","meta":{"fileName":"a.meta","size":1},"limited":true,
                 "files":[{"database":"d","policy":"p","shardID":2,"fileName":"a.s2.tar.gz","size":3,"lastModified":1600000000}],
                 "database":"d","policy":"p","shard_id":2}""";

        PortableManifest manifest = ManifestJson.decode("a.manifest", json.getBytes(StandardCharsets.UTF_8));

        assertThat(manifest.limited()).isTrue();
        assertThat(manifest.enterprise()).isEqualTo(new PortableManifest.Limits("d", "p", 2));
        assertThat(manifest.files().get(0).lastModified()).isEqualTo(1_600_000_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{\"meta\":{\"fileName\":\"../etc/passwd\",\"size\":1}}",
                "{\"meta\":{\"fileName\":\"a/b\",\"size\":1}}",
                "{\"meta\":{\"fileName\":\"\",\"size\":1}}",
                "{\"meta\":{\"fileName\":\"a\",\"size\":-1}}",
                "{\"meta\":{\"fileName\":\"a\",\"size\":99999999999999999999}}",
                "{\"meta\":{\"fileName\":\"a\",\"size\":\"1\"}}",
                "HTTP/1.1 200 OK",
            })
    void namesTheFileThatIsNoManifest(String json) {
        assertThatThrownBy(() -> ManifestJson.decode("x.manifest", json.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(FormatDamaged.class)
                .hasMessageStartingWith("x.manifest ");
    }

    @Test
    void throwsNothingElseOnDamagedBytes() throws Exception {
        byte[] good = Files.readAllBytes(recorded().get(0));
        Random random = new Random(11);
        for (int i = 0; i < 3_000; i++) {
            byte[] bad = good.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                ManifestJson.decode("x.manifest", bad);
            } catch (FormatDamaged expected) {
                assertThat(expected.file()).isEqualTo("x.manifest");
            }
        }
    }
}
