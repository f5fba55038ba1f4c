package dev.sluice.engine.stage.codec;

import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/** The JDK's zlib: everywhere, and slow. */
final class JdkDeflate implements GzipEncoderProvider {

    @Override
    public String name() {
        return "the JDK";
    }

    @Override
    public Availability availability() {
        return Availability.yes();
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public SlabDeflater create(int level) {
        return new Context(level);
    }

    private static final class Context implements SlabDeflater {
        private final Deflater deflater;

        Context(int level) {
            this.deflater = new Deflater(level, true);
        }

        @Override
        public int deflate(ByteBuffer raw, ByteBuffer out) {
            int start = out.position();
            deflater.reset();
            deflater.setInput(raw);
            deflater.finish();
            while (!deflater.finished()) {
                if (!out.hasRemaining()) {
                    return DOES_NOT_FIT;
                }
                if (deflater.deflate(out) == 0 && out.hasRemaining()) {
                    throw new IllegalStateException("the deflater stopped before the end of its input");
                }
            }
            return out.position() - start;
        }

        @Override
        public void close() {
            deflater.end();
        }
    }
}
