package dev.sluice.engine.model;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where a copy comes from or goes to, as a command names it. */
public sealed interface End {

    /** A running influxd, by its backup port, and what is spoken there. */
    record Live(ServerAddress address, Protocol protocol) implements End {

        /** One of 1.5 or later. */
        public Live(ServerAddress address) {
            this(address, Protocol.V1_5);
        }

        @Override
        public String toString() {
            return "influxd://" + address;
        }
    }

    /** A directory in the portable format. */
    record Portable(Path directory) implements End {
        @Override
        public String toString() {
            return "portable:" + directory;
        }
    }

    /** A directory in the legacy format. */
    record Legacy(Path directory) implements End {
        @Override
        public String toString() {
            return "legacy:" + directory;
        }
    }

    /** A directory whose format its content tells; as a source also a file, which is a stream archive. */
    record Directory(Path directory) implements End {
        @Override
        public String toString() {
            return directory.toString();
        }
    }

    /**
     * The directories of a stopped server.
     *
     * @param data {@code [data] dir} of the server's configuration
     * @param meta {@code [meta] dir}; empty: beside {@code data}, under the name {@code meta}
     * @param wal {@code [data] wal-dir}; empty: beside {@code data}, under the name {@code wal}
     */
    record Data(Path data, Optional<Path> meta, Optional<Path> wal) implements End {
        /** What {@code meta} says, or stands for where it is empty. */
        public Path metaDir() {
            return meta.orElseGet(() -> data.resolveSibling("meta"));
        }

        /** What {@code wal} says, or stands for where it is empty. */
        public Path walDir() {
            return wal.orElseGet(() -> data.resolveSibling("wal"));
        }

        @Override
        public String toString() {
            return "data:" + data;
        }
    }

    /** stdin or stdout. */
    record Stream() implements End {
        @Override
        public String toString() {
            return "-";
        }
    }

    /** A server's HTTP API, which takes points as line protocol. */
    record Http(HttpEndpoint endpoint) implements End {
        @Override
        public String toString() {
            return endpoint.toString();
        }
    }

    /** A stream archive that was kept as a file; only to read from. */
    record StreamFile(Path file) implements End {
        @Override
        public String toString() {
            return "stream:" + file;
        }
    }

    /**
     * Reads {@code influxd://host:8088}, {@code http://host:8086} and {@code https://…}, {@code portable:DIR},
     * {@code legacy:DIR}, {@code data:DIR?meta=…&wal=…}, {@code stream:FILE}, {@code -}; anything else is a path.
     *
     * @throws IllegalArgumentException with a sentence that can be shown to the user
     */
    static End parse(String text) {
        if (text.equals("-")) {
            return new Stream();
        }
        if (text.startsWith("influxd://")) {
            return new Live(ServerAddress.parse(text.substring("influxd://".length())));
        }
        if (text.startsWith("http://") || text.startsWith("https://")) {
            return new Http(HttpEndpoint.parse(text));
        }
        if (text.startsWith("portable:")) {
            return new Portable(path(text, text.substring("portable:".length())));
        }
        if (text.startsWith("legacy:")) {
            return new Legacy(path(text, text.substring("legacy:".length())));
        }
        if (text.startsWith("stream:")) {
            return new StreamFile(path(text, text.substring("stream:".length())));
        }
        if (text.startsWith("data:")) {
            return data(text, text.substring("data:".length()));
        }
        return new Directory(path(text, text));
    }

    private static End data(String text, String rest) {
        int question = rest.indexOf('?');
        if (question < 0) {
            return new Data(path(text, rest), Optional.empty(), Optional.empty());
        }
        Map<String, Path> options = new HashMap<>();
        for (String option : rest.substring(question + 1).split("&", -1)) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            if (equals < 0 || !List.of("meta", "wal").contains(key)) {
                throw new IllegalArgumentException(
                        "'%s' is not understood: after '?' come meta=DIR and wal=DIR, joined by '&'".formatted(text));
            }
            options.put(key, path(text, option.substring(equals + 1)));
        }
        return new Data(
                path(text, rest.substring(0, question)),
                Optional.ofNullable(options.get("meta")),
                Optional.ofNullable(options.get("wal")));
    }

    private static Path path(String text, String path) {
        if (path.isBlank()) {
            throw new IllegalArgumentException("'%s' names no directory or file".formatted(text));
        }
        try {
            return Path.of(path);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("'%s' is not a path".formatted(path), e);
        }
    }
}
