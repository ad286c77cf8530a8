/* A real SOCKS proxy, with and without a login. Run under tests/process/with-host elsewhere.example, since the proxy looks
 * names up itself. */
#define _GNU_SOURCE
#include "cases.h"
#include "program.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "elsewhere.example"

static bool listens(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(probe >= 0);
    bool connected = connect(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    return connected;
}

static int start_microsocks(bool with_login, program *microsocks)
{
    struct addrinfo hints = { .ai_family = AF_INET }, *found = NULL;
    if (getaddrinfo(HOST, NULL, &hints, &found) != 0) harness_skip(HOST " cannot be given an address: this machine lets us make no namespace");
    freeaddrinfo(found);
    for (int attempt = 0; attempt < 5; attempt++) {
        char port[8];
        snprintf(port, sizeof port, "%d", free_port());
        char *command[] = { "microsocks", "-i", "127.0.0.1", "-p", port, with_login ? "-u" : NULL, "user", "-P", "hidden-password", NULL };
        start_program(microsocks, command, NULL, NULL);
        /* It does not print when it is ready. */
        while (!has_ended(microsocks)) {
            if (listens(atoi(port))) return atoi(port);
            sched_yield();
        }
        stop_program(microsocks);
        fclose(microsocks->words);
    }
    harness_fail(__FILE__, __LINE__, "microsocks does not start");
}

static outcome delete_through(const char *scheme, const char *login, int proxy, int server)
{
    char url[128], base_url[64];
    snprintf(url, sizeof url, "%s://%s127.0.0.1:%d", scheme, login, proxy);
    snprintf(base_url, sizeof base_url, "https://" HOST ":%d", server);
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = faults_ca("good");
    options.proxy = url;
    return delete_at(base_url, &options);
}

/* How many lines of its output name this host: it prints each connection with the host that was asked for. */
static unsigned connected_to(program *microsocks, const char *host)
{
    char line[512];
    unsigned count = 0;
    while (fgets(line, sizeof line, microsocks->words) != NULL) count += strstr(line, host) != NULL;
    fclose(microsocks->words);
    return count;
}

TEST(slow_socks_without_a_login)
{
    int server = faults_tls("wronghost", "service");
    program microsocks;
    int port = start_microsocks(false, &microsocks);
    outcome by_name = delete_through("socks5h", "", port, server), by_address = delete_through("socks5", "", port, server),
            with_one = delete_through("socks5h", "user:hidden-password@", port, server),
            not_there = delete_through("socks5h", "", port, faults_closed());
    stop_program(&microsocks);
    CHECK_OUTCOME(by_name, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_OUTCOME(by_address, OKDOK_STATUS_NOT_FOUND, 400, 1, 0);
    /* Only a login is offered, and this proxy takes none. */
    CHECK_OUTCOME(with_one, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_OUTCOME(not_there, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_INT(connected_to(&microsocks, HOST), 1);
}

TEST(slow_socks_with_a_login)
{
    int server = faults_tls("wronghost", "ok");
    program microsocks;
    int port = start_microsocks(true, &microsocks);
    outcome good = delete_through("socks5h", "user:hidden-password@", port, server),
            wrong = delete_through("socks5h", "user:hidden-mistake@", port, server), none = delete_through("socks5h", "", port, server);
    stop_program(&microsocks);
    CHECK_OUTCOME(good, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_OUTCOME(wrong, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK(strstr(wrong.error.message, "hidden") == NULL);
    CHECK_OUTCOME(none, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_HAS(none.error.message, "login");
    CHECK_INT(connected_to(&microsocks, HOST), 1);
    CHECK_INT(faults_requests(server), 1);
}
