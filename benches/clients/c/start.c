/* start COMMAND...: prints the nanoseconds from starting COMMAND to its first output, and its peak memory in KiB.
 *
 * Small on purpose: a child's peak counts from what its parent had before exec, and a large parent is slow to fork.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(int argc, char **argv)
{
    int output[2];
    if (argc < 2 || pipe(output) != 0) {
        fprintf(stderr, "usage: start COMMAND...\n");
        return 2;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, output[0]);
    posix_spawn_file_actions_addclose(&actions, output[1]);

    uint64_t began = now();
    pid_t child;
    if (posix_spawn(&child, argv[1], &actions, NULL, argv + 1, environ) != 0) {
        perror(argv[1]);
        return 1;
    }
    close(output[1]);
    char byte;
    bool deleted = read(output[0], &byte, 1) == 1;
    uint64_t took = now() - began;

    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child || status != 0 || !deleted) {
        return 1;
    }
    printf("%" PRIu64 " %ld\n", took, usage.ru_maxrss);
    return 0;
}
