package dev.sluice.engine.line;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Gives the database and the retention policies in a continuous query their new names. A server stores such a query with
 * all names spelled out, {@code "db"."policy"."measurement"}, so that a database under another name needs another query.
 *
 * <p>No more of the language is known than where names of databases can stand: after {@code ON}, and in what follows
 * {@code FROM} and {@code INTO}. All else stays as it is, letter by letter.
 */
public final class QueryNames {

    private static final Set<String> BEFORE_SOURCES = Set.of("FROM", "INTO");

    private final String database;
    private final String newDatabase;
    private final UnaryOperator<String> policies;

    /**
     * @param database the name that the query has it under
     * @param policies gives the new name of a policy of that database
     */
    public QueryNames(String database, String newDatabase, UnaryOperator<String> policies) {
        this.database = database;
        this.newDatabase = newDatabase;
        this.policies = policies;
    }

    /**
     * The query with the new names.
     *
     * @param query a whole {@code CREATE CONTINUOUS QUERY} statement
     */
    public String renamed(String query) {
        List<Token> tokens = tokens(query);
        var out = new StringBuilder(query.length() + 64);
        // One entry for each open parenthesis: whether a comma there begins another source.
        Deque<Boolean> sources = new ArrayDeque<>(List.of(false));
        boolean expected = false;
        boolean named = false;
        int at = 0;
        while (at < tokens.size()) {
            Token token = tokens.get(at);
            if (expected && token.isName()) {
                int end = endOfSource(tokens, at);
                source(tokens.subList(at, end), out);
                at = end;
                expected = false;
                continue;
            }
            if (token.kind == Kind.WORD && BEFORE_SOURCES.contains(token.upper())) {
                expected = true;
                sources.pop();
                sources.push(token.upper().equals("FROM"));
            } else if (!named && token.kind == Kind.WORD && token.upper().equals("ON")) {
                out.append(token.text);
                at = onDatabase(tokens, at + 1, out);
                named = true;
                continue;
            } else if (token.is('(')) {
                sources.push(false);
                expected = false;
            } else if (token.is(')') && sources.size() > 1) {
                sources.pop();
            } else if (token.is(',')) {
                expected = sources.element();
            } else if (token.kind == Kind.WORD) {
                sources.pop();
                sources.push(false);
                expected = false;
            }
            out.append(token.text);
            at++;
        }
        return out.toString();
    }

    private int onDatabase(List<Token> tokens, int from, StringBuilder out) {
        int at = from;
        while (at < tokens.size() && tokens.get(at).kind == Kind.SPACE) {
            out.append(tokens.get(at++).text);
        }
        if (at < tokens.size() && tokens.get(at).isName()) {
            out.append(
                    tokens.get(at).value().equals(database) ? InfluxQl.identifier(newDatabase) : tokens.get(at).text);
            at++;
        }
        return at;
    }

    /** The token after a source: names, and what stands between dots. */
    private static int endOfSource(List<Token> tokens, int from) {
        int at = from + 1;
        while (at < tokens.size() && tokens.get(at).is('.')) {
            at++;
            while (at < tokens.size() && tokens.get(at).is(':')) {
                at++;
            }
            if (at < tokens.size() && (tokens.get(at).isName() || tokens.get(at).kind == Kind.REGEX)) {
                at++;
            }
        }
        return at;
    }

    private void source(List<Token> tokens, StringBuilder out) {
        long dots = tokens.stream().filter(token -> token.is('.')).count();
        boolean ours = dots == 1 || (dots == 2 && tokens.get(0).value().equals(database));
        int dot = 0;
        for (Token token : tokens) {
            if (token.is('.')) {
                dot++;
                out.append(token.text);
            } else if (ours && token.isName() && dots == 2 && dot == 0) {
                out.append(InfluxQl.identifier(newDatabase));
            } else if (ours && token.isName() && dot == dots - 1) {
                String policy = token.value();
                String renamed = policies.apply(policy);
                out.append(renamed.equals(policy) ? token.text : InfluxQl.identifier(renamed));
            } else {
                out.append(token.text);
            }
        }
    }

    private enum Kind {
        SPACE,
        WORD,
        QUOTED,
        STRING,
        REGEX,
        MARK
    }

    private record Token(Kind kind, String text) {
        boolean isName() {
            return kind == Kind.WORD || kind == Kind.QUOTED;
        }

        boolean is(char mark) {
            return kind == Kind.MARK && text.charAt(0) == mark;
        }

        String upper() {
            return text.toUpperCase(Locale.ROOT);
        }

        /** The name without its quotes. */
        String value() {
            if (kind != Kind.QUOTED) {
                return text;
            }
            var value = new StringBuilder();
            for (int i = 1; i < text.length() - 1; i++) {
                char c = text.charAt(i);
                if (c == '\\' && i + 1 < text.length() - 1) {
                    c = text.charAt(++i);
                    value.append(c == 'n' ? '\n' : c);
                } else {
                    value.append(c);
                }
            }
            return value.toString();
        }
    }

    private static List<Token> tokens(String text) {
        var tokens = new ArrayList<Token>();
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            Kind kind = Kind.MARK;
            int end = at + 1;
            if (Character.isWhitespace(c)) {
                kind = Kind.SPACE;
                while (end < text.length() && Character.isWhitespace(text.charAt(end))) {
                    end++;
                }
            } else if (c == '"' || c == '\'') {
                kind = c == '"' ? Kind.QUOTED : Kind.STRING;
                end = endOfQuoted(text, at);
            } else if (c == '/' && beginsRegex(tokens)) {
                kind = Kind.REGEX;
                end = endOfQuoted(text, at);
            } else if (isWord(c)) {
                kind = Kind.WORD;
                while (end < text.length() && isWord(text.charAt(end))) {
                    end++;
                }
            }
            tokens.add(new Token(kind, text.substring(at, end)));
            at = end;
        }
        return tokens;
    }

    /** A slash divides after a value; after a keyword, a dot or a comparison it begins a pattern. */
    private static boolean beginsRegex(List<Token> before) {
        for (int i = before.size() - 1; i >= 0; i--) {
            Token last = before.get(i);
            if (last.kind == Kind.SPACE) {
                continue;
            }
            return last.is('~') || last.is('.') || last.is(',') || BEFORE_SOURCES.contains(last.upper());
        }
        return false;
    }

    private static int endOfQuoted(String text, int from) {
        char quote = text.charAt(from);
        int at = from + 1;
        while (at < text.length() && text.charAt(at) != quote) {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return Math.min(at + 1, text.length());
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }
}
