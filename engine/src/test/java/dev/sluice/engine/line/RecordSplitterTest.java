package dev.sluice.engine.line;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.line.RecordSplitter.Kind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RecordSplitterTest {

    private static final int LIMIT = 1000;

    private record Cut(Kind kind, String text, String key, long line) {}

    private static List<Cut> split(String file, int piece) {
        return split(file, piece, new RecordSplitter(LIMIT));
    }

    private static List<Cut> split(String file, int piece, RecordSplitter splitter) {
        byte[] bytes = file.getBytes(StandardCharsets.ISO_8859_1);
        var records = new ArrayList<Cut>();
        for (int from = 0; from < bytes.length; from += piece) {
            splitter.feed(Unpooled.wrappedBuffer(bytes, from, Math.min(piece, bytes.length - from)));
            drain(splitter, records);
        }
        splitter.end();
        drain(splitter, records);
        assertThat(splitter.endOffset()).isEqualTo(bytes.length);
        return records;
    }

    private static void drain(RecordSplitter splitter, List<Cut> records) {
        while (splitter.next()) {
            String text = new String(
                    splitter.array(), splitter.offsetInArray(), splitter.length(), StandardCharsets.ISO_8859_1);
            records.add(new Cut(splitter.kind(), text, text.substring(0, splitter.keyLength()), splitter.line()));
        }
    }

    private static List<String> texts(String file) {
        return split(file, 7).stream().map(Cut::text).toList();
    }

    @Test
    void cutsAtNewlinesAndTakesTheLastLineWithoutOne() {
        assertThat(split("m,a=b v=1 1\nm v=2", 3))
                .containsExactly(
                        new Cut(Kind.RECORD, "m,a=b v=1 1", "m,a=b", 1), new Cut(Kind.RECORD, "m v=2", "m", 2));
    }

    @Test
    void keepsNewlinesInsideStrings() {
        assertThat(split("m s=\"a\n# not a comment\n\nb\",t=\"x\\\"\ny\" 1\nm v=2 2\n", 5))
                .containsExactly(
                        new Cut(Kind.RECORD, "m s=\"a\n# not a comment\n\nb\",t=\"x\\\"\ny\" 1", "m", 1),
                        new Cut(Kind.RECORD, "m v=2 2", "m", 6));
    }

    @Test
    void keepsEscapedNewlinesInNames() {
        assertThat(texts("a\\\nb,t=c\\\nd f\\\ng=1 1\nm v=1 1\n"))
                .containsExactly("a\\\nb,t=c\\\nd f\\\ng=1 1", "m v=1 1");
    }

    @Test
    void quotesInNamesOpenNothing() {
        assertThat(texts("\"m\",t=\"a b\"=1 1\nm,t=\" v=1 1\nx \"y=1 1\nz v=1\n"))
                .containsExactly("\"m\",t=\"a b\"=1 1", "m,t=\" v=1 1", "x \"y=1 1", "z v=1");
    }

    @Test
    void dropsCarriageReturnsOfLineEndsButNotThoseInStrings() {
        assertThat(texts("m v=1 1\r\nm s=\"a\r\nb\" 2\r\n\r\nm v=3 3\r"))
                .containsExactly("m v=1 1", "m s=\"a\r\nb\" 2", "", "m v=3 3");
    }

    @Test
    void tellsCommentsAndBlankLines() {
        assertThat(split("# it's \"open\n\n  \t\n  # x\nm v=1\n", 4).stream().map(Cut::kind))
                .containsExactly(Kind.COMMENT, Kind.BLANK, Kind.BLANK, Kind.COMMENT, Kind.RECORD);
    }

    @Test
    void passesBytesThatAreNoText() {
        assertThat(texts("m\u00ff\u0000 s=\"\u00fe\u0080\" 1\nn v=1\n"))
                .containsExactly("m\u00ff\u0000 s=\"\u00fe\u0080\" 1", "n v=1");
    }

    @Test
    void aQuoteThatNeverClosesCostsItsOwnLineOnly() {
        assertThat(split("m s=\"open 1\nm v=2 2\nm v=3 3\n", 6))
                .extracting(Cut::kind, Cut::text)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(Kind.UNCLOSED, "m s=\"open 1"),
                        org.assertj.core.groups.Tuple.tuple(Kind.RECORD, "m v=2 2"),
                        org.assertj.core.groups.Tuple.tuple(Kind.RECORD, "m v=3 3"));
    }

    @Test
    void aQuoteThatDoesNotCloseWithinTheLimitCostsItsOwnLineOnly() {
        String rest = "m v=1 1\n".repeat(300);

        List<Cut> records = split("m s=\"open\n" + rest, 50);

        assertThat(records).hasSize(301);
        assertThat(records.get(0).kind()).isEqualTo(Kind.UNCLOSED);
        assertThat(records.get(300)).isEqualTo(new Cut(Kind.RECORD, "m v=1 1", "m", 301));
    }

    /** The heap is 64 MB by the start script. */
    @Test
    void aQuoteThatNeverClosesTakesNoMoreMemoryThanTheLimit() {
        int limit = 20_000_000;
        var splitter = new RecordSplitter(limit);
        splitter.feed(Unpooled.copiedBuffer("m s=\"open\n", StandardCharsets.US_ASCII));
        ByteBuf piece = Unpooled.wrappedBuffer("m v=1 1\n".repeat(8192).getBytes(StandardCharsets.US_ASCII));

        while (!splitter.next()) {
            splitter.feed(piece);
        }

        assertThat(splitter.kind()).isEqualTo(Kind.UNCLOSED);
        assertThat(splitter.array()).hasSizeLessThan(limit + (2 << 20));
    }

    @Test
    void aLineBeyondTheLimitIsSkippedToItsEnd() {
        List<Cut> records = split("a v=1\nm s=\"" + "x".repeat(5000) + "\" 1\nb v=2\nc v=3", 64);

        assertThat(records).extracting(Cut::kind).containsExactly(Kind.RECORD, Kind.TOO_LONG, Kind.RECORD, Kind.RECORD);
        assertThat(records.get(1).text()).hasSize(LIMIT).startsWith("m s=\"xxx");
        assertThat(records.get(2)).isEqualTo(new Cut(Kind.RECORD, "b v=2", "b", 3));
    }

    @Test
    void plainLinesEndAtEveryNewlineAndARecordCanBeReadAgain() {
        var splitter = new RecordSplitter(LIMIT);
        splitter.plain(true);
        splitter.feed(Unpooled.copiedBuffer("SET x = \"\nm s=\"a\nb\" 1\n", StandardCharsets.US_ASCII));

        assertThat(splitter.next()).isTrue();
        assertThat(splitter.length()).isEqualTo(9);
        assertThat(splitter.next()).isTrue();
        assertThat(splitter.length()).isEqualTo(6);
        splitter.plain(false);
        splitter.again();
        assertThat(splitter.next()).isTrue();
        assertThat(splitter.length()).isEqualTo(11);
        assertThat(splitter.line()).isEqualTo(2);
        assertThat(splitter.next()).isFalse();
    }

    @Test
    void cutsLinesOfAnExportTheSameHoweverTheyArrive() {
        var random = new Random(4);
        String[] keys = {
            "cpu,host=a", "cpu,host=a,region=eu\\ west", "cpu", "cpu,host=b", "\u00fc,t=\u00ff", " cpu", "a=b"
        };
        String[] fields = {
            "v=1", "s=\"x\"", "s=\"a\nb c\"", "long_name=12.5,other=7i", "v=1\\", "s=\"", "v=\u00ff\u008a"
        };
        String[] ends = {"\n", " 1\n", " 1600000000000000000\n", " 1600000000000000000\r\n", "\n\n", "\r\n# it's\n"};
        for (int round = 0; round < 300; round++) {
            var file = new StringBuilder();
            String key = "m";
            for (int i = random.nextInt(30); i >= 0; i--) {
                key = random.nextInt(3) == 0 ? keys[random.nextInt(keys.length)] : key;
                file.append(key)
                        .append(random.nextInt(20) == 0 ? "" : " ")
                        .append(fields[random.nextInt(4) > 0 ? 0 : random.nextInt(fields.length)])
                        .append(ends[random.nextInt(ends.length)]);
            }
            assertThat(split(file.toString(), 1 << 20))
                    .as("%s", file)
                    .isEqualTo(split(file.toString(), 1 + random.nextInt(3)));
        }
    }

    @Test
    void tellsThatAKeyIsTheOneBefore() {
        var splitter = new RecordSplitter(LIMIT);
        splitter.feed(Unpooled.copiedBuffer(
                "m,a=b v=1 1\nm,a=b w=2\nm,a v=1\nm,a=b v=1\nm,a=b\\ c v=1\n", StandardCharsets.US_ASCII));
        var same = new ArrayList<Boolean>();
        while (splitter.next()) {
            same.add(splitter.sameKey());
        }

        assertThat(same).containsExactly(false, true, false, false, false);
    }

    @Test
    void cutsTheSameHoweverTheBytesArrive() {
        var random = new Random(3);
        String alphabet = "m,=\" \\\n\r#va1\t";
        for (int round = 0; round < 300; round++) {
            var file = new StringBuilder();
            for (int i = random.nextInt(200); i >= 0; i--) {
                file.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            List<Cut> whole = split(file.toString(), 1 << 20);
            assertThat(split(file.toString(), 1 + random.nextInt(9)))
                    .as("%s", file)
                    .isEqualTo(whole);
        }
    }
}
