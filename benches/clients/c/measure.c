/* Measures one library.
 *
 *   version                                 prints what is measured
 *   first BASE_URL CA_FILE                  deletes once, then prints a line: whoever started it looks at the clock
 *   warm BASE_URL CA_FILE SECONDS THREADS   deletes for so long and prints: deletions, nanoseconds, CPU nanoseconds
 */
#define _GNU_SOURCE
#include "session.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 50, MOST_THREADS = 64 };

static struct service service;
static uint64_t duration;
static atomic_uint_fast64_t deletions;
/* Each thread counts its own time: the last to end would make all look slower. */
static atomic_uint_fast64_t time_of_threads;
static pthread_barrier_t barrier;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t nanoseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

/* Of the whole process: a library's own threads count too. */
static uint64_t cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

static bool delete_next(void *session, unsigned thread, unsigned number)
{
    char id[64];
    snprintf(id, sizeof id, "32f8628d-6658-443d-%04x-%012x", thread, number);
    return session_delete(session, id);
}

static void *run(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument;
    void *session = session_open(&service);
    if (session == NULL) {
        exit(1);
    }
    unsigned number = 0;
    while (number < WARM_UP) {
        if (!delete_next(session, thread, number++)) {
            exit(1);
        }
    }
    pthread_barrier_wait(&barrier); /* all are warm */
    pthread_barrier_wait(&barrier); /* CPU time was read */
    uint64_t began = now();
    uint64_t took = 0;
    while (took < duration) {
        if (!delete_next(session, thread, number++)) {
            exit(1);
        }
        took = now() - began;
    }
    atomic_fetch_add(&deletions, number - WARM_UP);
    atomic_fetch_add(&time_of_threads, took);
    pthread_barrier_wait(&barrier);
    session_close(session);
    return NULL;
}

static int first(void)
{
    void *session = session_open(&service);
    if (session == NULL || !delete_next(session, 0, 0)) {
        return 1;
    }
    return write(STDOUT_FILENO, "deleted\n", 8) == 8 ? 0 : 1;
}

static int steady(unsigned threads)
{
    pthread_barrier_init(&barrier, NULL, threads + 1);
    pthread_t running[MOST_THREADS];
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&running[i], NULL, run, (void *)(uintptr_t)i) != 0) {
            return 1;
        }
    }
    pthread_barrier_wait(&barrier);
    uint64_t spent = cpu();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    spent = cpu() - spent;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(running[i], NULL);
    }
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (uint64_t)atomic_load(&deletions),
           (uint64_t)atomic_load(&time_of_threads) / threads, spent);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        puts(session_version());
        return 0;
    }
    if (argc >= 4) {
        service.base_url = argv[2];
        service.ca_file = argv[3];
    }
    if (argc == 4 && strcmp(argv[1], "first") == 0) {
        return first();
    }
    if (argc == 6 && strcmp(argv[1], "warm") == 0) {
        duration = (uint64_t)(strtod(argv[4], NULL) * 1e9);
        unsigned threads = (unsigned)strtoul(argv[5], NULL, 10);
        return threads <= MOST_THREADS ? steady(threads) : 2;
    }
    fprintf(stderr, "usage: see the head of measure.c\n");
    return 2;
}
