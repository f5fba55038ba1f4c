package dev.sluice.libdeflate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.stage.codec.GzipEncoderProvider;
import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The jars as a modular application finds them, next to each other on its module path. */
class ModulePathIT {

    /** A name that is made of the file's would change with it, and nobody could publish a module that requires it. */
    @Test
    void theirNamesDoNotHangOnThoseOfTheFiles() throws Exception {
        assertThat(nameIn(SluiceEngine.class)).isEqualTo("dev.sluice.engine");
        assertThat(nameIn(LibdeflateProvider.class)).isEqualTo("dev.sluice.libdeflate");
    }

    /** That no package is in two of them is looked at when they are resolved. */
    @Test
    void theEngineRunsAndFindsItsEncoder() throws Exception {
        ModuleLayer layer = layer();
        Class<?> engine = layer.findLoader("dev.sluice.engine").loadClass("dev.sluice.engine.SluiceEngine");

        try (var made = (AutoCloseable) engine.getMethod("create").invoke(null)) {
            assertThat(made.getClass().getModule().getName()).isEqualTo("dev.sluice.engine");
        }
        Class<?> service = layer.findLoader("dev.sluice.engine").loadClass(GzipEncoderProvider.class.getName());
        assertThat(encoders(layer, service)).containsExactly("dev.sluice.libdeflate");
    }

    private static List<String> encoders(ModuleLayer layer, Class<?> service) {
        ModulePathIT.class.getModule().addUses(service);
        return ServiceLoader.load(layer, service).stream()
                .map(provider -> provider.type().getModule().getName())
                .toList();
    }

    private static ModuleLayer layer() {
        ModuleFinder jars = ModuleFinder.of(jars());
        Set<String> all =
                jars.findAll().stream().map(jar -> jar.descriptor().name()).collect(Collectors.toSet());
        Configuration resolved = ModuleLayer.boot().configuration().resolve(jars, ModuleFinder.of(), all);
        return ModuleLayer.boot().defineModulesWithOneLoader(resolved, ClassLoader.getPlatformClassLoader());
    }

    /** What an application has: not the tests, nor what they need. */
    private static Path[] jars() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar") && !entry.endsWith("-tests.jar"))
                .filter(entry -> !entry.matches(
                        ".*(junit|opentest4j|apiguardian|assertj|byte-buddy|surefire|failsafe|jacoco).*"))
                .map(Path::of)
                .toArray(Path[]::new);
    }

    private static String nameIn(Class<?> type) throws URISyntaxException {
        Path jar =
                Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        assertThat(jar.toString()).as("what the class comes from").endsWith(".jar");
        return ModuleFinder.of(jar).findAll().stream()
                .map(ModuleReference::descriptor)
                .findFirst()
                .orElseThrow()
                .name();
    }
}
