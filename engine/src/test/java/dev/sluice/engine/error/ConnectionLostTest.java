package dev.sluice.engine.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;

class ConnectionLostTest {

    @Test
    void aClosedConnectionIsToldInWords() {
        assertThat(new ConnectionLost("the upload of shard 7", 1536, new ClosedChannelException()))
                .hasMessage("connection lost during the upload of shard 7 after 1536 bytes: it was closed");
    }

    @Test
    void whatTheSystemSaysIsToldWithoutItsCall() {
        assertThat(new ConnectionLost(
                        "shard a/b/1",
                        0,
                        new IOException("recvAddress(..) failed with error(-104): Connection reset by peer")))
                .hasMessage("connection lost during shard a/b/1 after 0 bytes: Connection reset by peer");
    }
}
