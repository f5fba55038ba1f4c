package dev.sluice.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.InspectRequest;
import dev.sluice.engine.Inspection;
import dev.sluice.engine.error.NotThere;
import dev.sluice.engine.event.ShardOutcome;
import dev.sluice.engine.model.Absence;
import dev.sluice.engine.model.End;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.ShardRef;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** {@code sluice inspect} as a command. */
class InspectCommandTest {

    private final Run run = new Run();

    @Test
    void asksForWhatTheFlagsSay() {
        run.engine.inspection = Mono.just(found(List.of(), List.of()));

        assertThat(run.cli("inspect", "DIR", "-shard", "7", "--index-only", "--scratch", "/big"))
                .isEqualTo(ExitCode.OK);

        InspectRequest request = run.engine.inspections.get(0);
        assertThat(request.from()).isEqualTo(new End.Directory(Path.of("DIR")));
        assertThat(request.selection().shard()).hasValue(7L);
        assertThat(request.values()).isFalse();
        assertThat(request.scratch()).isEqualTo(Path.of("/big"));
        assertThat(run.out()).isEqualTo("DIR: 0 shards, 0 B, 0 values\n");
    }

    @Test
    void theExitCodeTellsOfDamageAndOfWhatIsMissing() {
        run.engine.inspection = Mono.just(found(
                List.of(new ShardOutcome.NotOffered(new ShardRef("db", "rp", 3), Absence.noDirectory())), List.of()));
        assertThat(run.cli("inspect", "DIR")).isEqualTo(ExitCode.PARTIAL);
        assertThat(run.out()).contains("missing: shard db/rp/3: there is no directory of it");

        run.engine.inspection = Mono.just(found(List.of(), List.of(Notice.damaged("shard 8 cannot be read", ""))));
        assertThat(run.cli("inspect", "DIR", "--json")).isEqualTo(ExitCode.DAMAGED);
        assertThat(run.out()).contains("\"damaged\":true");
    }

    @Test
    void anErrorIsJsonTooWhereJsonIsAskedFor() {
        run.engine.inspection = Mono.error(new NotThere("no such file: DIR", "Look again."));
        run.engine.listing = Mono.error(new NotThere("no such file: DIR", "Look again."));
        String error = "{\"event\":\"error\",\"error\":\"NotThere\",\"message\":\"no such file: DIR\","
                + "\"hint\":\"Look again.\",\"exit\":" + ExitCode.of(new NotThere("", "")) + "}\n";

        for (String command : List.of("inspect", "list")) {
            run.cli(command, "DIR");
            assertThat(run.out()).isEmpty();
        }
        run.cli("inspect", "DIR", "--json");
        assertThat(run.out()).isEqualTo(error);
        run.cli("list", "DIR", "--json");
        assertThat(run.out()).isEqualTo(error + error);
    }

    @Test
    void needsOnePath() {
        assertThat(run.cli("inspect")).isEqualTo(ExitCode.USAGE);
        assertThat(run.cli("inspect", "a", "b")).isEqualTo(ExitCode.USAGE);
        run.ends(new Context.Terminals(true, true));
        assertThat(run.cli("inspect", "-")).isEqualTo(ExitCode.USAGE);
        assertThat(run.engine.inspections).isEmpty();
    }

    private static Inspection found(List<ShardOutcome> missing, List<Notice> notices) {
        return new Inspection("DIR", List.of(), missing, notices);
    }
}
