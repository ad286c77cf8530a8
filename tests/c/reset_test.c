/* A connection that is reset before the system has told its maker that it is there. */
#define _GNU_SOURCE
#include "cases.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#ifndef __SANITIZE_THREAD__ /* which has a connect() of its own */
static atomic_bool resets_first;
static int (*real)(int, const void *, unsigned);

__attribute__((constructor)) static void find_real_connect(void)
{
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
}

/* The library calls this one, since a program's own symbols take precedence over those of its libraries. */
int connect(int socket, const void *address, unsigned length)
{
    int result = real(socket, address, length), error = errno;
    /* Waits until the peer has reset the connection. */
    struct pollfd reset = { .fd = socket, .events = 0 };
    if (resets_first) poll(&reset, 1, 10000);
    errno = error;
    return result;
}

TEST(reset_while_connecting_was_not_sent)
{
    okdok_options options = one_attempt();
    const char *url = http_url(faults_serve("accept-reset"));
    resets_first = true;
    outcome result = delete_at(url, &options);
    resets_first = false;
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0);
}
#endif
