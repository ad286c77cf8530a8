/* A 4xx that ends a reused connection may be the answer to somebody else, and our request may have been processed. The fault
 * server knows whether it was. */
#include "cases.h"

static const int statuses[] = { 400, 401, 403, 413, 431, 408 };
enum { STATUSES = sizeof statuses / sizeof *statuses };

static okdok_client *client_at(bool tls, const char *steps, const okdok_options *options, int *port)
{
    okdok_options own = OKDOK_OPTIONS_INIT;
    if (options != NULL) own = *options;
    if (tls) own.ca_file = faults_ca("good");
    *port = tls ? faults_tls("good", steps) : faults_serve(steps);
    okdok_client *client = okdok_client_new(tls ? https_url(*port) : http_url(*port), KEY, &own, NULL, NULL);
    CHECK(client != NULL);
    return client;
}

static outcome deleted_by(okdok_client *client, const char *id)
{
    outcome result;
    memset(&result.error, 0xAA, sizeof result.error);
    result.gone = okdok_delete_signature_request(client, id, NULL, &result.error);
    check_consistent(&result, __LINE__);
    return result;
}

static outcome deleted_or_not(okdok_client *client, int port, int number, bool *deleted)
{
    char id[16];
    snprintf(id, sizeof id, "id-%d", number);
    outcome result = deleted_by(client, id);
    *deleted = strcmp(faults_ask("deleted %d %s", port, id), "yes") == 0;
    return result;
}

/* From one answer to the next, in microseconds: emulated programs take long. */
static int time_of_a_call(bool tls)
{
    enum { CALLS = 50 };
    int port;
    okdok_client *client = client_at(tls, "service", NULL, &port);
    bool deleted;
    CHECK(deleted_or_not(client, port, CALLS, &deleted).gone);
    long long begun = now_ms();
    for (int i = 0; i < CALLS; i++) CHECK(deleted_or_not(client, port, i, &deleted).gone);
    int took = (int)(now_ms() - begun) * 1000 / CALLS;
    okdok_free(client);
    faults_ask("stop %d", port);
    return took;
}

/* One call for each step that answers somebody else, some time after each answer, from at once to after the next request.
 * Returns how many of those answers met a request. */
static unsigned check_that_nobody_lies(bool tls, int http_status, int latest)
{
    enum { CALLS = 60 };
    char steps[CALLS * 64] = "";
    for (int i = 0; i < CALLS; i++)
        snprintf(steps + strlen(steps), 64, "stray=%d,%d,done,close:service ", i % 15 * latest / 14, http_status);
    strcat(steps, "service");
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 2;
    int port;
    okdok_client *client = client_at(tls, steps, &options, &port);
    unsigned lies = 0, met = 0;
    for (int i = 0; i < CALLS; i++) {
        bool deleted;
        outcome result = deleted_or_not(client, port, i, &deleted);
        bool lie = result.gone ? !deleted : deleted && result.error.outcome_unknown == 0;
        if (lie)
            fprintf(stderr, "%s, %d: deleted %d, but %s, http %d, attempts %u, unknown 0\n", tls ? "TLS" : "HTTP", http_status, deleted,
                    okdok_status_name(result.error.status), (int)result.error.http_status, (unsigned)result.error.attempts);
        lies += lie;
        met += result.error.attempts > 1 || result.error.http_status == http_status;
    }
    okdok_free(client);
    faults_ask("stop %d", port);
    CHECK_INT(lies, 0);
    return met;
}

TEST(doubtful_answers_at_any_time_never_become_a_lie)
{
    for (int tls = 0; tls <= 1; tls++) {
        unsigned met = 0;
        int latest = time_of_a_call(tls) * 2;
        for (size_t i = 0; i < STATUSES - 1; i++) met += check_that_nobody_lies(tls, statuses[i], latest);
        /* The retry after a 408 waits a second, so many of them take long. */
        CHECK(met > 0);
    }
}

/* The same, without chance: the second request of a connection is processed, and gets the answer that closes it. */

