/* Whatever a server does, at random, no call says anything untrue about the deletion. */
#include "cases.h"

/* Is the outcome unknown although no attempt, by its status, deleted anything? Then only because an answer may have been for
 * somebody else. */
static bool doubts_alone(const okdok_error *error)
{
    for (unsigned i = 0; i < error->attempts; i++) {
        const okdok_attempt *attempt = &error->attempt_log[i];
        bool refused = attempt->http_status / 100 == 4 && attempt->http_status != 408 && attempt->http_status != 499;
        if (!refused && attempt->status != OKDOK_STATUS_CONNECT_FAILED) return false;
    }
    return true;
}

/* Each id is used by one call only, so what the server knows about it is what this call did. */
static void check_honesty(size_t count, unsigned seed, bool tls)
{
    static const uint32_t attempts[] = { 1, 2, 3, 5 };
    enum { CLIENTS = sizeof attempts / sizeof *attempts };
    char steps[64];
    snprintf(steps, sizeof steps, "random=%u", seed);
    int port = tls ? faults_tls("good", steps) : faults_serve(steps);
    okdok_client *clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++) {
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.timeout_ms = 9000;
        options.connect_timeout_ms = 1000;
        options.max_attempts = attempts[i];
        if (tls) options.ca_file = faults_ca("good");
        clients[i] = okdok_client_new(tls ? https_url(port) : http_url(port), KEY, &options, NULL, NULL);
        CHECK(clients[i] != NULL);
    }
    planned_call *calls = harness_alloc(count, sizeof *calls);
    for (size_t i = 0; i < count; i++) {
        calls[i].client = clients[i % CLIENTS];
        /* Every tenth never existed. */
        snprintf(calls[i].id, sizeof calls[i].id, "%s%u", i % 10 == 9 ? "missing-" : "id-", (unsigned)i);
    }
    make_side_by_side(calls, count, 128);

    unsigned lies = 0, timid = 0, gone = 0, presumed = 0, untouched = 0, unknown[2] = { 0, 0 };
    long long begun = 0;
    for (size_t i = 0; i < count; i++) {
        const okdok_error *error = &calls[i].result.error;
        check_consistent(&calls[i].result, __LINE__);
        bool deleted = strcmp(faults_ask("deleted %d %s", port, calls[i].id), "yes") == 0, existed = i % 10 != 9, lie;
        if (error->status == OKDOK_STATUS_PRESUMED_DELETED) {
            /* The message itself says that the id may be wrong. */
            lie = existed && !deleted;
            presumed++;
        } else if (calls[i].result.gone) {
            lie = !deleted;
            gone++;
        } else if (error->outcome_unknown == 0) {
            lie = deleted || (error->status == OKDOK_STATUS_NOT_FOUND && existed);
            untouched++;
        } else {
            lie = false;
            unknown[deleted]++;
            timid += !deleted && doubts_alone(error);
        }
        if (lie)
            fprintf(stderr, "seed %u, %s: deleted %d, but %s, http %d, attempts %u, unknown %u\n", seed, calls[i].id, deleted,
                    okdok_status_name(error->status), (int)error->http_status, (unsigned)error->attempts,
                    (unsigned)error->outcome_unknown);
        for (unsigned n = 0; lie && n < error->attempts && n < 6; n++)
            fprintf(stderr, "    %s, http %d, after %u ms, in %u ms\n", okdok_status_name(error->attempt_log[n].status),
                    error->attempt_log[n].http_status, (unsigned)error->attempt_log[n].waited_ms,
                    (unsigned)error->attempt_log[n].elapsed_ms);
        lies += lie;
        begun += error->attempts;
        /* Generous, since 128 threads share few processors; deadline_test.c is strict. */
        CHECK(calls[i].took_ms <= 9000 + slack_ms() + 2000);
    }
    printf("%u calls, %lld attempts: %u deleted, %u presumed, %u not, unknown %u (deleted) and %u (not)\n", (unsigned)count, begun,
           gone, presumed, untouched, unknown[1], unknown[0]);
    printf("lied %u, timid %u, right %u\n", lies, timid, (unsigned)count - lies - timid);
    CHECK_INT(lies, 0);
    /* No requests but those reported. */
    CHECK(faults_requests(port) <= begun);
    /* A plan that led to a single outcome would prove nothing. */
    CHECK(gone > count / 10 && untouched > count / 50 && presumed > count / 50 && unknown[0] > 0 && unknown[1] > 0);
    for (size_t i = 0; i < CLIENTS; i++) okdok_free(clients[i]);
    faults_ask("stop %d", port);
}

TEST(honesty_of_500_calls) { check_honesty(500, 1, false); }

TEST(honesty_of_500_calls_over_tls) { check_honesty(500, 2, true); }

TEST(slow_honesty_of_10000_calls) { check_honesty(10000, 20240229, false); }
