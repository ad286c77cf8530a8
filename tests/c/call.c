#include "cases.h"

#ifdef _WIN32
#include <windows.h>
/* GetTickCount64 moves in steps of 16 ms. */
long long now_ms(void)
{
    LARGE_INTEGER second, now;
    QueryPerformanceFrequency(&second);
    QueryPerformanceCounter(&now);
    return now.QuadPart * 1000 / second.QuadPart;
}
#else
#include <time.h>
long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
#endif

okdok_options one_attempt(void)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.max_attempts = 1;
    return options;
}

outcome delete_id_at(const char *base_url, const okdok_options *options, const char *id)
{
    okdok_status status = -1;
    outcome result;
    okdok_client *client = okdok_client_new(base_url, KEY, options, &status, &result.error);
    if (client == NULL) harness_fail(__FILE__, __LINE__, "no client for %s: %s", base_url, result.error.message);
    CHECK_INT(status, OKDOK_STATUS_OK);
    memset(&result.error, 0xAA, sizeof result.error);
    status = -1;
    result.gone = okdok_delete_signature_request(client, id, &status, &result.error);
    CHECK_INT(status, result.error.status);
    okdok_free(client);
    return result;
}

outcome delete_at(const char *base_url, const okdok_options *options)
{
    return delete_id_at(base_url, options, "id-1");
}

static void check_attempt_log(const okdok_error *error, int line)
{
    enum { KEPT = sizeof error->attempt_log / sizeof *error->attempt_log };
    static const okdok_attempt nothing;
    uint64_t told_of = 0;
    bool reported = error->attempts == 0;
    for (unsigned i = 0; i < KEPT; i++) {
        const okdok_attempt *attempt = &error->attempt_log[i];
        if (i >= error->attempts) {
            if (memcmp(attempt, &nothing, sizeof nothing) != 0) harness_fail(__FILE__, line, "attempt_log[%u] is not zero", i);
            continue;
        }
        okdok_status same = error->status == OKDOK_STATUS_PRESUMED_DELETED ? OKDOK_STATUS_NOT_FOUND : error->status;
        reported = reported || (attempt->status == same && attempt->http_status == error->http_status);
        told_of += (uint64_t)attempt->waited_ms + attempt->elapsed_ms;
    }
    if (!reported) harness_fail(__FILE__, line, "%s is no attempt of the log: %s", okdok_status_name(error->status), error->message);
    if (error->attempts <= KEPT && error->attempts > 0) {
        if (error->attempt_log[0].waited_ms != 0) harness_fail(__FILE__, line, "a wait before the first attempt");
        /* A busy machine may be slow between them. */
        if (told_of > error->elapsed_ms || error->elapsed_ms - told_of > (uint64_t)slack_ms())
            harness_fail(__FILE__, line, "%u ms, of which the attempts had %u", (unsigned)error->elapsed_ms, (unsigned)told_of);
    }
}

okdok_error refused_client(const char *base_url, const char *api_key, const okdok_options *options)
{
    okdok_error error;
    okdok_status status = -1;
    memset(&error, 0xAA, sizeof error);
    okdok_client *client = okdok_client_new(base_url, api_key, options, &status, &error);
    if (client != NULL) {
        okdok_free(client);
        harness_fail(__FILE__, __LINE__, "a client came into being");
    }
    CHECK_INT(status, error.status);
    CHECK(error.message[0] != '\0');
    CHECK_INT(error.attempts, 0);
    CHECK_INT(error.outcome_unknown, 0);
    check_attempt_log(&error, __LINE__);
    return error;
}

static void check_text(const char *text, size_t size, int line)
{
    if (memchr(text, '\0', size) == NULL) harness_fail(__FILE__, line, "a text has no end");
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) harness_fail(__FILE__, line, "a control character in \"%s\"", text);
    if (strstr(text, KEY) != NULL) harness_fail(__FILE__, line, "the key in \"%s\"", text);
}

void check_consistent(const outcome *actual, int line)
{
    const okdok_error *error = &actual->error;
    bool gone = error->status == OKDOK_STATUS_OK || error->status == OKDOK_STATUS_PRESUMED_DELETED;
    if (actual->gone != gone) harness_fail(__FILE__, line, "returned %d with %s", actual->gone, okdok_status_name(error->status));
    if (gone && error->outcome_unknown != 0) harness_fail(__FILE__, line, "gone, and unknown");
    if (error->outcome_unknown > 1) harness_fail(__FILE__, line, "outcome_unknown is %u", (unsigned)error->outcome_unknown);
    if ((error->message[0] == '\0') != (error->status == OKDOK_STATUS_OK)) harness_fail(__FILE__, line, "message: \"%s\"", error->message);
    check_text(error->service_code, sizeof error->service_code, line);
    check_text(error->service_value, sizeof error->service_value, line);
    check_text(error->message, sizeof error->message, line);
    check_attempt_log(error, line);
    for (size_t i = 0; i < sizeof error->reserved / sizeof *error->reserved; i++)
        if (error->reserved[i] != 0) harness_fail(__FILE__, line, "reserved[%u] is not zero", (unsigned)i);
}
