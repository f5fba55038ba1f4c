package dev.sluice.engine.stage.codec;

import dev.sluice.engine.error.EncoderFailed;
import dev.sluice.engine.model.Compression;
import dev.sluice.engine.model.Compression.Codec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Picks the encoder for a {@link Compression}. */
public final class SlabEncoders {

    private static final Logger log = LoggerFactory.getLogger(SlabEncoders.class);

    private SlabEncoders() {}

    /**
     * A new encoder that has just passed its self-check; the caller closes it. For gzip the best provider that
     * works here is taken, and {@link SlabEncoder#name()} says which.
     *
     * @return empty for {@link Codec#NONE}: the bytes are what they are
     * @throws EncoderFailed if no encoder works
     */
    public static Optional<SlabEncoder> forCompression(Compression compression) {
        return switch (compression.codec()) {
            case NONE -> Optional.empty();
            case ZSTD -> {
                ZstdLibrary.require();
                yield Optional.of(checked(new ZstdEncoder(compression.level()), Codec.ZSTD));
            }
            case GZIP ->
                Optional.of(
                        compression.level() == 0
                                ? checked(new StoredGzip(), Codec.GZIP)
                                : gzip(compression.level(), gzipProviders()));
        };
    }

    /** All gzip providers that are there, available or not, the best first. */
    public static List<GzipEncoderProvider> gzipProviders() {
        var found = new ArrayList<GzipEncoderProvider>();
        Iterator<GzipEncoderProvider> services = ServiceLoader.load(
                        GzipEncoderProvider.class, GzipEncoderProvider.class.getClassLoader())
                .iterator();
        while (hasNext(services)) {
            try {
                found.add(services.next());
            } catch (ServiceConfigurationError | LinkageError e) {
                log.warn("A gzip encoder cannot be loaded: {}", e.toString());
            }
        }
        found.add(new FastDeflate());
        found.add(new JdkDeflate());
        found.sort(Comparator.comparingInt(GzipEncoderProvider::priority).reversed());
        return List.copyOf(found);
    }

    private static boolean hasNext(Iterator<GzipEncoderProvider> services) {
        try {
            return services.hasNext();
        } catch (ServiceConfigurationError e) {
            log.warn("Gzip encoders cannot be looked up: {}", e.toString());
            return false;
        }
    }

    /**
     * The first of {@code providers} that offers the level, is available and passes its self-check.
     *
     * @param level 1 to 9
     * @throws EncoderFailed if there is none
     */
    public static SlabEncoder gzip(int level, List<GzipEncoderProvider> providers) {
        var problems = new ArrayList<String>();
        for (GzipEncoderProvider provider : providers) {
            if (!provider.offers(level)) {
                continue;
            }
            GzipEncoderProvider.Availability availability = provider.availability();
            if (!availability.available()) {
                log.debug("gzip is not compressed by {}: {}", provider.name(), availability.reason());
                problems.add(provider.name() + ": " + availability.reason());
                continue;
            }
            var encoder = new DeflatedGzip(level, provider);
            Optional<String> problem = SelfCheck.problem(encoder, Codec.GZIP);
            if (problem.isEmpty()) {
                return encoder;
            }
            encoder.close();
            log.warn("{} failed its self-check and is not used: {}", encoder.name(), problem.get());
            problems.add(provider.name() + ": " + problem.get());
        }
        throw new EncoderFailed("no gzip encoder works here: " + String.join("; ", problems), null);
    }

    private static SlabEncoder checked(SlabEncoder encoder, Codec codec) {
        Optional<String> problem = SelfCheck.problem(encoder, codec);
        if (problem.isPresent()) {
            encoder.close();
            throw new EncoderFailed("%s failed its self-check: %s".formatted(encoder.name(), problem.get()), null);
        }
        return encoder;
    }
}
