/* What the environment has to say: proxies, authorities, and what it has not. */
#include "cases.h"
#include "names.h"

#include <sys/stat.h>
#include <unistd.h>

/* https://elsewhere.example, where a server with a certificate for it is to be found directly; its port. */
static char base_url[64];

static int clean_environment(void)
{
    static const char *variables[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
                                       "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "REQUEST_METHOD" };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    int port = faults_tls("wronghost", "ok");
    snprintf(base_url, sizeof base_url, "https://" ELSEWHERE ":%d", port);
    return port;
}

static okdok_options trusting(void)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = faults_ca("good");
    return options;
}

static const char *proxy_at(int port)
{
    static char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    return url;
}

static int tunnel_to(int port)
{
    char step[32];
    snprintf(step, sizeof step, "tunnel=%d", port);
    return faults_proxy(step);
}

static void check_deletes(int proxy, int connects)
{
    okdok_options options = trusting();
    outcome result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_INT(faults_requests(proxy), connects);
}

TEST(environment_names_a_proxy_by_each_variable)
{
    static const char *variables[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        int port = clean_environment(), proxy = tunnel_to(port);
        setenv(variables[i], proxy_at(proxy), 1);
        check_deletes(proxy, 1);
        char *request = faults_request(proxy, 1), wanted[96];
        snprintf(wanted, sizeof wanted, "CONNECT " ELSEWHERE ":%d HTTP/1.1\r\n", port);
        CHECK(strncmp(request, wanted, strlen(wanted)) == 0);
        /* The key is for the service alone. */
        CHECK(strstr(request, KEY) == NULL && strstr(request, "id-1") == NULL);
        free(request);
    }
}

TEST(environment_variables_for_plain_http_are_not_ours)
{
    clean_environment();
    int proxy = faults_proxy("502");
    setenv("HTTP_PROXY", proxy_at(proxy), 1);
    setenv("http_proxy", proxy_at(proxy), 1);
    check_deletes(proxy, 0);
}

TEST(environment_variables_go_before_one_another_in_order)
{
    int port = clean_environment(), first = tunnel_to(port), second = faults_proxy("502");
    setenv("HTTPS_PROXY", proxy_at(first), 1);
    setenv("ALL_PROXY", proxy_at(second), 1);
    check_deletes(first, 1);
    /* An empty one is as good as none. */
    setenv("HTTPS_PROXY", "", 1);
    setenv("ALL_PROXY", "", 1);
    check_deletes(first, 1);
}

