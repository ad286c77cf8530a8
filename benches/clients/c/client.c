/* Measures okdok or, compiled with -DLIBCURL, libcurl.
 *
 *   version                               prints what is measured
 *   first BASE_URL CA_FILE                deletes once and prints a line, for the caller to look at the clock; then prints the
 *                                         nanoseconds of making the client, of that deletion, and of another one, and waits for
 *                                         the end of its input, so that the caller can look at its memory
 *   warm BASE_URL CA_FILE SECONDS THREADS deletes for so long and prints: deletions, nanoseconds, CPU nanoseconds
 *   more BASE_URL CA_FILE                 prints what clients cost: nanoseconds of the first, of a second while the first lives and
 *                                         of one made after the last was freed (both medians), and bytes of one more
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef LIBCURL
#include <curl/curl.h>
#else
#include <okdok.h>
#endif

enum { WARM_UP = 50, MOST_THREADS = 64, TIMES = 201, MANY = 5000 };

static const char *base_url, *ca_file;
static uint64_t duration;
static atomic_uint_fast64_t deletions;
/* Each thread counts its own time: the last to end would make all look slower. */
static atomic_uint_fast64_t time_of_threads;
static pthread_barrier_t barrier;

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now(void)
{
    return nanoseconds(CLOCK_MONOTONIC);
}

