/* What a broken peer does, and how one attempt reports it. */
#include "cases.h"

#include <time.h>

TEST(faults_no_head_is_open)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "reset=0", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, NULL },
        { "cut=0", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, NULL },
        { "reset=12", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, NULL },
        { "informational=3:reset=0", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, NULL },
        { "informational=1:cut=20", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, NULL },
        { "reset=0", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, "good" },
        { "cut=0", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, "good" },
        { "cut=20", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, "tls12" },
        { "raw=", OKDOK_STATUS_CONNECTION_LOST, 0, 1, 1, 0, "tls13" });
}

/* Accepted, then closed before anything was read. If the reset comes while connecting, nothing was sent; after that, the
 * request may have been. */
TEST(faults_a_connection_closed_at_once_is_told_honestly)
{
    const char *steps[] = { "accept-reset", "accept-close" };
    okdok_options options = one_attempt();
    for (int i = 0; i < 100; i++) {
        int port = faults_serve(steps[i % 2]);
        outcome result = delete_at(http_url(port), &options);
        check_consistent(&result, __LINE__);
        CHECK_INT(result.error.http_status, 0);
        CHECK_INT(result.error.attempts, 1);
        CHECK_INT(result.error.status,
                  result.error.outcome_unknown ? OKDOK_STATUS_CONNECTION_LOST : OKDOK_STATUS_CONNECT_FAILED);
        CHECK_INT(faults_requests(port), 0);
        faults_ask("stop %d", port);
    }
}

TEST(faults_a_malformed_head_is_open_and_unexpected)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "raw=SSH-2.0-OpenSSH_9%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "raw=%16%03%01%02%00%01%00", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "raw=<html>msg.deleted</html>%0D%0A%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "raw=HTTP/9.9%20200%20OK%0D%0A%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "raw=HTTP/1.1%20abc%20OK%0D%0A%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "raw=HTTP/1.1%20200%20OK%0D%0Anot%20a%20field%0D%0A%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "raw=PRI%20*%20HTTP/2.0%0D%0A%0D%0ASM%0D%0A%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "reply=200;Content-Length:1;Content-Length:2;;{}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "reply=400;Content-Length:1;Content-Length:2;;{}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "reply=200;Content-Length:-1;;{}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "reply=200;Content-Length:x;;{}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "endless-head", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL },
        { "informational=3:raw=nonsense%0D%0A%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1, 0, NULL });
}

#define DELETED "{\"message\":\"msg.deleted\",\"result\":\"{id}\"}"
#define DELETED_LENGTH "41"
#define NOT_EXIST "{\"message\":\"err.signature.request.not.exist\",\"value\":\"{id}\"}"

TEST(faults_old_and_odd_but_valid_http_is_understood)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "raw=HTTP/1.0%20200%20OK%0D%0AContent-Length:" DELETED_LENGTH "%0D%0A%0D%0A" DELETED, OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "raw=HTTP/1.0%20200%20OK%0D%0A%0D%0A" DELETED, OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "raw=HTTP/1.1%20200%20OK%0D%0A%0D%0A" DELETED, OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "raw=HTTP/1.1%20200%0D%0A%0D%0A" DELETED, OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "raw=HTTP/1.0%20400%20No%0D%0A%0D%0A" NOT_EXIST, OKDOK_STATUS_NOT_FOUND, 400, 1, 0, 0, NULL },
        { "reply=200;Transfer-Encoding:chunked;;29%0D%0A" DELETED "%0D%0A0%0D%0A%0D%0A", OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "reply=200;Transfer-Encoding:chunked;;29;ext=1%0D%0A" DELETED "%0D%0A0%0D%0Atrailer:1%0D%0A%0D%0A", OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "informational=5:ok", OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "informational=5:missing", OKDOK_STATUS_NOT_FOUND, 400, 1, 0, 0, NULL },
        { "drip=1", OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "drip=1:missing", OKDOK_STATUS_NOT_FOUND, 400, 1, 0, 0, NULL },
        { "delay=100", OKDOK_STATUS_OK, 200, 1, 0, 0, NULL },
        { "drip=1", OKDOK_STATUS_OK, 200, 1, 0, 0, "good" });
}

/* Bodies are never decompressed, so a compressed body is not JSON. */
TEST(faults_a_compressed_body_is_not_looked_into)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "reply=200;Content-Encoding:gzip;;%1F%8B%08%00%00%00%00%00%00%03", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "reply=400;Content-Encoding:gzip;;%1F%8B%08%00%00%00%00%00%00%03", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL });
    int port = faults_serve("ok");
    CHECK(delete_at(http_url(port), &options).gone);
    char *request = faults_request(port, 1);
    CHECK(strstr(request, "ncoding") == NULL);
    free(request);
}

