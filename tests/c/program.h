/* A server that people really use, run beside a test. */
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

/* A port that was free a moment ago: most servers cannot choose one of their own. Another process may take it first, so
 * start anew where the program does not become ready. */
int free_port(void);

/* Starts `command` and reads what it says until a line has `ready`, which is left in `line` (of 512 bytes; or NULL); nothing
 * is read for NULL. False where it ended before. Skips the test where there is no such program. */
bool start_program(program *program, char *const command[], const char *ready, char *line);

/* Has it ended by itself? It is to be stopped all the same. */
bool has_ended(const program *program);

/* Ends it, if it has not ended. `words` stay to be read, and to be closed; `input` is closed. */
void stop_program(program *program);

/* A new file with this content, which is to be removed; static, until the next. */
const char *new_file(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
