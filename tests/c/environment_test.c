/* What the environment decides (proxies, authorities), and what it does not. */
#include "cases.h"
#include "names.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

/* https://elsewhere.example and the port of a server with a certificate for it, which is reached without a proxy. */
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

static outcome delete_by(const char *proxy)
{
    okdok_options options = trusting();
    options.proxy = proxy;
    return delete_at(base_url, &options);
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
        /* Only the service may see the key. */
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
    /* An empty one counts as unset. */
    setenv("HTTPS_PROXY", "", 1);
    setenv("ALL_PROXY", "", 1);
    check_deletes(first, 1);
}

/* Sets a list, with PORT replaced by this port. */
static void exclude(const char *variable, const char *list, int port)
{
    char filled[256];
    const char *place = strstr(list, "PORT");
    if (place == NULL) snprintf(filled, sizeof filled, "%s", list);
    else snprintf(filled, sizeof filled, "%.*s%d%s", (int)(place - list), list, port, place + strlen("PORT"));
    setenv(variable, filled, 1);
}

TEST(environment_excludes_hosts_from_the_proxy)
{
    static const struct { const char *list; int connects; } cases[] = {
        { ELSEWHERE, 0 }, { "other.example, " ELSEWHERE, 0 }, { "example", 0 }, { ".example", 0 }, { "*", 0 },
        /* As other tools write them. */
        { "*.example", 0 }, { ELSEWHERE ".", 0 }, { ".example.", 0 }, { "ELSEWHERE.Example", 0 }, { "." ELSEWHERE, 0 }, { "*." ELSEWHERE, 0 },
        { ELSEWHERE ":PORT", 0 }, { ".example:PORT", 0 }, { "other.example " ELSEWHERE, 0 }, { "other.example\t " ELSEWHERE " x", 0 },
        { " ," ELSEWHERE ",, ", 0 }, { "other.example,*", 0 },
        { ELSEWHERE ":1", 1 }, { ".example:1,other.example:PORT", 1 }, { "*lsewhere.example", 1 }, { ",", 1 },
        { "", 1 }, { "other.example", 1 }, { "lsewhere.example", 1 }, { "127.0.0.1", 1 }, { "10.0.0.0/8", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int lower = 0; lower <= 1; lower++) {
            int port = clean_environment(), proxy = tunnel_to(port);
            setenv("HTTPS_PROXY", proxy_at(proxy), 1);
            exclude(lower ? "no_proxy" : "NO_PROXY", cases[i].list, port);
            okdok_options options = trusting();
            outcome result = delete_at(base_url, &options);
            CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
            if (faults_requests(proxy) != cases[i].connects)
                harness_fail(__FILE__, __LINE__, "NO_PROXY=%s: %d CONNECTs", cases[i].list, faults_requests(proxy));
        }
}

/* In Unicode or in ASCII (xn--), in the list and in the URL. */
TEST(environment_excludes_international_names)
{
    static const char *bases[] = { "b\xC3\xBC" "cher.example", "xn--bcher-kva.example" };
    static const char *lists[] = { "b\xC3\xBC" "cher.example", "B\xC3\x9C" "CHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE" };
    for (size_t base = 0; base < 2; base++)
        for (size_t list = 0; list <= sizeof lists / sizeof *lists; list++) {
            int port = clean_environment(), proxy = faults_proxy("502");
            char url[64];
            snprintf(url, sizeof url, "https://%s:%d", bases[base], port);
            setenv("HTTPS_PROXY", proxy_at(proxy), 1);
            bool excluded = list < sizeof lists / sizeof *lists;
            if (excluded) setenv("NO_PROXY", lists[list], 1);
            okdok_options options = trusting();
            options.max_attempts = 1;
            outcome result = delete_at(url, &options);
            /* The certificate is for another host. */
            CHECK_OUTCOME(result, excluded ? OKDOK_STATUS_TLS_FAILED : OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
            CHECK_INT(faults_requests(proxy), !excluded);
        }
}

/* Loopback is never proxied, so this takes another address of this machine; nobody listens on it. */
static const char *own_address(int family)
{
    static char text[INET6_ADDRSTRLEN];
    struct ifaddrs *all;
    text[0] = '\0';
    CHECK(getifaddrs(&all) == 0);
    for (struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || one->ifa_addr->sa_family != family || (one->ifa_flags & IFF_LOOPBACK) || !(one->ifa_flags & IFF_UP)) continue;
        const void *address = family == AF_INET ? (void *)&((struct sockaddr_in *)(void *)one->ifa_addr)->sin_addr
                                                : (void *)&((struct sockaddr_in6 *)(void *)one->ifa_addr)->sin6_addr;
        if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)address)) continue;
        inet_ntop(family, address, text, sizeof text);
        break;
    }
    freeifaddrs(all);
    return text[0] == '\0' ? NULL : text;
}

