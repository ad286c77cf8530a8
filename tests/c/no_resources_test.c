/* Run as root, which it drops: a system that has no thread or descriptor to give. */
#define _GNU_SOURCE
#include "call.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

/* In a child, whose limits and user stay its own. */
static void in_child(void (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        run();
        fflush(NULL);
        _exit(0);
    }
    int code = 0;
    CHECK(waitpid(child, &code, 0) == child);
    CHECK(WIFEXITED(code) && WEXITSTATUS(code) == 0);
}

#define CHILD_CHECK(condition)                                                \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
            _exit(1);                                                         \
        }                                                                     \
    } while (0)

static void limit(int what, rlim_t most)
{
    struct rlimit limits = { most, most };
    CHILD_CHECK(setrlimit((__rlimit_resource_t)what, &limits) == 0);
}

static void without_threads(void)
{
    CHILD_CHECK(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    limit(RLIMIT_NPROC, 1);
    okdok_error error;
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, &error);
    CHILD_CHECK(client == NULL);
    CHILD_CHECK(error.status == OKDOK_STATUS_NO_RESOURCES);
    CHILD_CHECK(strstr(error.message, "ulimit") != NULL);
}

TEST(no_resources_no_thread_for_a_client)
{
    if (getuid() != 0) harness_skip("only root can become a user with a limit on processes that is already reached");
    in_child(without_threads);
}

static void without_descriptors_for_a_client(void)
{
    limit(RLIMIT_NOFILE, 4);
    okdok_error error;
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, &error);
    CHILD_CHECK(client == NULL);
    CHILD_CHECK(error.status == OKDOK_STATUS_NO_RESOURCES);
}

TEST(no_resources_no_descriptor_for_a_client)
{
    in_child(without_descriptors_for_a_client);
}

static void without_descriptors_for_the_roots(void)
{
    okdok_error error;
    unsetenv("SSL_CERT_DIR");
    setenv("SSL_CERT_FILE", faults_ca("good"), 1);
    int highest = dup(0);
    limit(RLIMIT_NOFILE, (rlim_t)highest);
    okdok_client *client = okdok_client_new("https://okdok.test", KEY, NULL, NULL, &error);
    CHILD_CHECK(client == NULL);
    CHILD_CHECK(error.status == OKDOK_STATUS_NO_RESOURCES);
    /* It is not that there are none. */
    CHILD_CHECK(strstr(error.message, "certificates cannot be read") != NULL);
}

TEST(no_resources_no_descriptor_for_the_roots)
{
    in_child(without_descriptors_for_the_roots);
}

static int port;

static void without_descriptors_for_a_call(void)
{
    okdok_client *client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    CHILD_CHECK(client != NULL);
    int highest = dup(0);
    limit(RLIMIT_NOFILE, (rlim_t)highest);
    outcome result;
    result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
    CHILD_CHECK(!result.gone);
    CHILD_CHECK(result.error.status == OKDOK_STATUS_NO_RESOURCES);
    CHILD_CHECK(result.error.attempts == 1);
    CHILD_CHECK(result.error.outcome_unknown == 0);
}

TEST(no_resources_no_descriptor_for_a_call)
{
    port = faults_serve("ok");
    in_child(without_descriptors_for_a_call);
    CHECK_INT(faults_connections(port), 0);
}