TEST(faults_101_is_open_and_not_retried)
{
    CHECK_CASES(NULL,
        { "reply=101;Connection:upgrade;Upgrade:websocket", OKDOK_STATUS_UNEXPECTED_RESPONSE, 101, 1, 1, 0, NULL },
        { "reply=101", OKDOK_STATUS_UNEXPECTED_RESPONSE, 101, 1, 1, 0, NULL });
}

TEST(faults_a_broken_body_counts_as_empty)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "reply=200;Transfer-Encoding:chunked;;zz%0D%0A" DELETED, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "reply=200;Transfer-Encoding:chunked;Connection:close;;29%0D%0A" DELETED, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "reply=200;Transfer-Encoding:chunked;Connection:close;;29%0D%0A" DELETED "%0D%0A", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "reply=400;Transfer-Encoding:chunked;;zz%0D%0A" NOT_EXIST, OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { "reply=200;Content-Length:300;Connection:close;;" DELETED, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "reply=400;Content-Length:300;Connection:close;;" NOT_EXIST, OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { "reply=404;Content-Length:300;Connection:close;;" NOT_EXIST, OKDOK_STATUS_UNEXPECTED_RESPONSE, 404, 1, 0, 0, NULL },
        { "resetof=100:reply=401;Content-Length:300;;{", OKDOK_STATUS_UNAUTHORIZED, 401, 1, 0, 0, NULL },
        { "reply=403;Content-Length:300;Connection:close;;{", OKDOK_STATUS_FORBIDDEN, 403, 1, 0, 0, NULL },
        { "reply=503;Content-Length:300;Connection:close;;{", OKDOK_STATUS_SERVER_ERROR, 503, 1, 1, 0, NULL });
}

/* A cut 200 may have been a "deleted", so it is tried again; a cut refusal is still a refusal. */
TEST(faults_a_cut_body_is_retried_behind_200_alone)
{
    CHECK_CASES(NULL,
        { "reply=200;Content-Length:300;Connection:close;;{ missing", OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 0, NULL },
        { "reply=200;Transfer-Encoding:chunked;;zz%0D%0A ok", OKDOK_STATUS_OK, 200, 2, 0, 0, NULL },
        { "reply=400;Content-Length:300;Connection:close;; ok", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { "reply=401;Content-Length:300;Connection:close;; ok", OKDOK_STATUS_UNAUTHORIZED, 401, 1, 0, 0, NULL },
        { "reply=201;Content-Length:300;Connection:close;; ok", OKDOK_STATUS_UNEXPECTED_RESPONSE, 201, 1, 1, 0, NULL },
        { "endless=200 ok", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL });
}

TEST(faults_huge_bodies_are_not_read_to_their_end)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "endless=200", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "endless=400", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { "endless=401", OKDOK_STATUS_UNAUTHORIZED, 401, 1, 0, 0, NULL },
        { "endless=503", OKDOK_STATUS_SERVER_ERROR, 503, 1, 1, 0, NULL },
        { "body=200:1073741824", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, NULL },
        { "body=400:1073741824", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 0, NULL },
        { "body=401:1073741824", OKDOK_STATUS_UNAUTHORIZED, 401, 1, 0, 0, NULL },
        { "body=503:1073741824", OKDOK_STATUS_SERVER_ERROR, 503, 1, 1, 0, NULL });
    /* A call that read on would have ended at its deadline. */
    long long begun = now_ms();
    delete_at(http_url(faults_serve("endless=400")), &options);
    CHECK(now_ms() - begun < 20000);
}

TEST(faults_a_body_of_64_KiB_is_read_and_no_byte_more)
{
    static const char begin[] = "{\"message\":\"msg.deleted\",\"result\":\"id-1\",\"padding\":\"", end[] = "\"}";
    okdok_options options = one_attempt();
    for (size_t length = 65536; length <= 65537; length++) {
        char *steps = malloc(length + 64);
        CHECK(steps != NULL);
        strcpy(steps, "reply=200;;");
        strcat(steps, begin);
        size_t padding = length - (sizeof begin - 1) - (sizeof end - 1), at = strlen(steps);
        memset(steps + at, 'x', padding);
        strcpy(steps + at + padding, end);
        outcome result = delete_at(http_url(faults_serve(steps)), &options);
        free(steps);
        if (length == 65536)
            CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
        else
            CHECK_OUTCOME(result, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1);
    }
}

/* Every status with every kind of body, against the contract. */

typedef enum claim { NOTHING, DELETES_THIS, KNOWS_NOT_THIS } claim;

