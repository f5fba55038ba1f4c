package dev.sluice.cli.option;

import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Digest;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How a backup is written: its codec and digests, and what may be used for it. */
public final class WritingFlags {

    private static final String COMPRESSION = "--compression";

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it before a flag is read
    private CommandSpec command;

    @Option(
            names = COMPRESSION,
            paramLabel = "CODEC",
            converter = Values.Codec.class,
            description =
                    "gzip[:0-9], zstd[:-7-19] or none. Default: gzip:1; zstd for a stream. gzip:0 stores, which influxd reads too; "
                            + "zstd is smaller and faster, but influxd cannot read it.")
    private @Nullable Compression compression;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Values.Bytes.class,
            description = "At most so many bytes in flight, over all shards. Default: 32MiB.")
    private @Nullable Long memory;

    @Option(
            names = "--digest",
            paramLabel = "NAME",
            converter = Values.DigestName.class,
            description = "Checksum of each stored file in a portable manifest: crc32c (default) or sha256.")
    private Digest.@Nullable Algorithm digest;

    /** Of the archives in a directory: gzip unless another one was asked for. */
    public Compression compression() {
        return compression == null ? Compression.GZIP : compression;
    }

    /** Of a stream: zstd unless another one was asked for. */
    public Compression streamed() {
        return compression == null ? Compression.ZSTD : compression;
    }

    /** Whether it was given on the command line. */
    public boolean compressionAsked() {
        return Given.typed(command, COMPRESSION);
    }

    /** Bytes in flight. */
    public OptionalLong memory() {
        return memory == null ? OptionalLong.empty() : OptionalLong.of(memory);
    }

    public Optional<Digest.Algorithm> digest() {
        return Optional.ofNullable(digest);
    }
}
