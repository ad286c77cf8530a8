/* What a call reports for every pair and triple of attempt ends, by the contract's rules and not by the library's code. */
#include "cases.h"

typedef enum { NOT_SENT, REFUSED, ANSWERED, OPEN } ended;

/* How one attempt ends, and what a call of that attempt alone would report. Each ends its connection, since the steps for
 * connections wait for a new one. */
static const struct end {
    const char *step;
    ended ended;
    bool retried;
    okdok_status status;
    int http_status;
    uint32_t retry_after_ms;
    bool in_triples;
} ends[] = {
    { "accept-reset", NOT_SENT, true, OKDOK_STATUS_CONNECT_FAILED, 0, 0, true },
    { "accept-close", NOT_SENT, true, OKDOK_STATUS_CONNECT_FAILED, 0, 0, false },
    { "cert=hangup", NOT_SENT, true, OKDOK_STATUS_CONNECT_FAILED, 0, 0, false },
    { "cert=expired", NOT_SENT, false, OKDOK_STATUS_TLS_FAILED, 0, 0, true },
    { "cert=clientauth13", NOT_SENT, false, OKDOK_STATUS_TLS_FAILED, 0, 0, true },
    { "reply=429;Connection:close", REFUSED, true, OKDOK_STATUS_RATE_LIMITED, 429, 0, true },
    { "reply=429;Connection:close;Retry-After:1", REFUSED, true, OKDOK_STATUS_RATE_LIMITED, 429, 1000, false },
    { "reply=400;Connection:close", REFUSED, false, OKDOK_STATUS_BAD_REQUEST, 400, 0, false },
    { "reply=401;Connection:close", REFUSED, false, OKDOK_STATUS_UNAUTHORIZED, 401, 0, true },
    { "reply=403;Connection:close", REFUSED, false, OKDOK_STATUS_FORBIDDEN, 403, 0, false },
    { "reply=404;Connection:close", REFUSED, false, OKDOK_STATUS_UNEXPECTED_RESPONSE, 404, 0, false },
    { "ok", ANSWERED, false, OKDOK_STATUS_OK, 200, 0, true },
    { "missing", ANSWERED, false, OKDOK_STATUS_NOT_FOUND, 400, 0, true },
    { "reset=0", OPEN, true, OKDOK_STATUS_CONNECTION_LOST, 0, 0, true },
    { "cut=9", OPEN, true, OKDOK_STATUS_CONNECTION_LOST, 0, 0, false },
    { "raw=nonsense%0D%0A%0D%0A", OPEN, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 0, false },
    { "reply=200;Content-Length:99;Connection:close;;{", OPEN, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 0, false },
    { "reply=408;Connection:close", OPEN, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, 408, 0, false },
    { "reply=500;Connection:close", OPEN, true, OKDOK_STATUS_SERVER_ERROR, 500, 0, false },
    { "reply=502;Connection:close", OPEN, true, OKDOK_STATUS_SERVER_ERROR, 502, 0, false },
    { "reply=503;Connection:close;Retry-After:1", OPEN, true, OKDOK_STATUS_SERVER_ERROR, 503, 1000, true },
    { "reply=504;Connection:close", OPEN, true, OKDOK_STATUS_SERVER_ERROR, 504, 0, false },
    { "silent", OPEN, false, OKDOK_STATUS_TIMED_OUT, 0, 0, true },
    { "reply=200;Connection:close;;{}", OPEN, false, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 0, false },
    { "reply=204;Connection:close", OPEN, false, OKDOK_STATUS_UNEXPECTED_RESPONSE, 204, 0, false },
    { "reply=303;Connection:close;Location:/", OPEN, false, OKDOK_STATUS_UNEXPECTED_RESPONSE, 303, 0, true },
    { "reply=499;Connection:close", OPEN, false, OKDOK_STATUS_UNEXPECTED_RESPONSE, 499, 0, false },
    { "reply=501;Connection:close", OPEN, false, OKDOK_STATUS_SERVER_ERROR, 501, 0, false },
};
enum { ENDS = sizeof ends / sizeof *ends };

