/* A process may end at any time, whatever is not freed and whichever threads are in a call. */
#define _GNU_SOURCE
#include "call.h"
#include "child.h"

#include <pthread.h>
#include <sys/wait.h>

#define ROUNDS 30

static int port;
static okdok_client *client;

static void make_client(void)
{
    client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    MUST(client != NULL);
}

static void *call(void *unused)
{
    okdok_delete_signature_request(client, "id-1", NULL, NULL);
    return unused;
}

static void after_a_call(void)
{
    make_client();
    MUST(okdok_delete_signature_request(client, "id-1", NULL, NULL));
}

static void in_mid_call(void)
{
    make_client();
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) MUST(pthread_create(&threads[i], NULL, call, NULL) == 0);
    char wait[32];
    snprintf(wait, sizeof wait, "waitconn %d 1", port);
    faults_ask("%s", wait);
}

static void *leave(void *unused)
{
    (void)unused;
    exit(0);
}

/* The main thread is in a call, and another one ends the process. */
static void from_another_thread(void)
{
    make_client();
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, leave, NULL) == 0);
    for (;;) call(NULL);
}

static void delete_at_exit(void)
{
    okdok_error error;
    okdok_delete_signature_request(client, "id-1", NULL, &error);
    MUST_BE(error, OKDOK_STATUS_OK);
    okdok_free(client);
    okdok_free(client);
}

/* By then the thread has lost its thread-local variables, including those that its earlier calls used. */
static void with_a_call_at_exit(void)
{
    MUST(atexit(delete_at_exit) == 0);
    make_client();
    MUST(okdok_delete_signature_request(client, "id-1", NULL, NULL));
}

static void ends_well(void (*run)(void), const char *steps)
{
    for (int i = 0; i < ROUNDS; i++) {
        port = faults_serve(steps);
        long long begun = now_ms();
        CHECK_STR(child_end(start_child(run)), "");
        /* Nothing waited for the 30 s of a call that is never answered. */
        CHECK(now_ms() - begun < 20000);
        faults_ask("stop %d", port);
    }
}

TEST(exit_without_free) { ends_well(after_a_call, "ok"); }
TEST(exit_with_calls_under_way) { ends_well(in_mid_call, "silent"); }
TEST(exit_from_another_thread) { ends_well(from_another_thread, "ok"); }
TEST(exit_handlers_may_still_delete) { ends_well(with_a_call_at_exit, "ok"); }
