/* Connections that cannot be made, and those that are kept. */
#include "cases.h"

/* A full backlog: the connection hangs, and nothing was sent. */
static void check_stall(okdok_options options, unsigned attempts)
{
    planned_call call = { okdok_client_new(http_url(faults_stall()), KEY, &options, NULL, NULL), "id-1", { 0 }, 0 };
    CHECK(call.client != NULL);
    make_side_by_side(&call, 1, 1);
    okdok_free(call.client);
    CHECK_OUTCOME(call.result, OKDOK_STATUS_CONNECT_FAILED, 0, attempts, 0);
    CHECK_HAS(call.result.error.message, "not within the connect time-out");
    long long timeout = options.timeout_ms == 0 ? 30000 : options.timeout_ms < 10 ? 10 : options.timeout_ms;
    CHECK(call.took_ms <= timeout + slack_ms());
}

TEST(connecting_to_a_full_backlog_was_not_sent)
{
    static const uint32_t timeouts[] = { 3000, 5000 };
    okdok_options options = one_attempt();
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        options.timeout_ms = timeouts[i];
        check_stall(options, 1);
        /* A connect time-out longer than the deadline must not use up the deadline while connecting. */
        options.connect_timeout_ms = UINT32_MAX;
        check_stall(options, 1);
        options.connect_timeout_ms = 0;
    }
}

/* So short that on a busy machine the deadline may pass first: then the outcome is unknown. */
TEST(connecting_to_a_full_backlog_with_hardly_any_time_is_told_honestly)
{
    static const uint32_t timeouts[] = { 1, 10, 25, 50 };
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        okdok_options options = one_attempt();
        options.timeout_ms = timeouts[i];
        outcome result = delete_at(http_url(faults_stall()), &options);
        bool late = result.error.status == OKDOK_STATUS_TIMED_OUT;
        CHECK_OUTCOME(result, late ? OKDOK_STATUS_TIMED_OUT : OKDOK_STATUS_CONNECT_FAILED, 0, 1, late ? 1u : 0u);
    }
}

TEST(connecting_to_a_full_backlog_is_tried_again_while_time_remains)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 5000;
    options.connect_timeout_ms = 200;
    /* A third attempt could end so close to the deadline that either may come first. */
    options.max_attempts = 2;
    check_stall(options, 2);
}

TEST(slow_connecting_to_a_full_backlog_with_default_options)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    long long begun = now_ms();
    check_stall(options, 2);
    CHECK(now_ms() - begun >= 20000);
}

TEST(connecting_to_a_closed_port_says_so_and_is_tried_again)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 2;
    outcome result = delete_at(http_url(faults_closed()), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 2, 0);
    CHECK_HAS(result.error.message, "refused");
}

TEST(connecting_uses_one_connection_for_many_calls)
{
    int port = faults_serve("ok");
    for (int i = 0; i < 50; i++) CHECK(delete_at(http_url(port), NULL).gone);
    CHECK_INT(faults_requests(port), 50);
    CHECK_INT(faults_connections(port), 1);
    port = faults_tls("good", "missing");
    okdok_options options = OKDOK_OPTIONS_INIT;
    const char *url = https_url(port);
    options.ca_file = faults_ca("good");
    for (int i = 0; i < 50; i++) CHECK(!delete_at(url, &options).gone);
    CHECK_INT(faults_connections(port), 1);
}

/* A server that promises to keep the connection and closes it: a request sent on the closing connection is sent again by
 * our own retry, and not by the HTTP library. */
TEST(connecting_through_stale_connections_loses_no_deletion)
{
    enum { CALLS = 2000 };
    int port = faults_serve("cut=9999");
    okdok_options options = OKDOK_OPTIONS_INIT;
    /* Up to three in a hundred requests meet a closing connection, so now and then a call would need more than three attempts. */
    options.max_attempts = 8;
    options.timeout_ms = 90000;
    okdok_client *client = okdok_client_new(http_url(port), KEY, &options, NULL, NULL);
    planned_call *calls = harness_alloc(CALLS, sizeof *calls);
    CHECK(client != NULL && calls != NULL);
    for (int i = 0; i < CALLS; i++) {
        calls[i].client = client;
        strcpy(calls[i].id, "id-1");
    }
    make_side_by_side(calls, CALLS, 32);
    long long attempts = 0;
    for (int i = 0; i < CALLS; i++) {
        const okdok_error *error = &calls[i].result.error;
        if (!calls[i].result.gone) harness_fail(__FILE__, __LINE__, "call %d: %s", i, error->message);
        attempts += error->attempts;
    }
    okdok_free(client);
    int requests = faults_requests(port);
    printf("%d deletions through stale connections took %lld attempts\n", CALLS, attempts);
    CHECK(requests >= CALLS && requests <= attempts);
}

/* While a slower call runs, this connection is idle, so there is no need to sleep. */
static void idle_for(int milliseconds)
{
    char steps[32];
    snprintf(steps, sizeof steps, "delay=%d", milliseconds);
    CHECK(delete_at(http_url(faults_serve(steps)), NULL).gone);
}

TEST(slow_connecting_anew_after_4_idle_seconds)
{
    int port = faults_serve("ok");
    CHECK(delete_at(http_url(port), NULL).gone);
    idle_for(2000);
    CHECK(delete_at(http_url(port), NULL).gone);
    CHECK_INT(faults_connections(port), 1);
    idle_for(4300);
    CHECK(delete_at(http_url(port), NULL).gone);
    CHECK_INT(faults_connections(port), 2);
}
