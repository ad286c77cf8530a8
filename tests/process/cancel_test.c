/* Thread cancellation is held off during a call: the call ends as it would have, then the thread is cancelled. */
#define _GNU_SOURCE
#include "call.h"
#include "child.h"

#include <pthread.h>

struct cancelled {
    okdok_client *client;
    bool returned;
    outcome result;
};

static void *call_until_cancelled(void *argument)
{
    struct cancelled *call = argument;
    call->result.gone = okdok_delete_signature_request(call->client, "id-1", NULL, &call->result.error);
    call->returned = true;
    while (call->returned) pthread_testcancel();
    return NULL;
}

static void check_ends_before_it_is_cancelled(okdok_client *client, int port, bool freed)
{
    struct cancelled call = { client, false, { false, { 0 } } };
    CHECK(client != NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, call_until_cancelled, &call) == 0);
    faults_ask("wait %d 1", port);
    if (freed) okdok_free(client);
    CHECK(pthread_cancel(thread) == 0);
    faults_ask("release %d", port);
    void *end = NULL;
    CHECK(pthread_join(thread, &end) == 0);
    CHECK(end == PTHREAD_CANCELED && call.returned);
    CHECK_OUTCOME(call.result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_INT(faults_requests(port), 1);
}

TEST(cancel_during_a_call_waits_for_its_end)
{
    int port = faults_serve("hold:ok");
    okdok_client *client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    check_ends_before_it_is_cancelled(client, port, false);
    okdok_free(client);
}

/* A freed client ends with its last call, and its transport with it. That joins a thread, which is a cancellation point. */
TEST(cancel_during_the_last_call_of_a_freed_client)
{
    int port = faults_serve("hold:ok");
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.connect_timeout_ms = 3210; /* its own transport, and not the one that was used last */
    okdok_client *client = okdok_client_new(http_url(port), KEY, &options, NULL, NULL);
    okdok_client *other = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    CHECK(other != NULL);
    check_ends_before_it_is_cancelled(client, port, true);
    okdok_free(other);
}

static void *make_and_free_on_and_on(void *unused)
{
    for (uint32_t i = 0; unused == NULL; i++) {
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.connect_timeout_ms = 1000 + i % 100;
        okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, &options, NULL, NULL);
        MUST(client != NULL);
        okdok_delete_signature_request(client, ".", NULL, NULL);
        okdok_free(client);
        pthread_testcancel();
    }
    return unused;
}

/* In the middle of making and freeing clients: no lock is left held. */
TEST(cancel_at_any_moment_leaves_the_library_usable)
{
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, make_and_free_on_and_on, NULL) == 0);
        CHECK(delete_at(http_url(faults_serve("ok")), NULL).gone);
        CHECK(pthread_cancel(thread) == 0);
        void *end = NULL;
        CHECK(pthread_join(thread, &end) == 0 && end == PTHREAD_CANCELED);
    }
}

TEST(cancel_keeps_the_state_that_the_caller_chose)
{
    int state;
    for (int wanted = PTHREAD_CANCEL_ENABLE; wanted <= PTHREAD_CANCEL_DISABLE; wanted++) {
        CHECK(pthread_setcancelstate(wanted, &state) == 0);
        CHECK(delete_at(http_url(faults_serve("ok")), NULL).gone);
        CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state) == 0);
        CHECK_INT(state, wanted);
    }
}
