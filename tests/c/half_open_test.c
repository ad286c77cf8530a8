/* A pooled connection whose peer has vanished: every packet to it is lost.
 *
 * A socket filter that drops everything does to one connection what a firewall does to a host. Most systems let every user
 * set one, some only root. */
#define _GNU_SOURCE
#include "cases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener, first = -1;

static int listen_somewhere(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 8) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    return ntohs(address.sin_port);
}

/* Takes one connection, answers one request on it, and returns the connection. */
static void *answer_once(void *taken)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\ncontent-length: 41\r\n\r\n{\"message\":\"msg.deleted\",\"result\":\"id-1\"}";
    char request[4096];
    size_t have = 0;
    int connection = accept(listener, NULL, NULL);
    while (have < 4 || memcmp(request + have - 4, "\r\n\r\n", 4) != 0) {
        ssize_t n = recv(connection, request + have, sizeof request - have, 0);
        if (n <= 0) return NULL;
        have += (size_t)n;
    }
    if (send(connection, answer, sizeof answer - 1, MSG_NOSIGNAL) != sizeof answer - 1) return NULL;
    *(int *)taken = connection;
    return taken;
}

static void lose_all_packets_to(int connection)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = { 1, &nothing };
    if (setsockopt(connection, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) return;
    static char reason[160];
    snprintf(reason, sizeof reason, "this machine lets us lose no packets (SO_ATTACH_FILTER: %s)", strerror(errno));
    CHECK(errno == EPERM || errno == EACCES);
    harness_skip(reason);
}

TEST(half_open_connection_costs_one_connect_timeout)
{
    int port = listen_somewhere();
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 20000;
    options.connect_timeout_ms = 2000;
    planned_call call = { okdok_client_new(http_url(port), KEY, &options, NULL, NULL), "id-1", { 0 }, 0 };
    CHECK(call.client != NULL);

    pthread_t server;
    CHECK(pthread_create(&server, NULL, answer_once, &first) == 0);
    make_side_by_side(&call, 1, 1);
    pthread_join(server, NULL);
    CHECK_OUTCOME(call.result, OKDOK_STATUS_OK, 200, 1, 0);

    lose_all_packets_to(first);
    int second = -1;
    CHECK(pthread_create(&server, NULL, answer_once, &second) == 0);
    make_side_by_side(&call, 1, 1);
    /* Ends the server's wait if no second connection came. */
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    okdok_free(call.client);
    close(first);
    close(second);
    close(listener);
    CHECK_OUTCOME(call.result, OKDOK_STATUS_OK, 200, 2, 0);
    /* One connect time-out, as precise as the kernel's retransmissions allow, and the wait before the retry. Otherwise the
     * deadline would end the wait. */
    printf("a half-open connection cost %lld ms\n", call.took_ms);
    CHECK(call.took_ms >= 2000 && call.took_ms < 10000);
}
