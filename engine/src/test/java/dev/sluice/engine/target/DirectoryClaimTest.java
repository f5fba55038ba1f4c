package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.error.DirectoriesInUse;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryClaimTest {

    @TempDir
    Path temp;

    private Path meta;
    private Path file;

    @BeforeEach
    void directories() throws IOException {
        meta = Files.createDirectories(temp.resolve("meta"));
        file = meta.resolve("sluice.lock");
    }

    @Test
    void aSecondOneOfThisProcessIsRefusedUntilTheFirstIsOver() throws IOException {
        DirectoryClaim first = DirectoryClaim.take(meta);

        assertTaken("this process");
        assertTaken("this process"); // to be refused has given nothing up

        first.release();
        assertThat(meta).isEmptyDirectory();
        DirectoryClaim.take(meta).release();
    }

    @Test
    void theSameDirectoryByAnotherPathIsTheSame() throws IOException {
        Path link = Files.createSymbolicLink(temp.resolve("link"), meta);
        DirectoryClaim first = DirectoryClaim.take(meta);

        assertThatThrownBy(() -> DirectoryClaim.take(link)).isInstanceOf(DirectoriesInUse.class);

        first.release();
    }

    @Test
    void oneOfAnotherProcessIsRefusedByItsNumber() throws Exception {
        Process other = otherProcess();
        try {
            assertTaken("pid " + other.pid());
            assertTaken("pid " + other.pid());
            assertThat(file).exists();
            other.outputWriter().close();

            assertThat(other.waitFor()).isZero();
        } finally {
            other.destroyForcibly();
        }

        assertThat(meta).isEmptyDirectory();
        DirectoryClaim.take(meta).release();
    }

    @Test
    void anotherProcessIsRefusedByThisOne() throws Exception {
        DirectoryClaim mine = DirectoryClaim.take(meta);
        assertTaken("this process"); // which must not give up the system's lock

        Process other = otherProcess();
        try {
            assertThat(other.waitFor()).isNotZero();
        } finally {
            other.destroyForcibly();
        }

        mine.release();
        assertThat(meta).isEmptyDirectory();
    }

    /** Its file stays; its lock goes with it. */
    @Test
    void aProcessThatWasKilledIsInNobodysWay() throws Exception {
        Process other = otherProcess();
        assertThat(other.destroyForcibly().waitFor()).isNotZero();
        assertThat(file).exists();

        DirectoryClaim claim = DirectoryClaim.take(meta);

        assertThat(file).content().startsWith("pid " + ProcessHandle.current().pid());
        claim.release();
        assertThat(meta).isEmptyDirectory();
    }

    @Test
    void aDirectoryThatHadToBeMadeGoesIfNothingCameToLieInIt() throws IOException {
        Path made = temp.resolve("new/meta");

        DirectoryClaim.take(made).release();
        assertThat(temp.resolve("new")).doesNotExist();

        DirectoryClaim used = DirectoryClaim.take(made);
        Files.createFile(made.resolve("meta.db"));
        used.release();
        assertThat(made).isDirectoryContaining("glob:**meta.db");
        assertThat(made).isDirectoryNotContaining("glob:**sluice.lock");
    }

    /** Who ends removes the file, maybe between another one's opening and locking it: that lock would keep nobody away. */
    @Test
    void aLockOnAFileThatIsNotThereAnyMoreIsTakenAgain() throws IOException {
        for (boolean madeAnew : List.of(false, true)) {
            var times = new int[1];

            DirectoryClaim claim = DirectoryClaim.take(meta, new HashSet<>(), channel -> {
                FileLock lock = channel.tryLock(1L << 30, 1, false);
                if (times[0]++ == 0) {
                    Files.delete(file);
                    if (madeAnew) {
                        Files.writeString(file, "pid 1, another");
                    }
                }
                return lock;
            });

            assertThat(times[0]).isEqualTo(2);
            assertThat(file)
                    .content()
                    .startsWith("pid " + ProcessHandle.current().pid());
            claim.release();
            assertThat(meta).isEmptyDirectory();
        }
    }

    @Test
    void whereFilesCannotBeLockedThatIsToldAndNothingStays() throws IOException {
        DirectoryClaim claim = DirectoryClaim.take(meta, new HashSet<>(), channel -> {
            throw new IOException("No locks available");
        });

        assertThat(claim.problem())
                .hasValueSatisfying(
                        problem -> assertThat(problem.message()).contains(meta.toString(), "No locks available"));
        assertThat(meta).isEmptyDirectory();
        claim.release();
    }

    /** Root follows nobody to another file. */
    @Test
    void aLinkIsNotFollowed() throws IOException {
        Path precious = Files.writeString(temp.resolve("precious"), "content");
        Files.createSymbolicLink(file, precious);

        assertThatThrownBy(() -> DirectoryClaim.take(meta)).isInstanceOf(IOException.class);

        assertThat(precious).hasContent("content");
    }

    private void assertTaken(String by) {
        assertThatThrownBy(() -> DirectoryClaim.take(meta))
                .isInstanceOf(DirectoriesInUse.class)
                .hasMessageContaining("another restore works on " + meta)
                .hasMessageContaining(by);
    }

    /** Has tried when this returns. */
    private Process otherProcess() throws IOException {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Other.class.getName(),
                        meta.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(other.inputReader().readLine()).isIn("taken", "refused");
        return other;
    }

    /** Holds the directory until its input ends. */
    static final class Other {

        private Other() {}

        public static void main(String[] args) throws IOException {
            DirectoryClaim claim;
            try {
                claim = DirectoryClaim.take(Path.of(args[0]));
            } catch (DirectoriesInUse e) {
                System.out.println("refused");
                System.exit(1);
                return;
            }
            System.out.println("taken");
            while (System.in.read() >= 0) {
                // its end is what is waited for
            }
            claim.release();
        }
    }
}
