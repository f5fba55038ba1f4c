package dev.sluice.engine.stage.codec;

import com.github.luben.zstd.util.Native;
import dev.sluice.engine.error.CodecUnavailable;

/** zstd's native code, which is unpacked and loaded when it is first needed. */
public final class ZstdLibrary {

    private ZstdLibrary() {}

    /**
     * Makes sure that it is there, before the first use of its classes: once one of them has failed to load it, Java
     * says no more than that the class does not work. Blocks when it is first needed.
     *
     * @throws CodecUnavailable if it cannot be loaded
     */
    public static void require() {
        require(Native::load);
    }

    static void require(Runnable load) {
        try {
            load.run();
        } catch (LinkageError e) {
            throw CodecUnavailable.zstd(e);
        }
    }
}
