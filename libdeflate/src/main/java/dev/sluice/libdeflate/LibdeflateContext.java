package dev.sluice.libdeflate;

import dev.sluice.engine.stage.codec.SlabDeflater;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One native compressor. */
final class LibdeflateContext implements SlabDeflater {

    private final Binding binding;
    private @Nullable Object compressor;

    LibdeflateContext(Binding binding, int level) {
        this.binding = binding;
        this.compressor = binding.create(level);
    }

    @Override
    public int deflate(ByteBuffer raw, ByteBuffer out) {
        Object inUse = compressor;
        if (inUse == null) {
            throw new IllegalStateException("the compressor is closed");
        }
        try {
            return binding.compress(inUse, raw, out);
        } finally {
            // A cleaner frees its memory as soon as nobody refers to it.
            Reference.reachabilityFence(inUse);
        }
    }

    @Override
    public void close() {
        compressor = null;
    }
}