TEST(environment_excludes_hosts_from_the_proxy)
{
    static const struct { const char *list; int connects; } cases[] = {
        { ELSEWHERE, 0 }, { "other.example, " ELSEWHERE, 0 }, { "example", 0 }, { ".example", 0 }, { "*", 0 },
        { "", 1 }, { "other.example", 1 }, { "lsewhere.example", 1 }, { "127.0.0.1", 1 }, { "10.0.0.0/8", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int lower = 0; lower <= 1; lower++) {
            int proxy = tunnel_to(clean_environment());
            setenv("HTTPS_PROXY", proxy_at(proxy), 1);
            setenv(lower ? "no_proxy" : "NO_PROXY", cases[i].list, 1);
            okdok_options options = trusting();
            outcome result = delete_at(base_url, &options);
            CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
            if (faults_requests(proxy) != cases[i].connects)
                harness_fail(__FILE__, __LINE__, "NO_PROXY=%s: %d CONNECTs", cases[i].list, faults_requests(proxy));
        }
}

TEST(environment_gives_way_to_the_option)
{
    int port = clean_environment(), named = faults_proxy("502"), given = tunnel_to(port);
    setenv("HTTPS_PROXY", proxy_at(named), 1);
    okdok_options options = trusting();
    options.proxy = "";
    CHECK(delete_at(base_url, &options).gone);
    char url[64];
    strcpy(url, proxy_at(given));
    options.proxy = url;
    CHECK(delete_at(base_url, &options).gone);
    CHECK_INT(faults_requests(given), 1);
    /* What is given is meant, whatever the environment excludes. */
    setenv("NO_PROXY", "*", 1);
    okdok_options again = options;
    again.connect_timeout_ms = 5000; /* no connection of before */
    CHECK(delete_at(base_url, &again).gone);
    CHECK_INT(faults_requests(given), 2);
    CHECK_INT(faults_connections(named), 0);
}

TEST(environment_with_an_unusable_proxy_is_refused)
{
    static const char *bad[] = { "socks5://127.0.0.1:1", "127.0.0.1:3128", "proxy", "http://", "http://h:0", "http://h /",
                                 "http://h\x01", "http://127.0.0.1:1/path", "\xff" };
    static const char *variables[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *variable = variables[i % 4];
        clean_environment();
        setenv(variable, bad[i], 1);
        okdok_error error = refused_client(base_url, KEY, NULL);
        if (error.status != OKDOK_STATUS_INVALID_ARGUMENT) harness_fail(__FILE__, __LINE__, "%s=%s: %s", variable, bad[i], error.message);
        CHECK_HAS(error.message, variable);
        /* Where no proxy is used, none need be good. */
        CHECK(delete_at(http_url(faults_serve("ok")), NULL).gone);
    }
    setenv("HTTPS_PROXY", "http://user:hidden-password@h:0", 1);
    CHECK(strstr(refused_client(base_url, KEY, NULL).message, "hidden-password") == NULL);
}

TEST(environment_is_read_when_a_client_is_made_and_never_again)
{
    int port = clean_environment(), proxy = tunnel_to(port);
    okdok_options options = trusting();
    okdok_client *direct = okdok_client_new(base_url, KEY, &options, NULL, NULL);
    setenv("HTTPS_PROXY", proxy_at(proxy), 1);
    okdok_client *proxied = okdok_client_new(base_url, KEY, &options, NULL, NULL);
    CHECK(direct != NULL && proxied != NULL);
    CHECK(okdok_delete_signature_request(direct, "id-1", NULL, NULL));
    CHECK_INT(faults_requests(proxy), 0);
    setenv("HTTPS_PROXY", "nonsense", 1);
    CHECK(okdok_delete_signature_request(proxied, "id-1", NULL, NULL));
    CHECK_INT(faults_requests(proxy), 1);
    okdok_free(direct);
    okdok_free(proxied);
}

TEST(environment_never_sends_loopback_to_a_proxy)
{
    clean_environment();
    int proxy = faults_proxy("502");
    static const char *variables[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) setenv(variables[i], proxy_at(proxy), 1);
    static const char *bases[] = { "http://127.0.0.1", "http://localhost", "http://LOCALHOST", "https://localhost", "https://127.0.0.1" };
    char explicit[64];
    strcpy(explicit, proxy_at(proxy));
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        for (int given = 0; given <= 1; given++) {
            char url[64];
            int port = strncmp(bases[i], "https", 5) == 0 ? faults_tls("good", "ok") : faults_serve("ok");
            snprintf(url, sizeof url, "%s:%d", bases[i], port);
            okdok_options options = trusting();
            if (given) options.proxy = explicit;
            outcome result = delete_at(url, &options);
            CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
        }
    CHECK_INT(faults_connections(proxy), 0);
}

TEST(environment_may_hold_a_password_that_nobody_sees)
{
    int port = clean_environment();
    int proxy = tunnel_to(port), refusing = faults_proxy("407");
    char url[128];
    snprintf(url, sizeof url, "http://user:hidden%%20password@127.0.0.1:%d", proxy);
    setenv("HTTPS_PROXY", url, 1);
    check_deletes(proxy, 1);
    char *request = faults_request(proxy, 1);
    CHECK_HAS(request, "asic dXNlcjpoaWRkZW4gcGFzc3dvcmQ=\r\n"); /* user:hidden password */
    free(request);

    snprintf(url, sizeof url, "http://user:hidden%%20password@127.0.0.1:%d", refusing);
    setenv("HTTPS_PROXY", url, 1);
    okdok_options options = trusting();
    outcome result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK(strstr(result.error.message, "hidden") == NULL);
    CHECK_HAS(result.error.message, "did not accept");
    CHECK_INT(faults_requests(refusing), 1);
}

TEST(proxy_that_opens_no_tunnel_is_asked_once)
{
    static const char *steps[] = { "400", "403", "407", "404", "429", "500", "502", "503", "504", "301", "hangup", "reset", "raw=nonsense%0D%0A%0D%0A", "raw=" };
    int port = clean_environment();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int proxy = faults_proxy(steps[i]);
        okdok_options options = trusting();
        options.proxy = proxy_at(proxy);
        outcome result = delete_at(base_url, &options);
        if (result.error.status != OKDOK_STATUS_PROXY_REFUSED) fprintf(stderr, "%s: ", steps[i]);
        CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
        CHECK_HAS(result.error.message, options.proxy);
        CHECK_INT(faults_requests(proxy), 1);
        CHECK_INT(faults_connections(proxy), 1);
    }
    CHECK_INT(faults_connections(port), 0);
}

TEST(proxy_that_is_not_there_is_a_failed_connection)
{
    clean_environment();
    okdok_options options = trusting();
    options.max_attempts = 2;
    options.proxy = proxy_at(faults_closed());
    outcome result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 2, 0);
    CHECK_HAS(result.error.message, options.proxy);
    options.proxy = "http://no-such-host.invalid:3128";
    result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 2, 0);
    CHECK_HAS(result.error.message, "no-such-host.invalid");
}

