package dev.sluice.libdeflate;

import dev.sluice.engine.stage.codec.GzipEncoderProvider.Availability;
import dev.sluice.engine.stage.codec.SlabDeflater;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Aircompressor's deflate, whose classes are made for Java 25 and so cannot be named by ours; looked up once.
 *
 * <p>Its native calls do not leave the Java state: a garbage collection waits for a running slab, some
 * milliseconds at most.
 */
final class Binding {

    private static final int JAVA = 25;
    private static final String COMPRESSOR = "io.airlift.compress.v3.deflate.DeflateNativeCompressor";

    private final Availability availability;
    /** {@code (int level) → Object}. */
    private final @Nullable MethodHandle create;
    /** {@code (Object compressor, ByteBuffer raw, ByteBuffer out) → int}. */
    private final @Nullable MethodHandle compress;

    private Binding(Availability availability, @Nullable MethodHandle create, @Nullable MethodHandle compress) {
        this.availability = availability;
        this.create = create;
        this.compress = compress;
    }

    /** Looked up when it is first asked for. */
    private static final class Holder {
        static final Binding BINDING = bind();
    }

    static Binding get() {
        return Holder.BINDING;
    }

    private static Binding bind() {
        int java = Runtime.version().feature();
        if (java < JAVA) {
            return unavailable("needs Java %d, this is %d".formatted(JAVA, java));
        }
        try {
            return bind(MethodHandles.publicLookup());
        } catch (Throwable e) {
            // Whatever an unknown platform does, the JDK's encoder is there to take over.
            return unavailable(reason(e));
        }
    }

    private static Binding bind(MethodHandles.Lookup lookup) throws Throwable {
        Class<?> type = Class.forName(COMPRESSOR, false, Binding.class.getClassLoader());
        if (!nativeAccess(lookup, type)) {
            Module module = type.getModule();
            return unavailable("needs the JVM option --enable-native-access=%s"
                    .formatted(module.isNamed() ? module.getName() : "ALL-UNNAMED"));
        }
        MethodHandle create = lookup.findConstructor(type, MethodType.methodType(void.class, int.class));
        Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
        MethodHandle ofBuffer = lookup.findStatic(segment, "ofBuffer", MethodType.methodType(segment, Buffer.class));
        MethodHandle compress =
                lookup.findVirtual(type, "compress", MethodType.methodType(int.class, segment, segment));
        var binding = new Binding(
                Availability.yes(),
                create.asType(MethodType.methodType(Object.class, int.class)),
                MethodHandles.filterArguments(compress, 1, ofBuffer, ofBuffer)
                        .asType(MethodType.methodType(int.class, Object.class, ByteBuffer.class, ByteBuffer.class)));
        // Loads the library: fails here rather than in the middle of a backup.
        binding.create(1);
        return binding;
    }

    /** Without it the JVM would print a warning at the first native call, or refuse it. */
    private static boolean nativeAccess(MethodHandles.Lookup lookup, Class<?> type) throws Throwable {
        MethodHandle enabled =
                lookup.findVirtual(Module.class, "isNativeAccessEnabled", MethodType.methodType(boolean.class));
        return (boolean) enabled.invoke(type.getModule());
    }

    private static Binding unavailable(String reason) {
        return new Binding(Availability.no(reason), null, null);
    }

    /** The innermost cause says what happened; the rest is about class initialisation. */
    private static String reason(Throwable e) {
        Throwable cause = e;
        for (Throwable next = e.getCause(); next != null; next = next.getCause()) {
            cause = next;
        }
        return cause.toString();
    }

    Availability availability() {
        return availability;
    }

    Object create(int level) {
        if (create == null) {
            throw new IllegalStateException("libdeflate " + availability.reason());
        }
        try {
            return (Object) create.invokeExact(level);
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    int compress(Object compressor, ByteBuffer raw, ByteBuffer out) {
        if (compress == null) {
            throw new IllegalStateException("libdeflate " + availability.reason());
        }
        try {
            return (int) compress.invokeExact(compressor, raw, out);
        } catch (IllegalArgumentException e) {
            // Its word for an output that is too small; arguments are right by construction.
            return SlabDeflater.DOES_NOT_FIT;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private static RuntimeException rethrown(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
    }
}
