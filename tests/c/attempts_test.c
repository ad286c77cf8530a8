/* Sequences of attempts, and what the call says about the deletion. */
#include "cases.h"

TEST(attempts_lost_then_does_not_exist_is_presumed_deleted)
{
    outcome result = delete_at(http_url(faults_serve("delete:reset=0 missing")), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0);
    CHECK_HAS(result.error.message, "may also be wrong");
    CHECK_STR(result.error.service_code, "err.signature.request.not.exist");
}

TEST(attempts_that_are_tried_again)
{
    CHECK_CASES(NULL,
        { "reply=503 missing", OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 0, NULL },
        { "reply=429 missing", OKDOK_STATUS_NOT_FOUND, 400, 2, 0, 0, NULL },
        { "reset=0 ok", OKDOK_STATUS_OK, 200, 2, 0, 0, NULL },
        { "delete:cutof=60:ok missing", OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 0, NULL },
        { "raw=SSH-2.0-x%0D%0A ok", OKDOK_STATUS_OK, 200, 2, 0, 0, NULL });
}

TEST(attempts_a_refused_connection_leaves_what_the_one_before_said)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 2;
    CHECK_CASES(&options,
        { "last:reset=0", OKDOK_STATUS_CONNECTION_LOST, 0, 2, 1, 0, NULL },
        { "last:reply=502;Connection:close;Retry-After:1", OKDOK_STATUS_SERVER_ERROR, 502, 2, 1, 1000, NULL },
        { "last:reply=429;Connection:close", OKDOK_STATUS_CONNECT_FAILED, 0, 2, 0, 0, NULL });
}

TEST(attempts_lost_then_401_is_unauthorized_and_unknown)
{
    outcome result = delete_at(http_url(faults_serve("reset=0 reply=401")), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_UNAUTHORIZED, 401, 2, 1);
    CHECK_HAS(result.error.message, "may have been deleted");
}

TEST(attempts_a_connection_that_cannot_be_made_deleted_nothing)
{
    outcome result = delete_at(http_url(faults_closed()), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 3, 0);
}

TEST(attempts_a_name_that_does_not_exist_is_resolve_failed)
{
    okdok_options options = one_attempt();
    outcome result = delete_at("https://no-such-host.invalid", &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
}

TEST(attempts_silence_is_timed_out_and_unknown)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 3000;
    long long begun = now_ms();
    outcome result = delete_at(http_url(faults_serve("silent")), &options);
    CHECK(now_ms() - begun < 3000 + slack_ms());
    CHECK_OUTCOME(result, OKDOK_STATUS_TIMED_OUT, 0, 1, 1);
}

TEST(attempts_a_proxy_that_refuses_is_asked_once)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = faults_ca("good");
    int port = faults_proxy("407");
    char proxy[96];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", port);
    options.proxy = proxy;
    outcome result = delete_at("https://okdok.test", &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_HAS(result.error.message, proxy);
    CHECK_HAS(result.error.message, "login");
    CHECK_HAS(result.error.message, "NTLM");
    CHECK_INT(faults_connections(port), 1);
}

TEST(attempts_wait_as_long_as_the_service_asks)
{
    long long begun = now_ms();
    outcome result = delete_at(http_url(faults_serve("reply=429;Retry-After:2 ok")), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 2, 0);
    CHECK(now_ms() - begun >= 2000);
}

TEST(attempts_a_wait_past_the_deadline_is_not_begun)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 12000;
    options.connect_timeout_ms = 4000;
    long long begun = now_ms();
    outcome result = delete_at(http_url(faults_serve("reply=503;Retry-After:8 ok")), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_SERVER_ERROR, 503, 1, 1);
    CHECK_INT(result.error.retry_after_ms, 8000);
    CHECK(now_ms() - begun < 8000);
}

TEST(attempts_refusals_are_not_tried_again)
{
    const char *steps[] = { "reply=400", "reply=401", "reply=403", "reply=404", "reply=409", "missing", "reply=301", "reply=204", "reply=501" };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        outcome result = delete_at(http_url(faults_serve(steps[i])), NULL);
        CHECK_INT(result.error.attempts, 1);
    }
}

TEST(attempts_stop_at_max_attempts)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 2;
    int port = faults_serve("reply=502");
    outcome result = delete_at(http_url(port), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_SERVER_ERROR, 502, 2, 1);
    CHECK_INT(faults_requests(port), 2);
}

/* The message says in words what attempt_log says in numbers, oldest first. */
TEST(attempts_that_were_several_are_told_of_in_the_message)
{
    outcome result = delete_at(http_url(faults_serve("reply=503 reset=0 reply=403")), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_FORBIDDEN, 403, 3, 1);
    CHECK_HAS(result.error.message, "3 attempts in ");
    CHECK_HAS(result.error.message, "(503, connection lost, 403): ");
    result = delete_at(http_url(faults_serve("reply=429 missing")), NULL);
    CHECK_OUTCOME(result, OKDOK_STATUS_NOT_FOUND, 400, 2, 0);
    CHECK_HAS(result.error.message, "2 attempts in ");
    CHECK_HAS(result.error.message, "(429, 400): ");
    result = delete_at(http_url(faults_serve("reply=403")), NULL);
    CHECK(strstr(result.error.message, "attempts") == NULL);
}

/* The log keeps the newest six. Eight attempts take most of a minute. */
TEST(slow_attempts_past_the_sixth_push_out_the_oldest)
{
    static const int kept[] = { 500, 502, 504, 429, 500, 503 };
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 8;
    options.timeout_ms = 120000;
    outcome result = delete_at(http_url(faults_serve("reply=408 reply=429 reply=500 reply=502 reply=504 reply=429 reply=500 reply=503")), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_SERVER_ERROR, 503, 8, 1);
    for (int i = 0; i < 6; i++) CHECK_INT(result.error.attempt_log[i].http_status, kept[i]);
    CHECK(result.error.attempt_log[0].waited_ms >= 1000 && result.error.attempt_log[5].waited_ms >= 4000);
}
