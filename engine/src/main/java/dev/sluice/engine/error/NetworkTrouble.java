package dev.sluice.engine.error;

import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.util.regex.Pattern;

/** What the network's own errors mean, for people. */
final class NetworkTrouble {

    static final String UNKNOWN_NAME_HINT =
            "Is the name spelled right? 'getent hosts NAME' tells what this machine makes of it; an address works as well.";

    /** Netty's native transport puts the system call before the system's words. */
    private static final Pattern SYSTEM_CALL = Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-?\\d+\\): ");

    private NetworkTrouble() {}

    /** The reason at the root of {@code e}, without the names of system calls. */
    static String inWords(Throwable e) {
        Throwable root = rootOf(e);
        if (root instanceof ClosedChannelException) { // has no message, and Netty's a name for experts
            return "it was closed";
        }
        String reason = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
        return isUnknownName(e)
                ? "its name leads to no address (%s)".formatted(reason)
                : SYSTEM_CALL.matcher(reason).replaceFirst("");
    }

    /** Whether it got no further than the look-up of the name. */
    static boolean isUnknownName(Throwable e) {
        for (Throwable at = e; at != null; at = at.getCause()) {
            if (at instanceof UnknownHostException) {
                return true;
            }
        }
        return false;
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null || e.getCause() == e ? e : rootOf(e.getCause());
    }
}
