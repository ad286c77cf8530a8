/* delay PORT MILLISECONDS: a TCP forwarder to 127.0.0.1:PORT that holds each answer until so long after its request.
 *
 * It prints its own port, and ends when its standard input does. The time counts from the request's arrival here, so that
 * neither the forwarder's own work nor the server's is added.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in server = { .sin_family = AF_INET };
static long delay;

static void check(bool well, const char *what)
{
    if (!well) {
        perror(what);
        exit(1);
    }
}

/* Forwards one connection until either side closes it. */
static void *forward(void *client)
{
    struct pollfd sides[2] = { { .fd = (int)(intptr_t)client, .events = POLLIN }, { .events = POLLIN } };
    sides[1].fd = socket(AF_INET, SOCK_STREAM, 0);
    check(connect(sides[1].fd, (struct sockaddr *)&server, sizeof server) == 0, "connect");
    for (int i = 0; i < 2; i++) setsockopt(sides[i].fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    prctl(PR_SET_TIMERSLACK, 1ul);
    struct timespec due;
    for (;;) {
        check(poll(sides, 2, -1) > 0, "poll");
        int from = sides[0].revents != 0 ? 0 : 1;
        char data[65536];
        ssize_t length = recv(sides[from].fd, data, sizeof data, 0);
        if (length <= 0) break;
        if (from == 0) {
            clock_gettime(CLOCK_MONOTONIC, &due);
            due.tv_nsec += delay;
            due.tv_sec += due.tv_nsec / 1000000000;
            due.tv_nsec %= 1000000000;
        } else {
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        }
        /* Messages are far smaller than a socket's buffer, so they go out whole. */
        if (send(sides[1 - from].fd, data, (size_t)length, MSG_NOSIGNAL) != length) break;
    }
    for (int i = 0; i < 2; i++) close(sides[i].fd);
    return NULL;
}

int main(int argc, char **argv)
{
    check(argc == 3, "usage: delay PORT MILLISECONDS");
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_in address = server;
    server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    delay = strtol(argv[2], NULL, 10) * 1000000;
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 64) == 0, "listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct pollfd watched[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = listener, .events = POLLIN } };
    while (poll(watched, 2, -1) > 0 && watched[0].revents == 0) {
        pthread_t thread;
        int client = accept(listener, NULL, NULL);
        check(client >= 0 && pthread_create(&thread, NULL, forward, (void *)(intptr_t)client) == 0, "accept");
        pthread_detach(thread);
    }
    return 0;
}
