package dev.sluice.engine.line;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryNamesTest {

    private static final QueryNames NAMES =
            new QueryNames("db", "new db", policy -> policy.equals("rp") ? "später" : policy);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "INTO db.rp.m FROM db.rp.n | INTO \"new db\".\"später\".m FROM \"new db\".\"später\".n",
                "INTO \"db\".\"rp\".:MEASUREMENT FROM \"db\".\"rp\"./.*/ | INTO \"new db\".\"später\".:MEASUREMENT FROM \"new db\".\"später\"./.*/",
                "INTO db..m FROM db..n | INTO \"new db\"..m FROM \"new db\"..n",
                "INTO rp.m FROM autogen.n | INTO \"später\".m FROM autogen.n",
                "INTO m FROM db | INTO m FROM db",
                "INTO other.rp.m FROM db.autogen.n | INTO other.rp.m FROM \"new db\".autogen.n",
                "INTO m FROM db.rp.a, other.rp.b, db.rp.c | INTO m FROM \"new db\".\"später\".a, other.rp.b, \"new db\".\"später\".c",
                "INTO m FROM (SELECT x, db.rp.x FROM db.rp.a), db.rp.c | INTO m FROM (SELECT x, db.rp.x FROM \"new db\".\"später\".a), \"new db\".\"später\".c",
                "INTO m FROM db.rp.a WHERE s = ' FROM db.rp.a' AND t =~ / FROM db.rp.a/ | INTO m FROM \"new db\".\"später\".a WHERE s = ' FROM db.rp.a' AND t =~ / FROM db.rp.a/",
                "INTO m FROM \"db\".\"r\\\"p\".a GROUP BY time(1h), db.rp.t | INTO m FROM \"new db\".\"r\\\"p\".a GROUP BY time(1h), db.rp.t"
            })
    void sourcesGetTheirNewNamesAndNothingElse(String given, String wanted) {
        String before = "CREATE CONTINUOUS QUERY \"on db\" ON db RESAMPLE EVERY 2h BEGIN SELECT mean(v) / 2.5 AS db ";
        String after =
                "CREATE CONTINUOUS QUERY \"on db\" ON \"new db\" RESAMPLE EVERY 2h BEGIN SELECT mean(v) / 2.5 AS db ";

        assertThat(NAMES.renamed(before + given + " END")).isEqualTo(after + wanted + " END");
    }

    @Test
    void withTheSameNamesNotALetterChanges() {
        String query =
                "CREATE CONTINUOUS QUERY cq ON \"d\\\\b\"\n BEGIN SELECT a/b INTO \"d\\\\b\".\"x y\".\"ü\" FROM \"d\\\\b\".\"x y\"./a\\/b/ END";

        assertThat(new QueryNames("d\\b", "d\\b", policy -> policy).renamed(query))
                .isEqualTo(query);
    }

    @Test
    void aQueryThatNobodyClosesComesBackAsItIs() {
        assertThat(NAMES.renamed("CREATE CONTINUOUS QUERY x ON \"db")).isEqualTo("CREATE CONTINUOUS QUERY x ON \"db");
    }
}