TEST(proxy_that_says_nothing_is_a_failed_connection)
{
    clean_environment();
    okdok_options options = trusting();
    options.max_attempts = 1;
    options.timeout_ms = 2000;
    options.proxy = proxy_at(faults_proxy("silent"));
    outcome result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0);
    options.proxy = proxy_at(faults_stall());
    result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0);
}

TEST(proxy_may_be_spoken_to_over_tls)
{
    int port = clean_environment();
    char step[64], url[64];
    snprintf(step, sizeof step, "tlsproxy good tunnel=%d", port);
    int proxy = atoi(faults_ask("%s", step) + strlen("port "));
    snprintf(url, sizeof url, "https://localhost:%d", proxy);
    okdok_options options = trusting();
    options.proxy = url;
    outcome result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_INT(faults_requests(proxy), 1);

    proxy = atoi(faults_ask("tlsproxy expired 200") + strlen("port "));
    snprintf(url, sizeof url, "https://localhost:%d", proxy);
    result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK_INT(faults_requests(proxy), 0);
}

/* The tunnel stands, and what is behind it has the faults that it would have without a proxy. */
TEST(proxy_changes_nothing_of_what_is_behind_it)
{
    clean_environment();
    static const struct { const char *certificate, *steps; okdok_status status; int http_status; unsigned unknown; } cases[] = {
        { "wronghost", "missing", OKDOK_STATUS_NOT_FOUND, 400, 0 },
        { "wronghost", "reset=0", OKDOK_STATUS_CONNECTION_LOST, 0, 1 },
        { "wronghost", "reply=407", OKDOK_STATUS_UNEXPECTED_RESPONSE, 407, 0 },
        { "good", "ok", OKDOK_STATUS_TLS_FAILED, 0, 0 },
        { "hangup", "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 0 },
        { "clientauth13", "ok", OKDOK_STATUS_TLS_FAILED, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        okdok_options options = trusting();
        options.max_attempts = 1;
        options.proxy = proxy_at(tunnel_to(faults_tls(cases[i].certificate, cases[i].steps)));
        outcome result = delete_at(base_url, &options);
        if (result.error.status != cases[i].status) fprintf(stderr, "%s %s: ", cases[i].certificate, cases[i].steps);
        CHECK_OUTCOME(result, cases[i].status, cases[i].http_status, 1, cases[i].unknown);
    }
}

static const char *scratch(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s.%d.%s", faults_ca("good"), (int)getpid(), name);
    return path;
}

TEST(environment_names_the_authorities)
{
    clean_environment();
    setenv("SSL_CERT_FILE", faults_ca("good"), 1);
    CHECK(delete_at(https_url(faults_tls("good", "ok")), NULL).gone);
    setenv("SSL_CERT_FILE", faults_ca("rotated"), 1);
    outcome result = delete_at(https_url(faults_tls("good", "ok")), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK(delete_at(https_url(faults_tls("rotated", "ok")), NULL).gone);
    /* The option goes first. */
    okdok_options options = trusting();
    CHECK(delete_at(https_url(faults_tls("good", "ok")), &options).gone);

    unsetenv("SSL_CERT_FILE");
    char folder[600], link[700];
    strcpy(folder, scratch("certificates"));
    snprintf(link, sizeof link, "%s/01234567.0", folder);
    CHECK(mkdir(folder, 0700) == 0 && symlink(faults_ca("good"), link) == 0);
    setenv("SSL_CERT_DIR", folder, 1);
    result = delete_at(https_url(faults_tls("good", "ok")), NULL);
    unlink(link);
    rmdir(folder);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
}

TEST(environment_without_authorities_says_so_and_plain_loopback_works)
{
    clean_environment();
    char empty[600];
    strcpy(empty, scratch("empty"));
    FILE *file = fopen(empty, "w");
    CHECK(file != NULL && fclose(file) == 0);
    static const char *missing[] = { "/no/such/file", NULL };
    for (int i = 0; i < 2; i++) {
        setenv("SSL_CERT_FILE", missing[i] == NULL ? empty : missing[i], 1);
        okdok_error error = refused_client(base_url, KEY, NULL);
        CHECK_INT(error.status, OKDOK_STATUS_TLS_FAILED);
        CHECK_HAS(error.message, "ca-certificates");
        CHECK(delete_at(http_url(faults_serve("ok")), NULL).gone);
        okdok_options options = trusting();
        CHECK(delete_at(https_url(faults_tls("good", "ok")), &options).gone);
    }
    unlink(empty);
}

TEST(environment_cannot_make_us_log_keys)
{
    clean_environment();
    char log[600];
    strcpy(log, scratch("keys"));
    setenv("SSLKEYLOGFILE", log, 1);
    okdok_options options = trusting();
    options.connect_timeout_ms = 4321; /* built now, with the variable set */
    CHECK(delete_at(https_url(faults_tls("good", "ok")), &options).gone);
    CHECK(access(log, F_OK) != 0);
    unsetenv("SSLKEYLOGFILE");
}
