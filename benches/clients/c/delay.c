/* delay PORT MILLISECONDS: a TCP forwarder to 127.0.0.1:PORT that makes every answer come so long after its request.
 *
 * Prints its own port. The time counts from the request's arrival here, so that its own work and the server's are not
 * added. One thread; ends when its standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, MOST_WAITING = 65536 };

struct connection {
    bool open;
    int client;
    int server;
    uint64_t asked; /* when the client last sent something */
    size_t waiting; /* bytes of `answer` that go out one delay after `asked` */
    char answer[MOST_WAITING];
};

/* What epoll reports: an index into `connections`, twice, plus 1 for the server's side; or one of these. */
enum { LISTENER = 2 * MOST_CONNECTIONS, TIMER, INPUT };

static struct connection connections[MOST_CONNECTIONS];
static struct sockaddr_in server_address;
static uint64_t delay;
static int poll_fd;
static int timer_fd;

static void check(bool well, const char *what)
{
    if (!well) {
        perror(what);
        exit(1);
    }
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void watch(int fd, uint32_t what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = what };
    check(epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void end(struct connection *connection)
{
    close(connection->client);
    close(connection->server);
    connection->open = false;
    connection->waiting = 0;
}

static void begin(int listener)
{
    uint32_t index = 0;
    while (connections[index].open) {
        index++;
        check(index < MOST_CONNECTIONS, "too many connections");
    }
    struct connection *connection = &connections[index];
    connection->client = accept(listener, NULL, NULL);
    connection->server = socket(AF_INET, SOCK_STREAM, 0);
    check(connection->client >= 0 && connection->server >= 0, "accept");
    check(connect(connection->server, (struct sockaddr *)&server_address, sizeof server_address) == 0, "connect");
    int on = 1;
    setsockopt(connection->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(connection->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->open = true;
    watch(connection->client, 2 * index);
    watch(connection->server, 2 * index + 1);
}

/* Messages are far smaller than a socket's buffer, so they always go out whole. */
static bool send_all(int fd, const char *data, size_t length)
{
    return send(fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void forward(struct connection *connection, bool from_server)
{
    char request[MOST_WAITING];
    char *to = from_server ? connection->answer + connection->waiting : request;
    size_t space = from_server ? MOST_WAITING - connection->waiting : sizeof request;
    ssize_t got = recv(from_server ? connection->server : connection->client, to, space, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) {
        return; /* An event of the connection that had this place before. */
    }
    if (got <= 0) {
        end(connection);
    } else if (from_server) {
        connection->waiting += (size_t)got;
    } else {
        connection->asked = now();
        if (!send_all(connection->server, request, (size_t)got)) {
            end(connection);
        }
    }
}

/* Sends what is due, and sets the timer for what is due next. */
static void answer_due(void)
{
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        struct connection *connection = &connections[i];
        if (connection->waiting == 0) {
            continue;
        }
        uint64_t due = connection->asked + delay;
        if (due > now()) {
            next = due < next ? due : next;
        } else if (send_all(connection->client, connection->answer, connection->waiting)) {
            connection->waiting = 0;
        } else {
            end(connection);
        }
    }
    struct itimerspec time = { 0 };
    if (next != UINT64_MAX) {
        time.it_value.tv_sec = (time_t)(next / 1000000000u);
        time.it_value.tv_nsec = (long)(next % 1000000000u);
    }
    check(timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &time, NULL) == 0, "timerfd_settime");
}

static int listen_and_say_where(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    check(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, MOST_CONNECTIONS) == 0 &&
              getsockname(listener, (struct sockaddr *)&address, &size) == 0,
          "listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: delay PORT MILLISECONDS\n");
        return 2;
    }
    server_address.sin_family = AF_INET;
    server_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server_address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    delay = strtoul(argv[2], NULL, 10) * 1000000u;
    poll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, 0);
    check(poll_fd >= 0 && timer_fd >= 0, "epoll");
    int listener = listen_and_say_where();
    watch(listener, LISTENER);
    watch(timer_fd, TIMER);
    watch(STDIN_FILENO, INPUT);
    for (;;) {
        struct epoll_event events[MOST_CONNECTIONS];
        int count = epoll_wait(poll_fd, events, MOST_CONNECTIONS, -1);
        check(count >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < count; i++) {
            uint32_t what = events[i].data.u32;
            if (what == INPUT) {
                return 0;
            }
            if (what == LISTENER) {
                begin(listener);
            } else if (what < LISTENER && connections[what / 2].open) {
                forward(&connections[what / 2], what % 2 == 1);
            }
        }
        answer_due();
    }
}
