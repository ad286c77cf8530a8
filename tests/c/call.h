/* One deletion, as the tests make it: a client, a call, and its outcome. */
#ifndef CALL_H
#define CALL_H

#include <okdok.h>

#include "faults.h"
#include "harness.h"

#define KEY "sandbox-key"

typedef struct outcome {
    bool gone;
    okdok_error error;
} outcome;

/* What most tests want: no waiting for a retry. */
okdok_options one_attempt(void);

/* Deletes "id-1" at `base_url`. If the client cannot be made, the test fails with its message. */
outcome delete_at(const char *base_url, const okdok_options *options);
outcome delete_id_at(const char *base_url, const okdok_options *options, const char *id);

/* The error of a client that must be refused. */
okdok_error refused_client(const char *base_url, const char *api_key, const okdok_options *options);

/* Checks that the outcome is consistent, as the contract requires, and then that it is the wanted one. */
#define CHECK_OUTCOME(actual, wanted_status, wanted_http, wanted_attempts, wanted_unknown) \
    do {                                                                                   \
        const outcome *harness_o = &(actual);                                              \
        check_consistent(harness_o, __LINE__);                                             \
        if (harness_o->error.status != (wanted_status) || harness_o->error.http_status != (wanted_http) || \
            harness_o->error.attempts != (wanted_attempts) || harness_o->error.outcome_unknown != (wanted_unknown)) \
            harness_fail(__FILE__, __LINE__, "%s, http %d, attempts %u, unknown %u: %s",   \
                         okdok_status_name(harness_o->error.status), (int)harness_o->error.http_status, \
                         (unsigned)harness_o->error.attempts, (unsigned)harness_o->error.outcome_unknown, \
                         harness_o->error.message);                                        \
    } while (0)

void check_consistent(const outcome *actual, int line);

/* Milliseconds of a clock that never goes back. */
long long now_ms(void);

#endif
