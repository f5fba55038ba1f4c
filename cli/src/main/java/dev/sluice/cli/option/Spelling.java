package dev.sluice.cli.option;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Guesses which word was meant. */
public final class Spelling {

    private Spelling() {}

    /** The word that is closest in letters, if one is close enough to be likely. */
    public static Optional<String> nearest(String word, Collection<String> words) {
        String low = word.toLowerCase(Locale.ROOT);
        int limit = Math.max(1, Math.min(3, low.length() / 3));
        Optional<String> close = words.stream()
                .filter(candidate -> candidate.length() > 1 && distance(low, candidate) <= limit)
                .min(Comparator.<String>comparingInt(candidate -> distance(low, candidate))
                        .thenComparing(Comparator.naturalOrder()));
        if (close.isPresent() || low.length() < 2) {
            return close;
        }
        return words.stream()
                .filter(candidate -> candidate.startsWith(low) || (candidate.length() > 2 && low.startsWith(candidate)))
                .min(Comparator.naturalOrder());
    }

    /** Letters to add, drop, replace or swap with their neighbour. */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        Arrays.setAll(d[0], j -> j);
        for (int i = 1; i <= a.length(); i++) {
            d[i][0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + same);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
