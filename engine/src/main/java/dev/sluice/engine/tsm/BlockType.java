package dev.sluice.engine.tsm;

/** What a block holds. */
public enum BlockType {
    FLOAT(0),
    INTEGER(1),
    BOOLEAN(2),
    STRING(3),
    /** Rare: only servers built for it accept unsigned integers in line protocol, all of them read these blocks. */
    UNSIGNED(4);

    private static final BlockType[] BY_CODE = {FLOAT, INTEGER, BOOLEAN, STRING, UNSIGNED};

    private final int code;

    BlockType(int code) {
        this.code = code;
    }

    /** The code in blocks and index records. */
    int code() {
        return code;
    }

    static boolean isCode(int code) {
        return code >= 0 && code < BY_CODE.length;
    }

    static BlockType ofCode(int code) {
        return BY_CODE[code];
    }
}
