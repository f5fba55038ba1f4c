package dev.sluice.engine.store;

import dev.sluice.engine.error.InvalidRequest;

/** Which names a store takes. They may come from a manifest that somebody else wrote. */
final class FileNames {

    private FileNames() {}

    static String check(String name) {
        boolean valid = !name.isEmpty()
                && !name.startsWith(".")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
        if (!valid) {
            throw new InvalidRequest(
                    "not a name for a file in a store: '%s'".formatted(name.replaceAll("\\p{Cntrl}", "?")),
                    "Names have no slash or control character and do not begin with a dot. "
                            + "If it stands in a manifest, the manifest is damaged or was tampered with.");
        }
        return name;
    }
}
