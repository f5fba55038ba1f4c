package dev.sluice.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.netty.channel.ChannelOption;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rooms know each other one way only: a room uses those before it in the list, and never the front door. */
class RoomsTest {

    private static final String ENGINE = "dev.sluice.engine";

    /** As the page of {@code dev.sluice.engine} has them; a room that is not built yet has its place too. */
    private static final List<String> ROOMS = List.of(
            "model",
            "error",
            "event",
            "flow",
            "wire",
            "transport",
            "http",
            "tar",
            "meta",
            "tsm",
            "line",
            "stage",
            "store",
            "format",
            "source",
            "target",
            "copy",
            "transfer",
            "serve");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ENGINE);

    static Stream<String> rooms() {
        return ROOMS.stream();
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void usesOnlyRoomsBeforeItself(String room) {
        String[] behind = IntStream.range(ROOMS.indexOf(room) + 1, ROOMS.size())
                .mapToObj(i -> ENGINE + "." + ROOMS.get(i) + "..")
                .toArray(String[]::new);

        noClasses()
                .that()
                .resideInAPackage(ENGINE + "." + room + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(behind)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage(ENGINE)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void everyRoomHasItsPlaceInTheList() {
        assertThat(CLASSES.getPackage(ENGINE).getSubpackages())
                .extracting(JavaPackage::getRelativeName)
                .isNotEmpty()
                .isSubsetOf(ROOMS);
    }

    @Test
    void theEngineNeedsNoCommandLineAndNoLoggingBackend() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.sluice.cli..", "picocli..", "org.slf4j.simple..", "ch.qos..")
                .check(CLASSES);
    }

    /** Services with Spring Boot 3 have Netty 4.1, where no constant has this name; the older one means the same in both. */
    @Test
    void nothingIsNamedAsOnlyNewerNettysNameIt() {
        noClasses()
                .should()
                .accessField(ChannelOption.class, "RECVBUF_ALLOCATOR")
                .check(CLASSES);
    }

    /** Who meets others at such a queue or lock is parked, and buffers are brought by event loops. */
    @Test
    void nobodyWaitsAtABlockingQueueOrALock() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(BlockingQueue.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.util.concurrent.locks")
                .check(CLASSES);
    }
}
