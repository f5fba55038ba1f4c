package dev.sluice.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.ImportRequest;
import dev.sluice.engine.SluiceEngine;
import dev.sluice.engine.error.CertificateNotTrusted;
import dev.sluice.engine.error.HttpUnreachable;
import dev.sluice.engine.event.ImportReport;
import dev.sluice.engine.event.TransferEvent;
import dev.sluice.engine.model.Credentials;
import dev.sluice.engine.model.HttpEndpoint;
import dev.sluice.engine.testkit.FakeInflux;
import dev.sluice.engine.testkit.ToolRun;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** Imports over https, with a certificate that nobody but this test has signed. */
class ImportTlsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String WORD = "changeit";
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";
    private static final String TRUST_WORD = "javax.net.ssl.trustStorePassword";

    @TempDir
    static Path shared;

    private final SluiceEngine engine = SluiceEngine.builder().parallelism(1).build();

    @TempDir
    Path temp;

    @BeforeAll
    static void makeCertificate() {
        ToolRun run = ToolRun.run(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        "influx",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store().toString(),
                        "-storepass",
                        WORD),
                Map.of(),
                PATIENCE);
        assertThat(run.exitCode()).as(run.output()).isZero();
    }

    @AfterEach
    void close() {
        System.clearProperty(TRUST_STORE);
        System.clearProperty(TRUST_WORD);
        engine.close();
    }

    private static Path store() {
        return shared.resolve("identity.p12");
    }

    private static FakeInflux server() throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store())) {
            keys.load(in, WORD.toCharArray());
        }
        KeyManagerFactory identity = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        identity.init(keys, WORD.toCharArray());
        return FakeInflux.withTls(identity);
    }

    private Flux<TransferEvent> imported(HttpEndpoint to) throws IOException {
        Path file = Files.writeString(temp.resolve("in.lp"), "# DML\n# CONTEXT-DATABASE:db\nm v=1 1\nm v=2 2\n");
        return engine.importLines(ImportRequest.of(file, to)
                .credentials(new Credentials.Basic("me", "geheim"))
                .retries(1)
                .build());
    }

    private static HttpEndpoint at(FakeInflux server, String host, boolean tls, boolean verify) {
        return new HttpEndpoint(host, server.endpoint().port(), tls, verify, "");
    }

    @Test
    void aCertificateOfTheTrustStoreIsAccepted() throws Exception {
        System.setProperty(TRUST_STORE, store().toString());
        System.setProperty(TRUST_WORD, WORD);
        try (FakeInflux server = server()) {
            ImportReport report = imported(server.endpoint())
                    .ofType(TransferEvent.Imported.class)
                    .map(TransferEvent.Imported::report)
                    .blockLast(PATIENCE);

            assertThat(report).isNotNull();
            assertThat(report.target()).startsWith("https://localhost:");
            assertThat(server.lines()).containsExactlyInAnyOrder("db/ m v=1 1", "db/ m v=2 2");
        }
    }

    @Test
    void anyCertificateIsAcceptedWhereNoneIsAskedFor() throws Exception {
        try (FakeInflux server = server()) {
            imported(at(server, "127.0.0.1", true, false)).blockLast(PATIENCE);

            assertThat(server.lines()).hasSize(2);
        }
    }

    @Test
    void anUnknownCertificateIsRefusedAtOnceWithItsReason() throws Exception {
        try (FakeInflux server = server()) {
            refused(imported(server.endpoint()), "unable to find valid certification path");

            assertThat(server.writes()).isEmpty();
        }
    }

    @Test
    void aCertificateForAnotherNameIsRefused() throws Exception {
        System.setProperty(TRUST_STORE, store().toString());
        System.setProperty(TRUST_WORD, WORD);
        try (FakeInflux server = server()) {
            refused(imported(at(server, "127.0.0.1", true, true)), "127.0.0.1");

            assertThat(server.writes()).isEmpty();
        }
    }

    private static void refused(Flux<TransferEvent> run, String reason) {
        run.as(StepVerifier::create)
                .thenConsumeWhile(event -> true)
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOfSatisfying(
                                CertificateNotTrusted.class,
                                error -> assertThat(error.hint()).contains("-unsafeSsl", "trustStore"))
                        .hasMessageContaining("is not trusted")
                        .hasMessageContaining(reason)
                        .hasMessageNotContaining("geheim"))
                .verify(PATIENCE);
    }

    @Test
    void plainHttpToAServerThatSpeaksTlsSaysWhichFlagIsMissing() throws Exception {
        try (FakeInflux server = server()) {
            imported(at(server, "localhost", false, true))
                    .as(StepVerifier::create)
                    .thenConsumeWhile(event -> true)
                    .expectErrorSatisfies(e -> assertThat(e)
                            .isInstanceOfSatisfying(
                                    HttpUnreachable.class,
                                    error -> assertThat(error.hint()).contains("-ssl")))
                    .verify(PATIENCE);
        }
    }
}
