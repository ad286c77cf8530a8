/* To be preloaded: acts as a kernel before Linux 4.14, which cannot wipe a page at fork. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

int madvise(void *start, size_t length, int advice)
{
    static int (*real)(void *, size_t, int);
    if (advice == MADV_WIPEONFORK) {
        errno = EINVAL;
        return -1;
    }
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "madvise");
    return real(start, length, advice);
}
