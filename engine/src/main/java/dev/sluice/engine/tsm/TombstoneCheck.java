package dev.sluice.engine.tsm;

import dev.sluice.engine.error.TsmDamaged;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Checks the structure of a tombstone file, its gzip members included. */
final class TombstoneCheck implements FileCheck {

    private static final int CHUNK = 1 << 13;

    private final Findings findings;
    private final TombstoneDecoder decoder;
    private final byte[] chunk = new byte[CHUNK];
    private final long size;
    private long received;
    private long deletions;
    private boolean broken;

    TombstoneCheck(String file, long size) {
        this.size = size;
        findings = new Findings(file);
        decoder = new TombstoneDecoder((key, min, max) -> deletions++);
    }

    @Override
    public void feed(ByteBuf bytes) {
        int end = bytes.writerIndex();
        for (int at = bytes.readerIndex(); at < end; at += CHUNK) {
            int count = Math.min(CHUNK, end - at);
            bytes.getBytes(at, chunk, 0, count);
            guarded(() -> decoder.feed(chunk, 0, count));
            received += count;
        }
    }

    @Override
    public CheckResult end() {
        if (received < size) {
            broken = true;
            findings.damage(null, received, "ends after %d of %d bytes".formatted(received, size));
        }
        if (received > size) {
            findings.damage(null, size, "goes on for %d bytes after its end".formatted(received - size));
        }
        guarded(decoder::end);
        abandon();
        return findings.result(received, deletions, 0, 0);
    }

    @Override
    public void abandon() {
        decoder.close();
    }

    private interface Step {
        void run() throws IOException;
    }

    private void guarded(Step step) {
        if (broken) {
            return;
        }
        try {
            step.run();
        } catch (TsmDamaged e) {
            broken = true;
            findings.damage(null, e.offset(), e.problem());
        } catch (IOException e) {
            throw new UncheckedIOException("counting does not fail", e);
        }
    }
}
