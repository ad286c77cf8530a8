/* localhost has two addresses; one that does not work must not hide the other. */
#include "cases.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

static bool has_ipv6(void)
{
    struct sockaddr_in6 address;
    memset(&address, 0, sizeof address);
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
#ifdef _WIN32
    SOCKET probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = probe != INVALID_SOCKET && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
    closesocket(probe);
#else
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = probe >= 0 && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
#endif
    return has;
}

/* At localhost, where IPv4 has a port of the fault server on which nobody answers. */
static void check_ipv6_alone(int port)
{
    if (!has_ipv6()) harness_skip("this machine has no ::1");
    faults_ask("serve6 %d ok", port);
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%d", port);
    long long begun = now_ms();
    outcome result = delete_at(url, NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK(now_ms() - begun < 5000);
}

TEST(ipv6_alive_ipv4_dead)
{
    check_ipv6_alone(faults_stall());
}

TEST(ipv6_alive_ipv4_refused)
{
    check_ipv6_alone(faults_closed());
}

TEST(ipv6_refused_ipv4_alive)
{
    /* Nobody listens at [::1] there. */
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%d", faults_serve("ok"));
    outcome result = delete_at(url, NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
}
