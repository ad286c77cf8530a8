#define _GNU_SOURCE
#include "child.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Seconds; no child takes so long, even under valgrind. */
#define LONGEST_LIFE 120

pid_t start_child(void (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child != 0) return child;
    alarm(LONGEST_LIFE);
    run();
    exit(0);
}

const char *child_end(pid_t child)
{
    static char end[64];
    int code = 0;
    if (waitpid(child, &code, 0) != child) return "is gone";
    if (WIFSIGNALED(code))
        snprintf(end, sizeof end, "was ended by signal %d, %s", WTERMSIG(code), strsignal(WTERMSIG(code)));
    else if (WEXITSTATUS(code) != 0)
        snprintf(end, sizeof end, "exited with %d", WEXITSTATUS(code));
    else
        end[0] = '\0';
    return end;
}