TEST(environment_excludes_addresses_and_networks)
{
    static const struct { int family; const char *list; bool excluded; } cases[] = {
        { AF_INET, "ADDRESS", true }, { AF_INET, "ADDRESS/32", true }, { AF_INET, "0.0.0.0/0", true }, { AF_INET, "ADDRESS:PORT", true },
        { AF_INET, "127.0.0.1", false }, { AF_INET, "127.0.0.0/8", false }, { AF_INET, "ADDRESS:1", false }, { AF_INET, "::/0", false },
        { AF_INET6, "ADDRESS", true }, { AF_INET6, "[ADDRESS]", true }, { AF_INET6, "[ADDRESS]:PORT", true }, { AF_INET6, "ADDRESS/128", true },
        { AF_INET6, "::/0", true }, { AF_INET6, "::1/128", false }, { AF_INET6, "[ADDRESS]:1", false },
    };
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *address = own_address(cases[i].family);
        if (address == NULL) continue;
        clean_environment();
        int proxy = faults_proxy("502"), closed = faults_closed();
        char url[128], list[128];
        snprintf(url, sizeof url, cases[i].family == AF_INET6 ? "https://[%s]:%d" : "https://%s:%d", address, closed);
        const char *place = strstr(cases[i].list, "ADDRESS");
        if (place == NULL) snprintf(list, sizeof list, "%s", cases[i].list);
        else snprintf(list, sizeof list, "%.*s%s%s", (int)(place - cases[i].list), cases[i].list, address, place + strlen("ADDRESS"));
        setenv("HTTPS_PROXY", proxy_at(proxy), 1);
        exclude("NO_PROXY", list, closed);
        okdok_options options = trusting();
        options.max_attempts = 1;
        options.connect_timeout_ms = 3000;
        outcome result = delete_at(url, &options);
        if ((faults_requests(proxy) == 0) != cases[i].excluded)
            harness_fail(__FILE__, __LINE__, "NO_PROXY=%s for %s: %s", list, url, result.error.message);
        CHECK_OUTCOME(result, cases[i].excluded ? OKDOK_STATUS_CONNECT_FAILED : OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
        tried++;
    }
    if (tried == 0) harness_skip("this machine has no address but loopback");
}

/* An unusable proxy is no reason to refuse a client that does not use it. */
TEST(environment_looks_at_the_exclusions_first)
{
    static const char *unusable[] = { "ftp://h", "socks4://127.0.0.1:1", "http://h:0", "http://127.0.0.1:1/path" };
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++) {
        clean_environment();
        setenv("ALL_PROXY", unusable[i], 1);
        CHECK_INT(refused_client(base_url, KEY, NULL).status, OKDOK_STATUS_INVALID_ARGUMENT);
        setenv("NO_PROXY", "other.example," ELSEWHERE, 1);
        okdok_options options = trusting();
        outcome result = delete_at(base_url, &options);
        CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    }
}

