/* Preloaded: once told to, the clock fails, upon which Rust's standard library panics. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <time.h>

bool broken_clock_is_broken;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    if (broken_clock_is_broken) {
        errno = EINVAL;
        return -1;
    }
    return real(clock, now);
}
