/* The deadline: whatever the peer does, a call returns within 250 ms of it. */
#include "cases.h"

#include <limits.h>

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
/* The head comes at once, the body a byte at a time for longer than the call waits. */
#define DRIPPING(status) "drip=20:reply=" #status ";Content-Length:900;;" X100 X100 X100 X100 X100 X100 X100 X100 X100

TEST(deadline_holds_against_every_kind_of_slowness)
{
    okdok_options options = one_attempt();
    options.timeout_ms = 6000;
    CHECK_CASES(&options,
        { "silent", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "drip=500", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "drip=500:missing", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "stallof=30:ok", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "informational=2:stallof=30:ok", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "drip=5:flood", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "drip=5:endless-head", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "delay=30000", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "hold", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "silent", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, "good" },
        { "drip=500", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, "good" },
        /* The status line decides, with or without a body. */
        { DRIPPING(200), OKDOK_STATUS_TIMED_OUT, 200, 1, 1, 0, NULL },
        { DRIPPING(201), OKDOK_STATUS_UNEXPECTED_RESPONSE, 201, 1, 1, 0, NULL },
        { DRIPPING(400), OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { DRIPPING(403), OKDOK_STATUS_FORBIDDEN, 403, 1, 0, 0, NULL },
        { DRIPPING(503), OKDOK_STATUS_SERVER_ERROR, 503, 1, 1, 0, NULL },
        { DRIPPING(200), OKDOK_STATUS_TIMED_OUT, 200, 1, 1, 0, "good" },
        { "stallof=100:ok", OKDOK_STATUS_TIMED_OUT, 200, 1, 1, 0, NULL },
        { "stallof=100:missing", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { "stallof=60:reply=401;Content-Length:300;;{", OKDOK_STATUS_UNAUTHORIZED, 401, 1, 0, 0, NULL });
}

TEST(deadline_holds_against_a_flood)
{
    okdok_options options = one_attempt();
    options.timeout_ms = 4000;
    CHECK_CASES(&options,
        { "flood", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, NULL },
        { "flood", OKDOK_STATUS_TIMED_OUT, 0, 1, 1, 0, "good" });
}

/* One deadline covers all attempts and the waits between them. */
TEST(deadline_covers_retries_and_waits)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 9000;
    options.connect_timeout_ms = 2000;
    options.max_attempts = 1000000;
    CHECK_CASES(&options,
        { "reset=0 silent", OKDOK_STATUS_TIMED_OUT, 0, 2, 1, 0, NULL },
        { "reply=503 drip=500", OKDOK_STATUS_TIMED_OUT, 0, 2, 1, 0, NULL },
        { "reply=429 silent", OKDOK_STATUS_TIMED_OUT, 0, 2, 1, 0, NULL },
        { "reply=429;Retry-After:4 hold", OKDOK_STATUS_TIMED_OUT, 0, 2, 1, 4000, NULL });
}

/* A busy machine may hold up some of the calls, but not all. */
TEST(deadline_is_exceeded_by_at_most_250_ms)
{
    enum { CALLS = 8 };
    planned_call calls[CALLS];
    long long least = LLONG_MAX;
    okdok_options options = one_attempt();
    options.timeout_ms = 1000;
    int silent = faults_serve("silent");
    for (int i = 0; i < CALLS; i++) {
        calls[i].client = okdok_client_new(http_url(silent), KEY, &options, NULL, NULL);
        CHECK(calls[i].client != NULL);
        strcpy(calls[i].id, "id-1");
    }
    make_side_by_side(calls, CALLS, 2);
    for (int i = 0; i < CALLS; i++) {
        okdok_free(calls[i].client);
        if (calls[i].took_ms < least) least = calls[i].took_ms;
    }
    CHECK(least >= 1000 && least <= 1000 + 250);
}

TEST(deadline_of_every_length_holds)
{
    static const unsigned lengths[] = { 1, 9, 10, 11, 50, 100, 250, 500, 1000, 1500 };
    static const char *steps[] = { "silent", "drip=3", "reply=503", "reset=0" };
    enum { LENGTHS = sizeof lengths / sizeof *lengths, CALLS = LENGTHS * sizeof steps / sizeof *steps };
    planned_call calls[CALLS];
    int ports[CALLS];
    for (unsigned i = 0; i < CALLS; i++) {
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.timeout_ms = lengths[i % LENGTHS];
        ports[i] = faults_serve(steps[i / LENGTHS]);
        calls[i].client = okdok_client_new(http_url(ports[i]), KEY, &options, NULL, NULL);
        CHECK(calls[i].client != NULL);
        strcpy(calls[i].id, "id-1");
    }
    make_side_by_side(calls, CALLS, 4);
    for (unsigned i = 0; i < CALLS; i++) {
        okdok_free(calls[i].client);
        faults_ask("stop %d", ports[i]);
        check_consistent(&calls[i].result, __LINE__);
        long long deadline = lengths[i % LENGTHS] < 10 ? 10 : lengths[i % LENGTHS];
        if (calls[i].took_ms > deadline + slack_ms())
            harness_fail(__FILE__, __LINE__, "%s: %lld ms for %lld", steps[i / LENGTHS], calls[i].took_ms, deadline);
    }
}

/* One peer's flood keeps the background thread busy until its call's deadline; other calls on that thread get through. */
TEST(deadline_of_others_is_not_touched_by_a_flood)
{
    enum { CALLS = 8 };
    planned_call calls[CALLS];
    int flood = faults_serve("flood"), good = faults_serve("ok");
    for (int i = 0; i < CALLS; i++) {
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.timeout_ms = i == 0 ? 6000 : 30000;
        options.connect_timeout_ms = 3000; /* the same for all, or they would not share a thread */
        calls[i].client = okdok_client_new(http_url(i == 0 ? flood : good), KEY, &options, NULL, NULL);
        CHECK(calls[i].client != NULL);
        strcpy(calls[i].id, "id-1");
    }
    make_side_by_side(calls, CALLS, CALLS);
    for (int i = 0; i < CALLS; i++) {
        okdok_free(calls[i].client);
        CHECK_INT(calls[i].result.error.status, i == 0 ? OKDOK_STATUS_TIMED_OUT : OKDOK_STATUS_OK);
    }
    CHECK(calls[0].took_ms <= 6000 + slack_ms());
    faults_ask("stop %d", flood);
}
