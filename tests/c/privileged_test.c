/* A set-uid program does not obey the environment of the user who runs it: a copy of the C example, run by another user with
 * a hostile proxy and its authority. Run under tests/process/with-host elsewhere.example. */
#define _GNU_SOURCE
#include "cases.h"

#include <grp.h>
#include <netdb.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST "elsewhere.example"
#define NOBODY 65534
#define CANNOT 77

static char folder[64];

static void copy_to(const char *from, const char *name, mode_t mode)
{
    char to[128];
    snprintf(to, sizeof to, "%s/%s", folder, name);
    harness_copy_file(from, to);
    CHECK(chmod(to, mode) == 0);
}

/* Its exit code. */
static int run_as_nobody(const char *name, const char *base_url, const char *proxy)
{
    char program[128], variables[8][192];
    snprintf(program, sizeof program, "%s/%s", folder, name);
    static const char *names[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" };
    char *environment[8];
    for (size_t i = 0; i < 4; i++) snprintf(variables[i], sizeof *variables, "%s=%s", names[i], proxy);
    snprintf(variables[4], sizeof *variables, "SSL_CERT_FILE=%s/ca.pem", folder);
    snprintf(variables[5], sizeof *variables, "SSL_CERT_DIR=%s", folder);
    /* The loader ignores this one in a set-uid program; the copy finds the library by its own path. */
    snprintf(variables[6], sizeof *variables, "LD_LIBRARY_PATH=%s", folder);
    for (size_t i = 0; i < 7; i++) environment[i] = variables[i];
    environment[7] = NULL;
    char *command[] = { program, "id-1", (char *)(uintptr_t)base_url, KEY, NULL };
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) _exit(CANNOT);
        execve(program, command, environment);
        _exit(127);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(privileged_programs_are_not_led_by_their_callers_environment)
{
    struct addrinfo *found = NULL;
    struct statvfs filesystem;
    strcpy(folder, "/tmp/okdok-privileged-XXXXXX");
    if (geteuid() != 0) harness_skip("only root can make a program that runs as root");
    if (getaddrinfo(HOST, NULL, NULL, &found) != 0) harness_skip(HOST " cannot be given an address: this machine lets us make no namespace");
    freeaddrinfo(found);
    CHECK(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0 && statvfs(folder, &filesystem) == 0);
    int server = faults_tls("wronghost", "ok"), same = faults_tls("wronghost", "ok");
    char base_url[64], step[32], proxy_url[64];
    snprintf(base_url, sizeof base_url, "https://" HOST ":%d", server);
    snprintf(step, sizeof step, "tunnel=%d", same);
    int proxy = faults_proxy(step);
    snprintf(proxy_url, sizeof proxy_url, "http://127.0.0.1:%d", proxy);
    copy_to("target/release/libokdok.so", "libokdok.so.0", 0755);
    copy_to(faults_ca("good"), "ca.pem", 0644);
    copy_to("build/c/delete", "plain", 0755);
    copy_to("build/c/delete", "privileged", 04755);

    int plain = run_as_nobody("plain", base_url, proxy_url), seen = faults_connections(proxy);
    int privileged = run_as_nobody("privileged", base_url, proxy_url);
    static const char *files[] = { "libokdok.so.0", "ca.pem", "plain", "privileged" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    if (plain == CANNOT) harness_skip("this machine has no other user to run a program as");
    if (filesystem.f_flag & ST_NOSUID) harness_skip("/tmp is mounted without set-uid programs");

    /* Without privileges it obeys its user, and the hostile server reads the key. */
    CHECK_INT(plain, 0);
    CHECK_INT(seen, 1);
    char *request = faults_request(same, 1);
    CHECK_HAS(request, "x-api-key: " KEY);
    free(request);
    /* With them it connects directly to the service, and does not trust it, or has no authorities. */
    CHECK(privileged == 1 || privileged == 2);
    CHECK_INT(faults_connections(proxy), 1);
    CHECK_INT(faults_requests(server), 0);
    if (privileged == 1) CHECK(faults_connections(server) > 0);
}
