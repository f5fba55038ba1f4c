package dev.sluice.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.sluice.bench.data.Influxd;
import dev.sluice.bench.measure.Figures;
import dev.sluice.bench.measure.Program;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** What the measurements of commands share: names of figures, and how a command is run beside a server. */
final class Trial {

    static final String WALL = "wall_s";
    static final String COPY = "copy_s";
    static final String FSYNC = "fsync_s";
    static final String RATE = "MB_per_s";
    static final String COPY_RATE = "copy_MB_per_s";
    static final String CPU = "cpu_s_per_GB";
    static final String SERVER_CPU = "server_cpu_s_per_GB";
    static final String BUSY = "cores_busy";
    static final String PEAK = "peak_MB";

    private Trial() {}

    /**
     * Runs a command to its end.
     *
     * @param server whose processor time is told beside the command's
     * @param bytes that are moved
     */
    static Figures command(List<String> command, Map<String, String> environment, Influxd server, long bytes)
            throws Exception {
        double before = Program.cpuSecondsOf(server.pid());
        Program.Run run = Program.run(command, environment);
        double serverCpu = Program.cpuSecondsOf(server.pid()) - before;
        double gigabytes = bytes / 1e9;
        Figures figures = new Figures()
                .set(WALL, run.wallSeconds())
                .set(RATE, bytes / 1e6 / run.wallSeconds())
                .set(CPU, run.cpuSeconds() / gigabytes)
                .set(SERVER_CPU, serverCpu / gigabytes)
                .set(BUSY, (run.cpuSeconds() + serverCpu) / run.wallSeconds())
                .set(PEAK, run.peakBytes() / 1e6);
        own(run.out(), bytes, figures);
        return figures;
    }

    /** What Sluice says of itself in its last line of JSON. */
    static void own(String out, long bytes, Figures figures) throws IOException {
        String last = out.lines().reduce("", (before, line) -> line);
        if (!last.startsWith("{")) {
            return;
        }
        try (JsonParser json = new JsonFactory().createParser(last)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "elapsed_seconds" ->
                        figures.set(COPY, json.getDoubleValue()).set(COPY_RATE, bytes / 1e6 / json.getDoubleValue());
                    case "fsync_seconds" -> figures.set(FSYNC, json.getDoubleValue());
                    default -> json.skipChildren();
                }
            }
        }
    }
}
