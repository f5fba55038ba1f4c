package dev.sluice.engine.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.error.ConnectionFailed;
import dev.sluice.engine.error.RestoreRefused;
import dev.sluice.engine.error.SluiceException;
import dev.sluice.engine.meta.DatabaseImport;
import dev.sluice.engine.model.ServerAddress;
import java.net.ConnectException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NewDatabasesTest {

    private final SluiceException gone =
            new ConnectionFailed(new ServerAddress("db1", 8088), new ConnectException("Connection refused"));

    @Test
    void aServerThatWasNeverReachedHasNothingToCleanUp() {
        assertThat(NewDatabases.unknownState(List.of(made("a", Optional.of(gone))), gone))
                .isSameAs(gone);
    }

    /** It was said to be unreachable, and nothing of the first one. */
    @Test
    void aServerThatGoesBetweenTwoDatabasesMayHaveTheFirst() {
        SluiceException error =
                NewDatabases.unknownState(List.of(made("a", Optional.empty()), made("b", Optional.of(gone))), gone);

        assertThat(error)
                .isInstanceOf(RestoreRefused.class)
                .hasMessageContaining("what became of it is not known: cannot connect to db1:8088");
        assertThat(error.hint()).contains("SHOW DATABASES", "'a', 'b'", "empty and can be dropped");
    }

    private static NewDatabases.Made made(String database, Optional<SluiceException> failure) {
        return new NewDatabases.Made(
                new DatabaseImport(database, database, Optional.empty(), Optional.empty(), Set.of(1L), false, false),
                100,
                Optional.empty(),
                failure);
    }
}