static void check_second_call(bool tls, const char *steps, okdok_status status, int http_status, unsigned attempts, unsigned unknown,
                              uint32_t max_attempts, okdok_error *error)
{
    char script[512];
    snprintf(script, sizeof script, "service %s", steps);
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = max_attempts;
    int port;
    okdok_client *client = client_at(tls, script, &options, &port);
    CHECK(deleted_by(client, "first").gone);
    outcome result = deleted_by(client, "id-1");
    okdok_free(client);
    if (result.error.status != status || result.error.attempts != attempts || result.error.outcome_unknown != unknown)
        fprintf(stderr, "%s, %s: ", tls ? "TLS" : "HTTP", steps);
    CHECK_OUTCOME(result, status, http_status, attempts, unknown);
    /* What really happened, whatever was planned above. */
    bool deleted = strcmp(faults_ask("deleted %d id-1", port), "yes") == 0;
    CHECK(result.gone ? deleted : !deleted || result.error.outcome_unknown == 1);
    /* One connection for both calls, and another for the attempt after a doubtful one. */
    if (attempts == 1) CHECK_INT(faults_connections(port), 1);
    faults_ask("stop %d", port);
    if (error != NULL) *error = result.error;
}

static okdok_status status_of(int http_status)
{
    return http_status == 400   ? OKDOK_STATUS_BAD_REQUEST
           : http_status == 401 ? OKDOK_STATUS_UNAUTHORIZED
           : http_status == 403 ? OKDOK_STATUS_FORBIDDEN
                                : OKDOK_STATUS_UNEXPECTED_RESPONSE;
}

#define HTML ";Content-Type:text/html;;<html>no</html>"

TEST(doubtful_then_does_not_exist_is_presumed_deleted)
{
    for (int tls = 0; tls <= 1; tls++)
        for (size_t i = 0; i < STATUSES; i++) {
            char steps[128];
            okdok_error error;
            snprintf(steps, sizeof steps, "delete:reply=%d;Connection:close" HTML " service", statuses[i]);
            check_second_call(tls, steps, OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 3, &error);
            CHECK_INT(error.attempt_log[0].http_status, statuses[i]);
            CHECK_INT(error.attempt_log[0].status, status_of(statuses[i]));
            /* The connection is at fault, not the service, so only 408 waits. */
            CHECK((error.attempt_log[1].waited_ms >= 500) == (statuses[i] == 408));
        }
}

TEST(doubtful_without_an_attempt_left_is_unknown)
{
    for (int tls = 0; tls <= 1; tls++)
        for (size_t i = 0; i < STATUSES; i++) {
            char steps[128];
            okdok_error error;
            snprintf(steps, sizeof steps, "delete:reply=%d;Connection:close" HTML, statuses[i]);
            check_second_call(tls, steps, status_of(statuses[i]), statuses[i], 1, 1, 1, &error);
            CHECK_HAS(error.message, "may have been deleted");
        }
}

TEST(doubtful_twice_with_the_same_status_is_certain)
{
    static const int certain[] = { 401, 403, 413, 431, 421 };
    for (int tls = 0; tls <= 1; tls++)
        for (size_t i = 0; i < sizeof certain / sizeof *certain; i++) {
            char steps[128];
            snprintf(steps, sizeof steps, "reply=%d;Connection:close" HTML " reply=%d", certain[i], certain[i]);
            check_second_call(tls, steps, status_of(certain[i]), certain[i], 2, 0, 3, NULL);
            /* Even with `close`, since the connection is a new one. */
            snprintf(steps, sizeof steps, "reply=%d;Connection:close reply=%d;Connection:close", certain[i], certain[i]);
            check_second_call(tls, steps, status_of(certain[i]), certain[i], 2, 0, 3, NULL);
        }
}