/* Of the whole process: a library's own threads count too. */
static uint64_t cpu(void)
{
    return nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* What one thread deletes through, made as the library's manual advises. `session_open` returns NULL if that fails, and
 * `session_delete` true only when the service confirmed the deletion of this very id. */
#ifdef LIBCURL

/* An easy handle for each thread, which keeps its connection. */
typedef struct session {
    CURL *curl;
    struct curl_slist *headers;
    size_t length;
    char body[4096];
} session;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t keep(char *data, size_t size, size_t count, void *user)
{
    session *self = user;
    size_t bytes = size * count;
    if (bytes >= sizeof self->body - self->length) return 0;
    memcpy(self->body + self->length, data, bytes);
    self->length += bytes;
    return bytes;
}

static session *session_open(void)
{
    pthread_once(&once, initialise);
    session *self = calloc(1, sizeof *self);
    if (self == NULL || (self->curl = curl_easy_init()) == NULL) return NULL;
    self->headers = curl_slist_append(curl_slist_append(NULL, "x-api-key: bench-key"), "accept: application/json");
    curl_easy_setopt(self->curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, self->headers);
    curl_easy_setopt(self->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(self->curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(self->curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(self->curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(self->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(self->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(self->curl, CURLOPT_WRITEDATA, self);
    return self;
}

static bool session_delete(session *self, const char *id)
{
    char url[512], result[300];
    snprintf(url, sizeof url, "%s/JSON/signatureRequest/%s", base_url, id);
    snprintf(result, sizeof result, "\"result\":\"%s\"", id);
    curl_easy_setopt(self->curl, CURLOPT_URL, url);
    self->length = 0;
    long status = 0;
    CURLcode code = curl_easy_perform(self->curl);
    if (code != CURLE_OK) fprintf(stderr, "%s\n", curl_easy_strerror(code));
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    self->body[self->length] = '\0';
    /* A real program would parse the JSON; for libcurl's sake this only looks for what must stand in it. */
    return status == 200 && strstr(self->body, "\"message\":\"msg.deleted\"") != NULL && strstr(self->body, result) != NULL;
}

static void session_close(session *self)
{
    curl_easy_cleanup(self->curl);
    curl_slist_free_all(self->headers);
    free(self);
}

#define session_version curl_version

#else

/* Clients share their connections. */
typedef okdok_client session;

static session *session_open(void)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = ca_file[0] == '\0' ? NULL : ca_file;
    okdok_error error;
    session *self = okdok_client_new(base_url, "bench-key", &options, NULL, &error);
    if (self == NULL) fprintf(stderr, "%s\n", error.message);
    return self;
}

static bool session_delete(session *self, const char *id)
{
    okdok_error error;
    bool gone = okdok_delete_signature_request(self, id, NULL, &error);
    if (!gone) fprintf(stderr, "%s\n", error.message);
    return gone;
}

#define session_close okdok_free
#define session_version okdok_version

#endif

static session *opened(void)
{
    session *self = session_open();
    if (self == NULL) exit(1);
    return self;
}

static void delete_next(session *self, unsigned thread, unsigned number)
{
    char id[64];
    snprintf(id, sizeof id, "32f8628d-6658-443d-%04x-%012x", thread, number);
    if (!session_delete(self, id)) exit(1);
}

static void first_deletion(void)
{
    uint64_t times[4] = { now() };
    session *self = opened();
    times[1] = now();
    delete_next(self, 0, 0);
    if (write(STDOUT_FILENO, "deleted\n", 8) != 8) exit(1);
    times[2] = now();
    delete_next(self, 0, 1);
    times[3] = now();
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", times[1] - times[0], times[2] - times[1], times[3] - times[2]);
    fflush(stdout);
    getchar();
}

static void *run(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument, number = 0;
    session *self = opened();
    while (number < WARM_UP) delete_next(self, thread, number++);
    pthread_barrier_wait(&barrier); /* all are warm */
    pthread_barrier_wait(&barrier); /* CPU time was read */
    uint64_t began = now(), took = 0;
    while (took < duration) {
        delete_next(self, thread, number++);
        took = now() - began;
    }
    atomic_fetch_add(&deletions, number - WARM_UP);
    atomic_fetch_add(&time_of_threads, took);
    pthread_barrier_wait(&barrier);
    session_close(self);
    return NULL;
}

static void warm(unsigned threads)
{
    pthread_barrier_init(&barrier, NULL, threads + 1);
    pthread_t running[MOST_THREADS];
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&running[i], NULL, run, (void *)(uintptr_t)i) != 0) exit(1);
    }
    pthread_barrier_wait(&barrier);
    uint64_t spent = cpu();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    spent = cpu() - spent;
    for (unsigned i = 0; i < threads; i++) pthread_join(running[i], NULL);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (uint64_t)deletions, (uint64_t)time_of_threads / threads, spent);
}

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static uint64_t time_of_a_client(void)
{
    uint64_t took[TIMES];
    for (int i = 0; i < TIMES; i++) {
        uint64_t began = now();
        session *self = opened();
        took[i] = now() - began;
        session_close(self);
    }
    qsort(took, TIMES, sizeof *took, ascending);
    return took[TIMES / 2];
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) exit(1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void more(void)
{
    uint64_t first = now();
    session *lives = opened();
    first = now() - first;
    uint64_t second = time_of_a_client();
    session_close(lives);
    uint64_t after_last = time_of_a_client();

    static session *many[MANY];
    lives = opened();
    long bytes = resident_bytes();
    for (int i = 0; i < MANY; i++) many[i] = opened();
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n", first, second, after_last, (resident_bytes() - bytes) / MANY);
    for (int i = 0; i < MANY; i++) session_close(many[i]);
    session_close(lives);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    if (argc >= 4) {
        base_url = argv[2];
        ca_file = argv[3];
    }
    if (argc == 2 && strcmp(mode, "version") == 0) {
        puts(session_version());
    } else if (argc == 4 && strcmp(mode, "first") == 0) {
        first_deletion();
    } else if (argc == 4 && strcmp(mode, "more") == 0) {
        more();
    } else if (argc == 6 && strcmp(mode, "warm") == 0 && strtoul(argv[5], NULL, 10) <= MOST_THREADS) {
        duration = (uint64_t)(strtod(argv[4], NULL) * 1e9);
        warm((unsigned)strtoul(argv[5], NULL, 10));
    } else {
        fprintf(stderr, "usage: see the head of client.c\n");
        return 2;
    }
    return 0;
}
