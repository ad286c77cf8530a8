/* more_clients BASE_URL CA_FILE: what one more okdok client costs. An empty CA_FILE means the system's roots.
 *
 * Prints: nanoseconds of a second client while the first lives, nanoseconds of one made after the last was freed (both
 * medians), bytes, descriptors and threads that each of many extra clients added.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <okdok.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TIMES = 201, MANY = 5000 };

static const char *base_url;
static okdok_options options = OKDOK_OPTIONS_INIT;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static okdok_client *make(void)
{
    okdok_error error;
    okdok_client *client = okdok_client_new(base_url, "bench-key", &options, NULL, &error);
    if (client == NULL) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return client;
}

static int ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Makes and frees a client, again and again. */
static uint64_t median_of_new(void)
{
    uint64_t took[TIMES];
    for (int i = 0; i < TIMES; i++) {
        uint64_t began = now();
        okdok_client *client = make();
        took[i] = now() - began;
        okdok_free(client);
    }
    qsort(took, TIMES, sizeof *took, ascending);
    return took[TIMES / 2];
}

static long entries(const char *folder)
{
    DIR *directory = opendir(folder);
    long count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1) {
        exit(1);
    }
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: more_clients BASE_URL CA_FILE\n");
        return 2;
    }
    base_url = argv[1];
    options.ca_file = argv[2][0] == '\0' ? NULL : argv[2];

    okdok_client *first = make();
    uint64_t second = median_of_new();
    okdok_free(first);
    uint64_t after_last = median_of_new();

    static okdok_client *many[MANY];
    first = make();
    long bytes = resident_bytes();
    long descriptors = entries("/proc/self/fd");
    long threads = entries("/proc/self/task");
    for (int i = 0; i < MANY; i++) {
        many[i] = make();
    }
    bytes = (resident_bytes() - bytes) / MANY;
    descriptors = entries("/proc/self/fd") - descriptors;
    threads = entries("/proc/self/task") - threads;
    printf("%" PRIu64 " %" PRIu64 " %ld %ld %ld\n", second, after_last, bytes, descriptors, threads);
    for (int i = 0; i < MANY; i++) {
        okdok_free(many[i]);
    }
    okdok_free(first);
    return 0;
}
