package dev.sluice.libdeflate;

import dev.sluice.engine.stage.codec.GzipEncoderProvider;
import dev.sluice.engine.stage.codec.SlabDeflater;

/** Offers libdeflate where it can run; not for level 1, at which Sluice's own is twice as fast. */
public final class LibdeflateProvider implements GzipEncoderProvider {

    private static final int BEFORE_THE_JDK = 100;

    @Override
    public String name() {
        return "libdeflate";
    }

    @Override
    public Availability availability() {
        return Binding.get().availability();
    }

    @Override
    public boolean offers(int level) {
        return level > 1;
    }

    @Override
    public int priority() {
        return BEFORE_THE_JDK;
    }

    @Override
    public SlabDeflater create(int level) {
        return new LibdeflateContext(Binding.get(), level);
    }
}
