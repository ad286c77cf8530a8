/* A machine without certificate authorities, such as a slim container. */
#include "cases.h"
#include "namespace.h"

TEST(slow_no_authorities_is_said_and_plain_loopback_works)
{
    static const char *stores[] = { "/etc/ssl", "/etc/pki", "/usr/lib/ssl", "/usr/local/ssl", "/usr/share/ssl", "/usr/ssl", "/var/ssl",
                                    "/etc/openssl", "/etc/certs", "/usr/local/share/certs", "/usr/local/etc/ssl",
                                    "/usr/share/ca-certificates", "/etc/ca-certificates" };
    enter_namespace(false);
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) replace_path(stores[i], NULL);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    okdok_error error = refused_client("https://localhost", KEY, NULL);
    CHECK_INT(error.status, OKDOK_STATUS_TLS_FAILED);
    CHECK_HAS(error.message, "ca-certificates");
    CHECK_HAS(error.message, "ca_file");
    CHECK(delete_at(http_url(faults_serve("ok")), NULL).gone);
    okdok_options options = one_attempt();
    options.ca_file = faults_ca("good");
    CHECK(delete_at(https_url(faults_tls("good", "ok")), &options).gone);
}
