#include "cases.h"

#include <pthread.h>
#include <stdatomic.h>

#define MOST_AT_ONCE 128

struct queue {
    planned_call *calls;
    size_t count;
    atomic_size_t next;
};

/* Nothing here may fail the test: that calls longjmp, which only the test's own thread may do. */
static void *make_calls(void *argument)
{
    struct queue *queue = argument;
    for (size_t i; (i = atomic_fetch_add(&queue->next, 1)) < queue->count;) {
        planned_call *call = &queue->calls[i];
        memset(&call->result.error, 0xAA, sizeof call->result.error);
        long long begun = now_ms();
        call->result.gone = okdok_delete_signature_request(call->client, call->id, NULL, &call->result.error);
        call->took_ms = now_ms() - begun;
    }
    return NULL;
}

void make_side_by_side(planned_call *calls, size_t count, size_t at_once)
{
    struct queue queue = { calls, count, 0 };
    pthread_t threads[MOST_AT_ONCE];
    CHECK(at_once <= MOST_AT_ONCE);
    if (at_once > count) at_once = count;
    for (size_t i = 0; i < at_once; i++) CHECK(pthread_create(&threads[i], NULL, make_calls, &queue) == 0);
    for (size_t i = 0; i < at_once; i++) pthread_join(threads[i], NULL);
}

long long slack_ms(void)
{
    const char *slack = getenv("OKDOK_SLACK_MS");
    return slack == NULL ? 3000 : atoll(slack);
}

/* The wait before the retry `n`, from 1: half of it or more of min(8 s, 1 s * 2^(n-1)), or what was asked for. */
static bool waited_right(const okdok_attempt *attempt, const attempt_end *before, unsigned n)
{
    uint32_t longest = n > 4 ? 8000 : 1000u << (n - 1), shortest = longest / 2;
    if (before->asked_ms > shortest) shortest = before->asked_ms;
    if (before->asked_ms > longest) longest = before->asked_ms;
    return attempt->waited_ms >= shortest && attempt->waited_ms <= longest;
}

static bool logged_right(const okdok_error *error, const case_log *log)
{
    bool right = true;
    for (unsigned i = 0; i < error->attempts && i < sizeof log->attempts / sizeof *log->attempts; i++) {
        const okdok_attempt *attempt = &error->attempt_log[i];
        const attempt_end *wanted = &log->attempts[i];
        bool same = attempt->status == wanted->status && attempt->http_status == wanted->http_status &&
                    (i == 0 || waited_right(attempt, wanted - 1, i));
        if (!same)
            fprintf(stderr, "attempt %u: %s, http %d, waited %u ms\n", i + 1, okdok_status_name(attempt->status), attempt->http_status,
                    (unsigned)attempt->waited_ms);
        right = right && same;
    }
    return right;
}

void check_cases(const fault_case *cases, const case_log *logs, size_t count, const okdok_options *options)
{
    planned_call *calls = harness_alloc(count, sizeof *calls);
    int *ports = harness_alloc(count, sizeof *ports);
    for (size_t i = 0; i < count; i++) {
        okdok_options own = OKDOK_OPTIONS_INIT;
        if (options != NULL) own = *options;
        const char *certificate = cases[i].certificate;
        if (certificate != NULL) own.ca_file = faults_ca("good");
        ports[i] = certificate == NULL ? faults_serve(cases[i].steps) : faults_tls(certificate, cases[i].steps);
        const char *url = certificate == NULL ? http_url(ports[i]) : https_url(ports[i]);
        calls[i].client = okdok_client_new(url, KEY, &own, NULL, NULL);
        CHECK(calls[i].client != NULL);
        strcpy(calls[i].id, "id-1");
    }
    make_side_by_side(calls, count, 64);

    long long timeout = options == NULL || options->timeout_ms == 0 ? 30000 : options->timeout_ms;
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const okdok_error *error = &calls[i].result.error;
        check_consistent(&calls[i].result, __LINE__);
        if (error->status != cases[i].status || error->http_status != cases[i].http_status ||
            error->attempts != cases[i].attempts || error->outcome_unknown != cases[i].unknown ||
            error->retry_after_ms != cases[i].retry_after_ms || calls[i].took_ms > timeout + slack_ms() ||
            error->elapsed_ms > calls[i].took_ms + 1 || (logs != NULL && !logged_right(error, &logs[i]))) {
            fprintf(stderr, "%.80s: %s, http %d, attempts %u, unknown %u, retry after %u, in %lld ms: %s\n", cases[i].steps,
                    okdok_status_name(error->status), (int)error->http_status, (unsigned)error->attempts,
                    (unsigned)error->outcome_unknown, (unsigned)error->retry_after_ms, calls[i].took_ms, error->message);
            wrong++;
        }
        okdok_free(calls[i].client);
        faults_ask("stop %d", ports[i]);
    }
    if (wrong > 0) harness_fail(__FILE__, __LINE__, "%u of %u cases are wrong", wrong, (unsigned)count);
}