TEST(environment_names_a_proxy_without_a_scheme)
{
    int port = clean_environment(), proxy = tunnel_to(port);
    char bare[64];
    snprintf(bare, sizeof bare, "127.0.0.1:%d", proxy);
    setenv("HTTPS_PROXY", bare, 1);
    check_deletes(proxy, 1);
    okdok_options options = trusting();
    unsetenv("HTTPS_PROXY");
    options.proxy = bare;
    options.connect_timeout_ms = 5000; /* no connection of an earlier client */
    CHECK(delete_at(base_url, &options).gone);
    CHECK_INT(faults_requests(proxy), 2);

    char login[96];
    snprintf(login, sizeof login, "user:hidden@127.0.0.1:%d", proxy);
    options.proxy = login;
    CHECK(delete_at(base_url, &options).gone);
    char *request = faults_request(proxy, 3);
    CHECK_HAS(request, "asic dXNlcjpoaWRkZW4=\r\n"); /* user:hidden */
    free(request);
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
    /* The option is used, whatever the environment excludes. */
    setenv("NO_PROXY", "*", 1);
    okdok_options again = options;
    again.connect_timeout_ms = 5000; /* no connection of an earlier client */
    CHECK(delete_at(base_url, &again).gone);
    CHECK_INT(faults_requests(given), 2);
    CHECK_INT(faults_connections(named), 0);
}

TEST(environment_with_an_unusable_proxy_is_refused)
{
    static const char *bad[] = { "socks4://127.0.0.1:1", "socks5://", "ftp://proxy", "http://", "http://h:0", "http://h /",
                                 "http://h\x01", "http://127.0.0.1:1/path", "\xff", "socks5://h:0", "h:0", "h /" };
    static const char *variables[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *variable = variables[i % 4];
        clean_environment();
        setenv(variable, bad[i], 1);
        okdok_error error = refused_client(base_url, KEY, NULL);
        if (error.status != OKDOK_STATUS_INVALID_ARGUMENT) harness_fail(__FILE__, __LINE__, "%s=%s: %s", variable, bad[i], error.message);
        CHECK_HAS(error.message, variable);
        /* If no proxy is used, a bad one does not matter. */
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
    static const char *bases[] = { "http://127.0.0.1", "http://localhost", "http://LOCALHOST", "https://localhost", "https://127.0.0.1",
                                   "http://app.dev.localhost", "http://App.LocalHost" };
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
        outcome result = delete_by(proxy_at(proxy));
        if (result.error.status != OKDOK_STATUS_PROXY_REFUSED) fprintf(stderr, "%s: ", steps[i]);
        CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
        CHECK_HAS(result.error.message, proxy_at(proxy));
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
    options.timeout_ms = 4000;
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
    outcome result = delete_by(url);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_INT(faults_requests(proxy), 1);

    proxy = atoi(faults_ask("tlsproxy expired 200") + strlen("port "));
    snprintf(url, sizeof url, "https://localhost:%d", proxy);
    result = delete_by(url);
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK_INT(faults_requests(proxy), 0);
}

/* The tunnel is open, and the server behind it has the same faults as without a proxy. */
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

static int socks(const char *steps)
{
    return atoi(faults_ask("socks %s", steps) + strlen("port "));
}

static int socks_to(const char *step, int port)
{
    char steps[32];
    snprintf(steps, sizeof steps, "%s=%d", step, port);
    return socks(steps);
}

/* socks5h leaves the name to the proxy, socks5 does not. */
TEST(proxy_may_speak_socks)
{
    static const struct { const char *url, *step, *host; } cases[] = {
        { "socks5h://", "tunnel", ELSEWHERE }, { "socks5://", "tunnel", "127.0.0.1" }, { "SOCKS5H://", "tunnel", ELSEWHERE },
        { "socks5h://user:hidden%20p%40ssword@", "login", "user:hidden p@ssword@" ELSEWHERE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int named = 0; named <= 1; named++) {
            int port = clean_environment(), proxy = socks_to(cases[i].step, port);
            char url[128], wanted[96];
            snprintf(url, sizeof url, "%s127.0.0.1:%d", cases[i].url, proxy);
            snprintf(wanted, sizeof wanted, "%s:%d", cases[i].host, port);
            if (named) setenv("ALL_PROXY", url, 1);
            outcome result = delete_by(named ? NULL : url);
            CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
            char *request = faults_request(proxy, 1);
            CHECK_STR(request, wanted);
            free(request);
        }
}

TEST(proxy_that_speaks_socks_and_refuses_is_asked_once)
{
    static const char *steps[] = { "refuse=1", "refuse=2", "refuse=3", "refuse=4", "refuse=5", "refuse=6", "refuse=7", "refuse=8", "refuse=255",
                                   "nomethod", "badlogin", "hangup", "reset", "hangup=late", "reset=late" };
    int port = clean_environment();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int proxy = socks(steps[i]);
        char url[96], shown[64];
        snprintf(url, sizeof url, "socks5h://user:hidden@127.0.0.1:%d", proxy);
        snprintf(shown, sizeof shown, "127.0.0.1:%d", proxy);
        outcome result = delete_by(url);
        if (result.error.status != OKDOK_STATUS_PROXY_REFUSED) fprintf(stderr, "%s: ", steps[i]);
        CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
        CHECK_HAS(result.error.message, shown);
        CHECK(strstr(result.error.message, "hidden") == NULL);
        CHECK_INT(faults_connections(proxy), 1);
    }
    /* The proxy asks for a login, and there is none. */
    int proxy = socks_to("login", port);
    char url[64];
    snprintf(url, sizeof url, "socks5h://127.0.0.1:%d", proxy);
    outcome result = delete_by(url);
    CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_INT(faults_connections(proxy), 1);
    CHECK_INT(faults_connections(port), 0);
}

TEST(proxy_that_speaks_socks_and_is_silent_or_not_there_is_a_failed_connection)
{
    clean_environment();
    static const char *steps[] = { "silent", "silent=late" };
    char url[64];
    okdok_options options = trusting();
    options.max_attempts = 1;
    options.timeout_ms = 4000;
    options.proxy = url;
    for (size_t i = 0; i < 2; i++) {
        snprintf(url, sizeof url, "socks5://127.0.0.1:%d", socks(steps[i]));
        long long begun = now_ms();
        outcome result = delete_at(base_url, &options);
        CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0);
        CHECK(now_ms() - begun <= 4000 + slack_ms());
    }
    options.max_attempts = 2;
    options.timeout_ms = 30000;
    snprintf(url, sizeof url, "socks5h://127.0.0.1:%d", faults_closed());
    outcome result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 2, 0);
    options.proxy = "socks5h://no-such-host.invalid:1080";
    result = delete_at(base_url, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 2, 0);
    CHECK_HAS(result.error.message, "no-such-host.invalid");
    /* A name that only this machine can look up. */
    options.proxy = url;
    snprintf(url, sizeof url, "socks5://127.0.0.1:%d", socks("refuse=1"));
    result = delete_at("https://no-such-host.invalid", &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 2, 0);
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
    /* The option takes precedence. */
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