/* A gateway answers 400 to a broken connection, the service to a bad request: only the service's own text removes the doubt. */
TEST(doubtful_400_is_cleared_by_the_services_own_report_alone)
{
    okdok_error error;
    check_second_call(false, "reply=400;Connection:close" HTML " reply=400;;{\"message\":\"err.invalid\",\"value\":\"{id}\"}",
                      OKDOK_STATUS_BAD_REQUEST, 400, 2, 0, 3, &error);
    CHECK_STR(error.service_code, "err.invalid");
    check_second_call(false, "reply=400;Connection:close" HTML " reply=400;;{\"message\":\"err.invalid\"}", OKDOK_STATUS_BAD_REQUEST, 400,
                      2, 0, 3, NULL);
    check_second_call(false, "reply=400;Connection:close" HTML " reply=400" HTML, OKDOK_STATUS_BAD_REQUEST, 400, 2, 1, 3, NULL);
    check_second_call(false, "reply=400;Connection:close" HTML " reply=400;;{\"message\":\"err.invalid\",\"value\":\"another\"}",
                      OKDOK_STATUS_BAD_REQUEST, 400, 2, 1, 3, NULL);
    check_second_call(false, "reply=404;Connection:close" HTML " reply=404" HTML, OKDOK_STATUS_UNEXPECTED_RESPONSE, 404, 2, 1, 3, NULL);
}

TEST(doubtful_and_then_another_answer_leaves_the_doubt)
{
    check_second_call(false, "delete:reply=401;Connection:close reply=403", OKDOK_STATUS_FORBIDDEN, 403, 2, 1, 3, NULL);
    check_second_call(false, "delete:reply=403;Connection:close reply=429", OKDOK_STATUS_RATE_LIMITED, 429, 2, 1, 2, NULL);
    check_second_call(false, "delete:last:reply=403;Connection:close", OKDOK_STATUS_FORBIDDEN, 403, 2, 1, 2, NULL);
    check_second_call(false, "reply=403;Connection:close service", OKDOK_STATUS_OK, 200, 2, 0, 3, NULL);
    /* Any later attempt with the same status confirms it, not only the next. */
    check_second_call(false, "reply=403;Connection:close reply=429;Connection:close reply=403", OKDOK_STATUS_FORBIDDEN, 403, 3, 0, 3, NULL);
    /* But only on a new connection: on a reused one, it may be somebody else's answer again. */
    check_second_call(false, "reply=403;Connection:close reply=429 reply=403", OKDOK_STATUS_FORBIDDEN, 403, 3, 1, 3, NULL);
    /* What was open stays open. */
    check_second_call(false, "reply=403;Connection:close delete:reset=0 reply=403", OKDOK_STATUS_FORBIDDEN, 403, 3, 1, 3, NULL);
}

TEST(doubtful_answers_that_ask_for_a_wait_get_it)
{
    okdok_error error;
    check_second_call(false, "reply=403;Connection:close;Retry-After:1 reply=403", OKDOK_STATUS_FORBIDDEN, 403, 2, 0, 3, &error);
    CHECK(error.attempt_log[1].waited_ms >= 1000);
}

TEST(doubtful_is_what_ends_its_connection_in_http_1_0_too)
{
    check_second_call(false, "delete:raw=HTTP/1.0%20403%20No%0D%0A%0D%0A service", OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 3, NULL);
    check_second_call(false, "raw=HTTP/1.0%20403%20No%0D%0AConnection:keep-alive%0D%0AContent-Length:0%0D%0A%0D%0A", OKDOK_STATUS_FORBIDDEN,
                      403, 1, 0, 3, NULL);
    check_second_call(false, "delete:reply=403;Connection:x,%20Close service", OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 3, NULL);
}

/* Without a length, only the end of the connection says where the body ends. */
TEST(doubtful_is_what_its_connection_ends_with)
{
    static const char *heads[] = { "HTTP/1.1%20403%20No%0D%0A", "HTTP/1.1%20403%20No%0D%0ATransfer-Encoding:%20identity%0D%0A",
                                   "HTTP/1.0%20403%20No%0D%0AConnection:%20keep-alive%0D%0A" };
    for (int tls = 0; tls <= 1; tls++)
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
            char steps[256];
            snprintf(steps, sizeof steps, "delete:raw=%s%%0D%%0Ablocked service", heads[i]);
            check_second_call(tls, steps, OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 3, NULL);
        }
}