static fault_case reported(const struct end *const *sequence, unsigned length)
{
    const struct end *last = sequence[length - 1], *told = last;
    unsigned opened = 0;
    for (unsigned i = 0; i < length; i++) opened += sequence[i]->ended == OPEN;
    if (last->ended == NOT_SENT)
        for (unsigned i = 0; i < length; i++)
            if (sequence[i]->ended == OPEN) told = sequence[i];
    fault_case wanted = { NULL, told->status, told->http_status, length, opened > 0 && last->ended != ANSWERED, 0, "good" };
    /* What the last answer asked for, whichever attempt is reported. */
    for (unsigned i = 0; i < length; i++)
        if (sequence[i]->http_status != 0) wanted.retry_after_ms = sequence[i]->retry_after_ms;
    if (last->status == OKDOK_STATUS_NOT_FOUND && opened > 0) wanted.status = OKDOK_STATUS_PRESUMED_DELETED;
    return wanted;
}

/* Sequences that end in silence wait for their deadline; all others get more time than even a busy machine needs. */
static size_t check_sequences_that_end(unsigned length, bool few, bool in_silence)
{
    enum { MOST = 1024 };
    fault_case *cases = harness_alloc(MOST, sizeof *cases);
    case_log *logs = harness_alloc(MOST, sizeof *logs);
    char (*steps)[256] = harness_alloc(MOST, sizeof *steps);
    size_t count = 0;
    for (unsigned index = 0; index < ENDS * ENDS * (length == 3 ? ENDS : 1); index++) {
        const struct end *sequence[3] = { NULL, NULL, NULL };
        bool wanted = true;
        for (unsigned i = 0, rest = index; i < length; i++, rest /= ENDS) {
            sequence[i] = &ends[rest % ENDS];
            wanted = wanted && (sequence[i]->retried || i == length - 1) && (sequence[i]->in_triples || !few);
        }
        if (!wanted || (sequence[length - 1]->status == OKDOK_STATUS_TIMED_OUT) != in_silence) continue;
        CHECK(count < MOST);
        cases[count] = reported(sequence, length);
        for (unsigned i = 0; i < length; i++) {
            strcat(steps[count], sequence[i]->step);
            strcat(steps[count], " ");
            logs[count].attempts[i] = (attempt_end){ sequence[i]->status, sequence[i]->http_status, sequence[i]->retry_after_ms };
        }
        cases[count].steps = steps[count];
        count++;
    }
    okdok_options options = OKDOK_OPTIONS_INIT;
    if (in_silence) {
        options.timeout_ms = 14000;
        options.connect_timeout_ms = 5000;
    }
    options.max_attempts = length;
    check_cases(cases, logs, count, &options);
    return count;
}

static void check_sequences(unsigned length, bool few)
{
    size_t count = check_sequences_that_end(length, few, false) + check_sequences_that_end(length, few, true);
    printf("%u sequences of %u attempts\n", (unsigned)count, length);
}

TEST(sequences_of_every_two_ends) { check_sequences(2, false); }

TEST(sequences_of_every_three_ends_that_differ) { check_sequences(3, true); }

TEST(sequences_never_go_past_an_end_that_is_not_retried)
{
    fault_case cases[ENDS];
    char steps[ENDS][160];
    size_t count = 0;
    for (unsigned i = 0; i < ENDS; i++) {
        if (ends[i].retried) continue;
        const struct end *alone[] = { &ends[i] };
        cases[count] = reported(alone, 1);
        snprintf(steps[count], sizeof *steps, "%s ok", ends[i].step);
        cases[count].steps = steps[count];
        count++;
    }
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 8000;
    check_cases(cases, NULL, count, &options);
}

/* If it may have been deleted, the message says so. */
TEST(sequences_that_leave_it_unknown_say_what_to_do)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 2;
    outcome result = delete_at(http_url(faults_serve("reset=0 reply=403")), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_FORBIDDEN, 403, 2, 1);
    CHECK_HAS(result.error.message, "may have been deleted");
    result = delete_at(http_url(faults_serve("reply=429 reply=403")), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_FORBIDDEN, 403, 2, 0);
    CHECK(strstr(result.error.message, "may have been deleted") == NULL);
}
