#define _GNU_SOURCE
#include "program.h"

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(probe >= 0 && bind(probe, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(probe, (struct sockaddr *)&address, &length) == 0);
    close(probe);
    return ntohs(address.sin_port);
}

/* Left by a test that failed. */
static pid_t running[8];

static void end_all(void)
{
    for (size_t i = 0; i < sizeof running / sizeof *running; i++)
        if (running[i] != 0) kill(running[i], SIGTERM);
}

static void note(pid_t old, pid_t new)
{
    static bool registered;
    if (!registered) atexit(end_all);
    registered = true;
    for (size_t i = 0; i < sizeof running / sizeof *running; i++)
        if (running[i] == old) {
            running[i] = new;
            return;
        }
}

bool start_program(program *program, char *const command[], const char *ready, char *line)
{
    static char own[512];
    int pipes[2], inputs[2];
    CHECK(pipe2(pipes, O_CLOEXEC) == 0 && pipe2(inputs, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, inputs[0], 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2);
    int failed = posix_spawnp(&program->process, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    close(inputs[0]);
    program->input = inputs[1];
    program->words = fdopen(pipes[0], "r");
    CHECK(program->words != NULL);
    if (failed != 0) {
        static char reason[160];
        fclose(program->words);
        close(program->input);
        snprintf(reason, sizeof reason, "%.100s cannot be run: %s", command[0], strerror(failed));
        harness_skip(reason);
    }
    note(0, program->process);
    if (ready == NULL) return true;
    if (line == NULL) line = own;
    while (fgets(line, sizeof own, program->words) != NULL)
        if (strstr(line, ready) != NULL) return true;
    stop_program(program);
    fclose(program->words);
    return false;
}

bool has_ended(const program *program)
{
    siginfo_t info = { .si_pid = 0 };
    CHECK(waitid(P_PID, (id_t)program->process, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
    return info.si_pid != 0;
}

void stop_program(program *program)
{
    kill(program->process, SIGTERM);
    waitpid(program->process, NULL, 0);
    note(program->process, 0);
    close(program->input);
}

const char *new_file(const char *format, ...)
{
    static char path[64];
    strcpy(path, "/tmp/okdok-XXXXXX");
    int descriptor = mkstemp(path);
    CHECK(descriptor >= 0);
    va_list arguments;
    va_start(arguments, format);
    CHECK(vdprintf(descriptor, format, arguments) > 0);
    va_end(arguments);
    close(descriptor);
    return path;
}