/* Still certain after one attempt. */

TEST(certain_is_a_refusal_on_a_connection_that_stays_open)
{
    for (int tls = 0; tls <= 1; tls++)
        for (size_t i = 0; i < STATUSES; i++) {
            char steps[128];
            snprintf(steps, sizeof steps, "reply=%d" HTML, statuses[i]);
            if (statuses[i] != 408) check_second_call(tls, steps, status_of(statuses[i]), statuses[i], 1, 0, 3, NULL);
        }
}

TEST(certain_is_a_refusal_on_a_fresh_connection_that_it_closes)
{
    for (int tls = 0; tls <= 1; tls++)
        for (size_t i = 0; i < STATUSES; i++) {
            char steps[128];
            snprintf(steps, sizeof steps, "reply=%d;Connection:close" HTML, statuses[i]);
            if (statuses[i] == 408) continue;
            int port;
            okdok_client *client = client_at(tls, steps, NULL, &port);
            outcome result = deleted_by(client, "id-1");
            okdok_free(client);
            CHECK_OUTCOME(result, status_of(statuses[i]), statuses[i], 1, 0);
            CHECK_INT(faults_requests(port), 1);
            faults_ask("stop %d", port);
        }
}

/* Tomcat, for one, closes the connection with every 400. */
TEST(certain_is_the_services_own_report_however_it_comes)
{
    okdok_error error;
    check_second_call(false, "reply=400;Connection:close;;{\"message\":\"err.signature.request.not.exist\",\"value\":\"{id}\"}",
                      OKDOK_STATUS_NOT_FOUND, 400, 1, 0, 3, &error);
    check_second_call(false, "reply=400;Connection:close;;{\"message\":\"err.invalid\"}", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 3, NULL);
    check_second_call(false, "reply=403;Connection:close;;{\"message\":\"err.forbidden\",\"value\":\"{id}\"}", OKDOK_STATUS_FORBIDDEN, 403, 1, 0,
                      3, NULL);
    /* An answer about another id, or about none, is doubtful. */
    check_second_call(false, "delete:reply=400;Connection:close;;{\"message\":\"err.invalid\",\"value\":\"another\"} service",
                      OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 3, NULL);
    check_second_call(false, "delete:reply=400;Connection:close;;{\"message\":\"Bad%20Request\"} service", OKDOK_STATUS_PRESUMED_DELETED, 400, 2,
                      0, 3, NULL);
}

/* An unrequested answer without `close`, on a connection that goes on: nothing was processed, and no other answer is mixed up. */
TEST(certain_is_what_comes_after_an_answer_that_nobody_asked_for)
{
    static const char *after[] = { "stray=50,403", "stray=400,403,read", "stale=50", "stale=400", "stray=200,403,fin", "extra=%0D%0A",
                                   "extra=HTTP/1.1%20200%20OK%0D%0Acontent-length%3A2%0D%0A%0D%0A{}" };
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        char steps[256];
        int port;
        snprintf(steps, sizeof steps, "%s:service", after[i]);
        okdok_options options = one_attempt();
        okdok_client *client = client_at(false, steps, &options, &port);
        for (int call = 0; call < 20; call++) {
            char id[16];
            snprintf(id, sizeof id, "id-%d", call);
            outcome result = deleted_by(client, id);
            bool deleted = strcmp(faults_ask("deleted %d %s", port, id), "yes") == 0;
            if (result.gone ? !deleted : deleted && result.error.outcome_unknown == 0)
                harness_fail(__FILE__, __LINE__, "%s: deleted %d, but %s, unknown %u", after[i], deleted,
                             okdok_status_name(result.error.status), (unsigned)result.error.outcome_unknown);
        }
        okdok_free(client);
        faults_ask("stop %d", port);
    }
}