/* Every variable that is set but empty, as by a shell's `export SSL_CERT_FILE=`, counts as unset. */
TEST(environment_variables_that_are_empty_are_not_there)
{
    static const char *variables[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR" };
    clean_environment();
    okdok_error unset, empty;
    okdok_free(okdok_client_new(base_url, KEY, NULL, NULL, &unset));
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) setenv(variables[i], "", 1);
    okdok_free(okdok_client_new(base_url, KEY, NULL, NULL, &empty));
    CHECK_INT(empty.status, unset.status);
    CHECK_STR(empty.message, unset.message);
    okdok_options options = trusting();
    CHECK(delete_at(base_url, &options).gone);
    /* The other of the two still counts. */
    setenv("SSL_CERT_FILE", faults_ca("good"), 1);
    CHECK(delete_at(https_url(faults_tls("good", "ok")), NULL).gone);
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

/* Opening one would wait for a writer, for ever. */
TEST(environment_ssl_cert_file_may_not_be_a_pipe)
{
    char path[600];
    snprintf(path, sizeof path, "%s.pipe", faults_ca("good"));
    CHECK(mkfifo(path, 0600) == 0);
    setenv("SSL_CERT_FILE", path, 1);
    unsetenv("SSL_CERT_DIR");
    okdok_error error;
    CHECK(okdok_client_new("https://okdok.test", KEY, NULL, NULL, &error) == NULL);
    unsetenv("SSL_CERT_FILE");
    unlink(path);
    CHECK_INT(error.status, OKDOK_STATUS_TLS_FAILED);
    CHECK_HAS(error.message, "not a regular file");
}