static const struct body { const char *text; claim claim; } bodies[] = {
    { DELETED, DELETES_THIS },
    { "%EF%BB%BF" DELETED, DELETES_THIS },
    { "%20%09%0D%0A" DELETED "%0A", DELETES_THIS },
    { "{\"result\":\"{id}\",\"more\":[[{}]],\"message\":\"msg.deleted\",\"value\":\"another\"}", DELETES_THIS },
    { NOT_EXIST, KNOWS_NOT_THIS },
    { "%EF%BB%BF" NOT_EXIST, KNOWS_NOT_THIS },
    { "{\"message\":\"err.signature.request.not.exist\"}", KNOWS_NOT_THIS },
    { "{\"message\":\"err.signature.request.not.exist\",\"value\":null,\"result\":\"another\"}", KNOWS_NOT_THIS },
    { "{\"message\":\"msg.deleted\",\"result\":\"another\"}", NOTHING },
    { "{\"message\":\"msg.deleted\",\"result\":[\"{id}\"]}", NOTHING },
    { "{\"message\":\"msg.deleted\"}", NOTHING },
    { "{\"message\":{\"message\":\"msg.deleted\"},\"result\":\"{id}\"}", NOTHING },
    { "{\"message\":\"MSG.DELETED\",\"result\":\"{id}\"}", NOTHING },
    { "{\"message\":\"err.signature.request.not.exist\",\"value\":\"another\"}", NOTHING },
    { "{\"message\":\"err.signature.request.not.exist\",\"value\":{}}", NOTHING },
    { "{\"message\":\"err.signature.request.not.exist\",\"value\":false}", NOTHING },
    { "{\"message\":\"err.invalid\",\"value\":\"{id}\"}", NOTHING },
    { "", NOTHING },
    { "null", NOTHING },
    { "[]", NOTHING },
    { "{", NOTHING },
    { DELETED DELETED, NOTHING },
    { "{\"message\":\"msg.deleted\",\"message\":\"msg.deleted\",\"result\":\"{id}\"}", NOTHING },
    { "{\"message\":\"msg.deleted%FF\",\"result\":\"{id}\"}", NOTHING },
    { "%00%01%02%FF", NOTHING },
    { "<!doctype%20html><title>msg.deleted</title>", NOTHING },
    { "DEEP", NOTHING },
};

static const int statuses[] = { 200, 201, 202, 203, 206, 226, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404,
                                405, 406, 407, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 423, 425, 426, 428, 429, 431,
                                444, 451, 498, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 524, 529, 599, 600, 999 };

static okdok_status expected(int http_status, claim claim, unsigned *unknown)
{
    bool may_know_nothing = http_status == 400 || http_status == 404 || http_status == 410;
    bool refused = http_status >= 400 && http_status < 500 && http_status != 408 && http_status != 499;
    *unknown = 0;
    if (http_status == 200 && claim == DELETES_THIS) return OKDOK_STATUS_OK;
    if (may_know_nothing && claim == KNOWS_NOT_THIS) return OKDOK_STATUS_NOT_FOUND;
    *unknown = !refused;
    if (http_status == 400) return OKDOK_STATUS_BAD_REQUEST;
    if (http_status == 401) return OKDOK_STATUS_UNAUTHORIZED;
    if (http_status == 403) return OKDOK_STATUS_FORBIDDEN;
    if (http_status == 429) return OKDOK_STATUS_RATE_LIMITED;
    return http_status >= 500 && http_status < 600 ? OKDOK_STATUS_SERVER_ERROR : OKDOK_STATUS_UNEXPECTED_RESPONSE;
}

TEST(faults_every_status_with_every_kind_of_body)
{
    enum { BODIES = sizeof bodies / sizeof *bodies };
    static char deep[20000];
    strcpy(deep, "{\"message\":\"msg.deleted\",\"result\":\"{id}\",\"x\":");
    for (int i = 0; i < 5000; i++) strcat(deep, "[");
    okdok_options options = one_attempt();
    for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
        static char steps[65536];
        steps[0] = '\0';
        for (size_t b = 0; b < BODIES; b++) {
            const char *text = strcmp(bodies[b].text, "DEEP") == 0 ? deep : bodies[b].text;
            snprintf(steps + strlen(steps), sizeof steps - strlen(steps), "reply=%d;;%s ", statuses[s], text);
        }
        int port = faults_serve(steps);
        okdok_client *client = okdok_client_new(http_url(port), KEY, &options, NULL, NULL);
        CHECK(client != NULL);
        for (size_t b = 0; b < BODIES; b++) {
            outcome result;
            result.gone = okdok_delete_signature_request(client, "id \"1\"", NULL, &result.error);
            unsigned unknown = 0;
            okdok_status wanted = expected(statuses[s], bodies[b].claim, &unknown);
            check_consistent(&result, __LINE__);
            if (result.error.status != wanted || result.error.http_status != statuses[s] || result.error.attempts != 1 ||
                result.error.outcome_unknown != unknown)
                harness_fail(__FILE__, __LINE__, "%d with %.60s: %s, http %d, attempts %u, unknown %u", statuses[s], bodies[b].text,
                             okdok_status_name(result.error.status), (int)result.error.http_status,
                             (unsigned)result.error.attempts, (unsigned)result.error.outcome_unknown);
        }
        CHECK_INT(faults_requests(port), BODIES);
        okdok_free(client);
        faults_ask("stop %d", port);
    }
}

