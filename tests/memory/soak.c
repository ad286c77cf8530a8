/* soak N: N deletions, with every kind of outcome, by clients that are made and freed. At the end there must be as much memory
 * and as many descriptors and threads in use as after the first tenth. */
#define _GNU_SOURCE
#include <okdok.h>

#include "faults.h"
#include "harness.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#define THREADS 4
/* One call in so many ends with another outcome than deleted. */
#define RARELY 20

static const char *good, *others[4];
static okdok_client *shared;
static int calls_per_thread;

static void must(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "soak: %s\n", what);
    _exit(1);
}

static okdok_client *new_client(const char *url, uint32_t connect_timeout_ms)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 1;
    options.connect_timeout_ms = connect_timeout_ms;
    okdok_client *client = okdok_client_new(url, "soak-key", &options, NULL, NULL);
    must(client != NULL, "no client");
    return client;
}

static void *delete_on_and_on(void *number)
{
    okdok_error error;
    for (int i = 0; i < calls_per_thread; i++) {
        char id[48];
        snprintf(id, sizeof id, "id-%d-%d", (int)(intptr_t)number, i);
        if (i % RARELY != 0) {
            must(okdok_delete_signature_request(shared, id, NULL, &error), error.message);
            continue;
        }
        /* Its own client; now and then with its own transport. */
        okdok_client *own = new_client(others[i / RARELY % 4], i % (RARELY * 8) == 0 ? 2000 + (uint32_t)(i % 7) : 0);
        must(!okdok_delete_signature_request(own, id, NULL, &error), "deleted, where it cannot be");
        must(error.message[0] != '\0', "no message");
        okdok_free(own);
        must(!okdok_delete_signature_request(own, id, NULL, NULL), "a freed client was used");
    }
    return NULL;
}

static void run(int calls)
{
    calls_per_thread = calls / THREADS;
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, delete_on_and_on, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static int entries(const char *folder)
{
    DIR *open_folder = opendir(folder);
    CHECK(open_folder != NULL);
    int count = 0;
    while (readdir(open_folder) != NULL) count++;
    closedir(open_folder);
    return count;
}

struct usage {
    long in_use, resident;
    int descriptors, threads;
};

/* Threads of transports end in the background: waits until they have, or reports that they stay. */
static struct usage measure(int threads_wanted)
{
    struct usage now = { 0, 0, 0, 0 };
    struct timespec moment = { 0, 10000000 };
    for (int i = 0; i < 500; i++) {
        now.threads = entries("/proc/self/task") - 2;
        if (now.threads <= threads_wanted) break;
        nanosleep(&moment, NULL);
    }
    now.descriptors = entries("/proc/self/fd") - 2;
    malloc_trim(0);
    now.in_use = (long)mallinfo2().uordblks;
    long ignored;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &ignored, &now.resident) == 2);
    fclose(file);
    now.resident *= sysconf(_SC_PAGESIZE);
    printf("soak: %ld bytes in use, %ld KiB resident, %d descriptors, %d threads\n", now.in_use, now.resident / 1024,
           now.descriptors, now.threads);
    return now;
}

TEST(soak)
{
    const char *count = getenv("SOAK_CALLS");
    int calls = count == NULL ? 100000 : atoi(count);
    good = strdup(http_url(faults_serve("ok")));
    const char *steps[] = { "missing", "reply=500", "reset=0", "cut=60" };
    for (int i = 0; i < 4; i++) others[i] = strdup(http_url(faults_serve(steps[i])));
    shared = new_client(good, 0);
    run(calls / 10);
    /* This thread, the transport's, and that of the transport kept for the next client. */
    struct usage before = measure(3);
    run(calls - calls / 10);
    struct usage after = measure(before.threads);
    okdok_free(shared);
    /* Less than 3 bytes a call, including the caches of threads and connections. */
    CHECK(after.in_use - before.in_use < 256 * 1024);
    CHECK(after.resident - before.resident < 4 * 1024 * 1024);
    CHECK(after.descriptors <= before.descriptors + 2 * THREADS);
    CHECK(after.threads <= before.threads);
}
