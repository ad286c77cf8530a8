/* To be preloaded: when told to, the clock fails on some threads, and Rust's standard library panics. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

static atomic_int here, all_but;

/* On this thread only, so that no other is hit by chance; or on all but this one. */
void broken_clock_break(bool elsewhere)
{
    *(elsewhere ? &all_but : &here) = gettid();
}

void broken_clock_repair(void)
{
    here = all_but = 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    if ((here != 0 && gettid() == here) || (all_but != 0 && gettid() != all_but)) {
        errno = EINVAL;
        return -1;
    }
    return real(clock, now);
}