TEST(faults_204_and_304_have_no_body)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "reply=204", OKDOK_STATUS_UNEXPECTED_RESPONSE, 204, 1, 1, 0, NULL },
        { "reply=205", OKDOK_STATUS_UNEXPECTED_RESPONSE, 205, 1, 1, 0, NULL },
        { "reply=304", OKDOK_STATUS_UNEXPECTED_RESPONSE, 304, 1, 1, 0, NULL });
}

/* In `format`, @ is the day, padded with a space: Windows has no %e. */
static uint32_t asked_wait(const char *format, time_t when)
{
    char date[64], own[64], day[4], steps[200] = "reply=429;Retry-After:";
    struct tm *parts = gmtime(&when);
    CHECK(parts != NULL && snprintf(day, sizeof day, "%2u", (unsigned)parts->tm_mday % 32) == 2);
    int before = (int)strcspn(format, "@");
    snprintf(own, sizeof own, "%.*s%s%s", before, format, format[before] == '@' ? day : "", format[before] == '@' ? format + before + 1 : "");
    CHECK(strftime(date, sizeof date, own, parts) > 0);
    for (const char *c = date; *c != '\0'; c++) snprintf(steps + strlen(steps), 4, *c == ' ' ? "%%20" : "%c", *c);
    okdok_options options = one_attempt();
    outcome result = delete_at(http_url(faults_serve(steps)), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RATE_LIMITED, 429, 1, 0);
    return result.error.retry_after_ms;
}

TEST(faults_retry_after_may_be_a_date_of_each_form)
{
    const char *formats[] = { "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b @ %H:%M:%S %Y" };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        uint32_t wait = asked_wait(formats[i], time(NULL) + 100);
        CHECK(wait > 90000 && wait <= 100000);
        CHECK_INT(asked_wait(formats[i], time(NULL) - 100), 0);
    }
    CHECK_INT(asked_wait("%a, %d %b %Y 25:61:61 GMT", time(NULL) + 100000), 0);
    /* Some 200 years: more than 32 bits of milliseconds. */
    CHECK_INT(asked_wait("Wed, 01 Jan 2200 00:00:00 GMT", 0), UINT32_MAX);
}

TEST(faults_retry_after_of_any_status_is_told)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "reply=503;Retry-After:120", OKDOK_STATUS_SERVER_ERROR, 503, 1, 1, 120000, NULL },
        { "reply=200;Retry-After:5;;" DELETED, OKDOK_STATUS_OK, 200, 1, 0, 5000, NULL },
        { "reply=302;Retry-After:5;Location:/", OKDOK_STATUS_UNEXPECTED_RESPONSE, 302, 1, 1, 5000, NULL },
        { "reply=400;Retry-After:%205%20", OKDOK_STATUS_BAD_REQUEST, 400, 1, 0, 5000, NULL },
        { "reply=403;Retry-After:4294967", OKDOK_STATUS_FORBIDDEN, 403, 1, 0, 4294967000u, NULL },
        { "reply=408;Retry-After:4294968", OKDOK_STATUS_UNEXPECTED_RESPONSE, 408, 1, 1, UINT32_MAX, NULL },
        { "reply=429;Retry-After:18446744073709551616", OKDOK_STATUS_RATE_LIMITED, 429, 1, 0, UINT32_MAX, NULL },
        { "reply=429;Retry-After:1.5", OKDOK_STATUS_RATE_LIMITED, 429, 1, 0, 0, NULL },
        { "reply=429;Retry-After:%FF", OKDOK_STATUS_RATE_LIMITED, 429, 1, 0, 0, NULL },
        { "reply=429;Retry-After:", OKDOK_STATUS_RATE_LIMITED, 429, 1, 0, 0, NULL });
}

/* Longer than the time left: the call returns at once, and says how long. */
TEST(faults_a_retry_after_beyond_the_deadline_ends_the_call)
{
    long long begun = now_ms();
    CHECK_CASES(NULL,
        { "reply=429;Retry-After:21 ok", OKDOK_STATUS_RATE_LIMITED, 429, 1, 0, 21000, NULL },
        { "reply=503;Retry-After:86400 ok", OKDOK_STATUS_SERVER_ERROR, 503, 1, 1, 86400000, NULL },
        { "reply=429;Retry-After:99999999999 ok", OKDOK_STATUS_RATE_LIMITED, 429, 1, 0, UINT32_MAX, NULL });
    CHECK(now_ms() - begun < 20000);
}
