/* A system without a free thread or descriptor. One test runs as root, and gives that up. */
#define _GNU_SOURCE
#include "../process/child.h"
#include "call.h"

#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY 65534

/* In a child, so that the parent keeps its limits and user. */
static void limit(int what, rlim_t most)
{
    struct rlimit limits = { most, most };
    MUST(setrlimit((__rlimit_resource_t)what, &limits) == 0);
}

static void without_threads(void)
{
    MUST(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    limit(RLIMIT_NPROC, 1);
    okdok_error error;
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, &error);
    MUST(client == NULL);
    MUST(error.status == OKDOK_STATUS_NO_RESOURCES);
    MUST(strstr(error.message, "ulimit") != NULL);
}

TEST(no_resources_no_thread_for_a_client)
{
    if (getuid() != 0) harness_skip("only root can become a user with a limit on processes that is already reached");
    CHECK_STR(child_end(start_child(without_threads)), "");
}

static void without_descriptors_for_a_client(void)
{
    limit(RLIMIT_NOFILE, 4);
    okdok_error error;
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, &error);
    MUST(client == NULL);
    MUST(error.status == OKDOK_STATUS_NO_RESOURCES);
}

TEST(no_resources_no_descriptor_for_a_client)
{
    CHECK_STR(child_end(start_child(without_descriptors_for_a_client)), "");
}

static void without_descriptors_for_the_roots(void)
{
    okdok_error error;
    unsetenv("SSL_CERT_DIR");
    setenv("SSL_CERT_FILE", faults_ca("good"), 1);
    int highest = dup(0);
    limit(RLIMIT_NOFILE, (rlim_t)highest);
    okdok_client *client = okdok_client_new("https://okdok.test", KEY, NULL, NULL, &error);
    MUST(client == NULL);
    MUST(error.status == OKDOK_STATUS_NO_RESOURCES);
    /* Not that there are no certificates. */
    MUST(strstr(error.message, "certificates cannot be read") != NULL);
}

TEST(no_resources_no_descriptor_for_the_roots)
{
    CHECK_STR(child_end(start_child(without_descriptors_for_the_roots)), "");
}

static int port;

static void without_descriptors_for_a_call(void)
{
    okdok_client *client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    MUST(client != NULL);
    int highest = dup(0);
    limit(RLIMIT_NOFILE, (rlim_t)highest);
    outcome result;
    result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
    MUST(!result.gone);
    MUST(result.error.status == OKDOK_STATUS_NO_RESOURCES);
    MUST(result.error.attempts == 1);
    MUST(result.error.outcome_unknown == 0);
}

TEST(no_resources_no_descriptor_for_a_call)
{
    port = faults_serve("ok");
    CHECK_STR(child_end(start_child(without_descriptors_for_a_call)), "");
    CHECK_INT(faults_connections(port), 0);
}
