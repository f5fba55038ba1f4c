package dev.sluice.cli.console;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Columns as wide as they need to be; those that are empty are left out. */
final class Table {
    private final String[] heads;
    private final List<String[]> rows = new ArrayList<>();

    /** @param heads one that begins with {@code >} is of a column that is aligned to the right */
    Table(String... heads) {
        this.heads = heads;
    }

    void row(String... cells) {
        String[] clean = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            clean[i] = Text.clean(cells[i]);
        }
        rows.add(clean);
    }

    List<String> lines() {
        StringBuilder[] lines = new StringBuilder[rows.size() + 1];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = new StringBuilder();
        }
        for (int column = 0; column < heads.length; column++) {
            int at = column;
            if (rows.stream().allMatch(row -> row[at].isEmpty())) {
                continue;
            }
            boolean right = heads[column].startsWith(">");
            String head = right ? heads[column].substring(1) : heads[column];
            int width = Math.max(
                    Text.width(head),
                    rows.stream().mapToInt(row -> Text.width(row[at])).max().orElse(0));
            for (int i = 0; i < lines.length; i++) {
                String cell = i == 0 ? head : rows.get(i - 1)[column];
                lines[i].append("  ").append(right ? Text.padLeft(cell, width) : Text.padRight(cell, width));
            }
        }
        List<String> text = new ArrayList<>();
        for (StringBuilder line : lines) {
            text.add(line.toString().stripTrailing());
        }
        return text;
    }

    /** {@code 2026-11-24 19:00}, in UTC; seconds where there are some. */
    static String time(Instant instant) {
        String text = instant.toString().replace('T', ' ').replace("Z", "");
        return text.endsWith(":00") ? text.substring(0, text.length() - 3) : text;
    }
}
