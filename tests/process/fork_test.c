/* A client made before fork works in parent and child, with other threads in calls, and freeing it in the child neither
 * hangs nor aborts. */
#define _GNU_SOURCE
#include "cases.h"
#include "child.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>

#define CHILDREN 100
#define BATCH 10
#define THREADS 8

static const char *base_url, *ca_file;
static okdok_client *client;
static atomic_bool enough;
static atomic_int parents_calls;
static uint32_t timeout_ms;
static bool must_succeed;

static okdok_client *new_client(uint32_t connect_timeout_ms)
{
    okdok_options options = one_attempt();
    options.ca_file = ca_file;
    options.timeout_ms = timeout_ms;
    options.connect_timeout_ms = connect_timeout_ms;
    okdok_error error;
    okdok_client *made = okdok_client_new(base_url, KEY, &options, NULL, &error);
    MUST_BE(error, OKDOK_STATUS_OK);
    return made;
}

static void check_call(okdok_client *through)
{
    okdok_error error;
    long long begun = now_ms();
    okdok_delete_signature_request(through, "id-1", NULL, &error);
    /* Longer than the deadline, since so many processes share the machine. */
    MUST(now_ms() - begun < timeout_ms + slack_ms() + 3000);
    if (must_succeed) MUST_BE(error, OKDOK_STATUS_OK);
    MUST(error.status != OKDOK_STATUS_INTERNAL && error.status != OKDOK_STATUS_INVALID_CLIENT);
}

static void *call_on_and_on(void *unused)
{
    (void)unused;
    for (; !enough; parents_calls++) check_call(client);
    return NULL;
}

/* Each with its own transport, so that one is built or ended at nearly every moment. */
static void *make_and_free(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; !enough; i++) okdok_free(new_client(1000 + i % 500));
    return NULL;
}

static void in_child(void)
{
    check_call(client);
    okdok_client *own = new_client(0);
    check_call(own);
    okdok_free(own);
    okdok_free(client);
    okdok_free(client);
    okdok_error error;
    MUST(!okdok_delete_signature_request(client, "id-1", NULL, &error));
    MUST_BE(error, OKDOK_STATUS_INVALID_CLIENT);
    /* In a grandchild, too: the generation is counted up again. */
    own = new_client(0);
    pid_t grandchild = fork();
    if (grandchild == 0) {
        check_call(own);
        okdok_free(own);
        exit(0);
    }
    MUST(child_end(grandchild)[0] == '\0');
    check_call(own);
    okdok_free(own);
}

static void fork_in_mid_call(void)
{
    enough = false;
    parents_calls = 0;
    client = new_client(0);
    pthread_t threads[THREADS + 2];
    for (int i = 0; i < THREADS + 2; i++)
        CHECK(pthread_create(&threads[i], NULL, i < THREADS ? call_on_and_on : make_and_free, NULL) == 0);
    int bad = 0;
    for (int i = 0; i < CHILDREN && bad == 0; i += BATCH) {
        pid_t children[BATCH];
        for (int j = 0; j < BATCH; j++) children[j] = start_child(in_child);
        for (int j = 0; j < BATCH; j++) {
            const char *end = child_end(children[j]);
            if (end[0] != '\0') fprintf(stderr, "child %d %s\n", i + j, end);
            bad += end[0] != '\0';
        }
    }
    int calls_meanwhile = parents_calls;
    enough = true;
    for (int i = 0; i < THREADS + 2; i++) pthread_join(threads[i], NULL);
    okdok_free(client);
    CHECK_INT(bad, 0);
    CHECK(calls_meanwhile > CHILDREN);
}

TEST(fork_by_address_every_child_deletes)
{
    base_url = http_url(faults_serve("ok"));
    ca_file = NULL;
    timeout_ms = 15000;
    must_succeed = true;
    fork_in_mid_call();
}

TEST(fork_with_tls_every_child_deletes)
{
    base_url = https_url(faults_tls("good", "ok"));
    ca_file = faults_ca("good");
    timeout_ms = 15000;
    must_succeed = true;
    fork_in_mid_call();
}

/* libc may leave one of its own locks held when a thread is inside it at fork. The child's call then fails by its deadline.
 * Each call here looks the name up, because the server closes every connection. */
TEST(fork_by_host_name_every_child_ends_in_time)
{
    static char url[64];
    struct addrinfo hint, *found = NULL;
    memset(&hint, 0, sizeof hint);
    hint.ai_family = AF_INET;
    if (getaddrinfo("elsewhere.example", NULL, &hint, &found) != 0)
        harness_skip("/etc/hosts does not name elsewhere.example: run by tests/process/with-host");
    freeaddrinfo(found);
    snprintf(url, sizeof url, "https://elsewhere.example:%d", faults_tls("wronghost", "reply=200;Connection:close;;"
        "{\"message\":\"msg.deleted\",\"result\":\"id-1\"}"));
    base_url = url;
    ca_file = faults_ca("wronghost");
    timeout_ms = 4000;
    must_succeed = false;
    fork_in_mid_call();
}
