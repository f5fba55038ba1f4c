package dev.sluice.engine.model;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** What can be told of a host by its name alone, with nothing looked up. */
final class Hosts {

    private Hosts() {}

    static boolean isLoopback(String host) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal == null) {
            return host.equalsIgnoreCase("localhost");
        }
        try {
            return InetAddress.getByAddress(literal).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // an address of four or sixteen bytes is one
        }
    }
}
