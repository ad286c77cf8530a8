/* Tables of faults and their outcomes, checked side by side, since a retry waits a second. */
#ifndef CASES_H
#define CASES_H

#include "call.h"

typedef struct fault_case {
    const char *steps;
    okdok_status status;
    int http_status;
    unsigned attempts, unknown;
    uint32_t retry_after_ms;
    const char *certificate; /* NULL: plain HTTP */
} fault_case;

/* One attempt of a case, as attempt_log must show it; `asked_ms` is the wait that its answer asked for. */
typedef struct attempt_end {
    okdok_status status;
    int http_status;
    uint32_t asked_ms;
} attempt_end;
typedef struct case_log {
    attempt_end attempts[3];
} case_log;

/* Makes a listener and a call for each case; prints every mismatch before the test fails. `logs` has one entry for each
 * case, or is NULL. */
void check_cases(const fault_case *cases, const case_log *logs, size_t count, const okdok_options *options);

#define CHECK_CASES(options, ...)                                         \
    do {                                                                  \
        static const fault_case harness_cases[] = { __VA_ARGS__ };        \
        check_cases(harness_cases, NULL, sizeof harness_cases / sizeof *harness_cases, options); \
    } while (0)

/* A call to be made on some thread, and its result. */
typedef struct planned_call {
    okdok_client *client;
    char id[32];
    outcome result;
    long long took_ms;
} planned_call;

/* Makes all calls, at most `at_once` at a time. */
void make_side_by_side(planned_call *calls, size_t count, size_t at_once);

/* How much later than its deadline a call may return: 250 ms, and room for a busy machine; or OKDOK_SLACK_MS. A call whose
 * deadline does not cover something must be later than that. */
long long slack_ms(void);

#endif
