package dev.sluice.engine.transfer;

import dev.sluice.engine.error.NotThere;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files of a directory that are to be imported, in their order. */
final class InputFiles {

    /** What an import of one file keeps beside it, and what it is before it is renamed: no inputs. */
    private static final List<String> KEPT_BESIDE = List.of(".sluice-progress", ".sluice-progress.new");

    /** As an export numbers its parts. */
    private static final Pattern PART = Pattern.compile("(?<=.)-(\\d{3,18})(?=\\.|$)");

    private InputFiles() {}

    /** All but hidden ones and those that an import writes; blocking. */
    static List<Input> in(Path directory, ImportOptions options) {
        List<Input> inputs;
        try (Stream<Path> entries = Files.list(directory)) {
            inputs = entries.filter(Files::isRegularFile)
                    .filter(path -> !path.getFileName().toString().startsWith("."))
                    .filter(path -> !isOwn(path, options))
                    .sorted(Comparator.comparing(InputFiles::orderOf).thenComparing(Comparator.naturalOrder()))
                    .map(Input::of)
                    .toList();
        } catch (IOException e) {
            throw Input.failed(directory.toString(), e);
        }
        if (inputs.isEmpty()) {
            throw new NotThere("%s has no files".formatted(directory), "'sluice export --out DIR' writes some.");
        }
        return inputs;
    }

    /** Its name, with the number of a part as long as any: the thousandth one comes behind the last with three digits. */
    private static String orderOf(Path file) {
        return PART.matcher(file.getFileName().toString())
                .replaceFirst(part -> "-" + "0".repeat(18 - part.group(1).length()) + part.group(1));
    }

    /** Whether an import writes it, now or at another time. */
    private static boolean isOwn(Path file, ImportOptions options) {
        Path place = file.toAbsolutePath().normalize();
        return KEPT_BESIDE.stream().anyMatch(file.toString()::endsWith)
                || Stream.concat(options.rejects().stream(), options.progress().stream())
                        .anyMatch(own -> own.toAbsolutePath().normalize().equals(place));
    }
}
