/* A proxy that people really use, with a password. */
#define _GNU_SOURCE
#include "cases.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST "https://elsewhere.example"

extern char **environ;

static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(probe >= 0 && bind(probe, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(probe, (struct sockaddr *)&address, &length) == 0);
    close(probe);
    return ntohs(address.sin_port);
}

/* Reads what it says of itself until it is ready; false when it ends instead. */
static bool becomes_ready(FILE *words)
{
    char line[512];
    while (fgets(line, sizeof line, words) != NULL)
        if (strstr(line, "Accepting connections") != NULL) return true;
    return false;
}

/* tinyproxy knows no free port of its own choice, so another process may take it first: then once more. */
static int start_tinyproxy(int behind, pid_t *process, FILE **words)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        char configuration[] = "/tmp/okdok-tinyproxy-XXXXXX";
        int port = free_port(), file = mkstemp(configuration), pipes[2];
        CHECK(file >= 0 && pipe2(pipes, O_CLOEXEC) == 0);
        /* Names end at the proxy behind it, so that nobody is asked for them. */
        dprintf(file, "Listen 127.0.0.1\nPort %d\nLogLevel Info\nBasicAuth user hidden-password\nUpstream http 127.0.0.1:%d \".example\"\n",
                port, behind);
        close(file);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
        char *command[] = { "tinyproxy", "-d", "-c", configuration, NULL };
        int failed = posix_spawnp(process, command[0], &actions, NULL, command, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(pipes[1]);
        *words = fdopen(pipes[0], "r");
        bool ready = failed == 0 && becomes_ready(*words);
        unlink(configuration);
        if (ready) return port;
        fclose(*words);
        if (failed != 0) harness_skip("tinyproxy is not installed (Debian and Ubuntu: tinyproxy-bin)");
        waitpid(*process, NULL, 0);
    }
    harness_fail(__FILE__, __LINE__, "tinyproxy does not start");
}

static outcome delete_through(const char *login, int proxy)
{
    char url[128];
    snprintf(url, sizeof url, "http://%s127.0.0.1:%d", login, proxy);
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = faults_ca("good");
    options.proxy = url;
    return delete_at(HOST, &options);
}

TEST(slow_tinyproxy_with_a_password)
{
    char step[32];
    int server = faults_tls("wronghost", "ok");
    snprintf(step, sizeof step, "tunnel=%d", server);
    int behind = faults_proxy(step);
    pid_t process;
    FILE *words;
    int port = start_tinyproxy(behind, &process, &words);

    outcome good = delete_through("user:hidden-password@", port), wrong = delete_through("user:hidden-mistake@", port),
            none = delete_through("", port);
    kill(process, SIGTERM);
    waitpid(process, NULL, 0);
    int connects = 0;
    char line[512];
    while (fgets(line, sizeof line, words) != NULL) connects += strstr(line, "CONNECT elsewhere.example:443") != NULL;
    fclose(words);

    CHECK_OUTCOME(good, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_OUTCOME(wrong, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK(strstr(wrong.error.message, "hidden") == NULL);
    /* It says 401 to that, not 407. */
    CHECK_HAS(wrong.error.message, "refused");
    CHECK_OUTCOME(none, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_HAS(none.error.message, "asks for a login");
    CHECK_INT(connects, 3);
    /* Two never got past it. */
    CHECK_INT(faults_requests(behind), 1);
    CHECK_INT(faults_requests(server), 1);
}
