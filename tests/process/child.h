/* A part of a test that runs in a child process, and how that process ended. */
#ifndef CHILD_H
#define CHILD_H

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

/* For children and other threads: prints what is wrong and ends the process. (CHECK would jump back into the harness.) */
#define MUST(condition)                                                     \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            _exit(3);                                                       \
        }                                                                   \
    } while (0)

/* The same for the status of an error, which is printed. */
#define MUST_BE(actual, wanted)                                                                              \
    do {                                                                                                     \
        const okdok_error *child_e = &(actual);                                                              \
        if (child_e->status != (wanted)) {                                                                   \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, okdok_status_name(child_e->status), child_e->message); \
            _exit(3);                                                                                        \
        }                                                                                                    \
    } while (0)

/* Starts a child that calls `run`, then exit(0). If it hangs, SIGALRM ends it. */
pid_t start_child(void (*run)(void));

/* Waits for the child. Returns "" if it exited with 0, else how it ended; static. */
const char *child_end(pid_t child);

#endif
