/* A real server, run beside a test. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct program {
    pid_t process;
    /* What it reads. */
    int input;
    /* What it writes, to standard output and standard error. */
    FILE *words;
} program;

/* A port that was free a moment ago, since most servers cannot choose one. Another process may take it first, so start again
 * if the program does not become ready. */
int free_port(void);

/* Starts `command` and reads its output until a line contains `ready`; copies that line to `line` (512 bytes, or NULL). If
 * `ready` is NULL, reads nothing. Returns false if the program ended before. Skips the test if there is no such program. */
bool start_program(program *program, char *const command[], const char *ready, char *line);

/* Has it ended by itself? It must still be stopped. */
bool has_ended(const program *program);

/* Ends it, if it has not ended, and closes `input`. `words` can still be read, and must be closed. */
void stop_program(program *program);

/* Makes a file with this content, which the caller removes; the name is static, until the next. */
const char *new_file(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
