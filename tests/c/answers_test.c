/* The request on the wire, and the result of each answer. */
#include "call.h"

TEST(answers_the_request_is_exactly_this)
{
    int port = faults_serve("ok");
    CHECK(delete_id_at(http_url(port), NULL, "32f8628d-6658-443d-a2a0-f59d9d3752d2").gone);
    char *request = faults_request(port, 1);
    char wanted[512];
    snprintf(wanted, sizeof wanted,
             "DELETE /JSON/signatureRequest/32f8628d-6658-443d-a2a0-f59d9d3752d2 HTTP/1.1\r\n"
             "x-api-key: " KEY "\r\n"
             "accept: application/json\r\n"
             "user-agent: okdok/" OKDOK_VERSION "\r\n"
             "host: 127.0.0.1:%d\r\n"
             "\r\n",
             port);
    CHECK_STR(request, wanted);
    free(request);
}

TEST(answers_the_id_is_one_path_segment_under_the_prefix)
{
    static const struct { const char *base, *id, *line; } cases[] = {
        { "", "a b", "DELETE /JSON/signatureRequest/a%20b HTTP/1.1\r\n" },
        { "/", "?x#y;z", "DELETE /JSON/signatureRequest/%3Fx%23y%3Bz HTTP/1.1\r\n" },
        { "/JSON", "%2e%2e", "DELETE /JSON/signatureRequest/%252e%252e HTTP/1.1\r\n" },
        { "/JSON/", "...", "DELETE /JSON/signatureRequest/... HTTP/1.1\r\n" },
        { "/preJSON", "x", "DELETE /preJSON/JSON/signatureRequest/x HTTP/1.1\r\n" },
        { "/pre/fix", "\xC5\xBE", "DELETE /pre/fix/JSON/signatureRequest/%C5%BE HTTP/1.1\r\n" },
        { "/pre/JSON/", "@:&=", "DELETE /pre/JSON/signatureRequest/%40%3A%26%3D HTTP/1.1\r\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int port = faults_serve("ok");
        char base[96];
        snprintf(base, sizeof base, "%s%s", http_url(port), cases[i].base);
        CHECK(delete_id_at(base, NULL, cases[i].id).gone);
        char *request = faults_request(port, 1);
        CHECK(strncmp(request, cases[i].line, strlen(cases[i].line)) == 0);
        free(request);
    }
}

typedef struct answer_case {
    const char *steps;
    okdok_status status;
    int http_status;
    unsigned unknown;
    const char *code, *value;
} answer_case;

static void check_answers(const answer_case *cases, size_t count)
{
    okdok_options options = one_attempt();
    for (size_t i = 0; i < count; i++) {
        outcome result = delete_at(http_url(faults_serve(cases[i].steps)), &options);
        const okdok_error *error = &result.error;
        check_consistent(&result, __LINE__);
        if (error->status != cases[i].status || error->http_status != cases[i].http_status || error->attempts != 1 ||
            error->outcome_unknown != cases[i].unknown || strcmp(error->service_code, cases[i].code) != 0 ||
            strcmp(error->service_value, cases[i].value) != 0)
            harness_fail(__FILE__, __LINE__, "%s: %s, http %d, unknown %u, code \"%s\", value \"%s\": %s", cases[i].steps,
                         okdok_status_name(error->status), (int)error->http_status, (unsigned)error->outcome_unknown,
                         error->service_code, error->service_value, error->message);
    }
}

#define CHECK_ANSWERS(...)                                                \
    do {                                                                  \
        static const answer_case harness_cases[] = { __VA_ARGS__ };       \
        check_answers(harness_cases, sizeof harness_cases / sizeof *harness_cases); \
    } while (0)

#define NOT_EXIST "err.signature.request.not.exist"

TEST(answers_the_documented_ones)
{
    CHECK_ANSWERS(
        { "ok", OKDOK_STATUS_OK, 200, 0, "msg.deleted", "id-1" },
        { "missing", OKDOK_STATUS_NOT_FOUND, 400, 0, NOT_EXIST, "id-1" },
        { "reply=401", OKDOK_STATUS_UNAUTHORIZED, 401, 0, "", "" },
        { "reply=403", OKDOK_STATUS_FORBIDDEN, 403, 0, "", "" },
        { "reply=500", OKDOK_STATUS_SERVER_ERROR, 500, 1, "", "" });
}

TEST(answers_any_other_status)
{
    CHECK_ANSWERS(
        { "reply=400", OKDOK_STATUS_BAD_REQUEST, 400, 0, "", "" },
        { "reply=400;;{\"message\":\"err.other\",\"value\":\"v\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, "err.other", "v" },
        { "reply=404;;{\"message\":\"" NOT_EXIST "\",\"value\":\"id-1\"}", OKDOK_STATUS_NOT_FOUND, 404, 0, NOT_EXIST, "id-1" },
        { "reply=410;;{\"message\":\"" NOT_EXIST "\"}", OKDOK_STATUS_NOT_FOUND, 410, 0, NOT_EXIST, "" },
        { "reply=404", OKDOK_STATUS_UNEXPECTED_RESPONSE, 404, 0, "", "" },
        { "reply=404;;{\"message\":\"err.not.found\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 404, 0, "err.not.found", "" },
        { "reply=405", OKDOK_STATUS_UNEXPECTED_RESPONSE, 405, 0, "", "" },
        { "reply=409;;{\"message\":\"" NOT_EXIST "\",\"value\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 409, 0, NOT_EXIST, "id-1" },
        { "reply=408", OKDOK_STATUS_UNEXPECTED_RESPONSE, 408, 1, "", "" },
        { "reply=429", OKDOK_STATUS_RATE_LIMITED, 429, 0, "", "" },
        { "reply=499", OKDOK_STATUS_UNEXPECTED_RESPONSE, 499, 1, "", "" },
        { "reply=201;;{\"message\":\"msg.deleted\",\"result\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 201, 1, "msg.deleted", "id-1" },
        { "reply=202", OKDOK_STATUS_UNEXPECTED_RESPONSE, 202, 1, "", "" },
        { "reply=204", OKDOK_STATUS_UNEXPECTED_RESPONSE, 204, 1, "", "" },
        { "reply=301;Location:http://127.0.0.1:1/", OKDOK_STATUS_UNEXPECTED_RESPONSE, 301, 1, "", "" },
        { "reply=303;Location:http://127.0.0.1:1/", OKDOK_STATUS_UNEXPECTED_RESPONSE, 303, 1, "", "" },
        { "reply=304", OKDOK_STATUS_UNEXPECTED_RESPONSE, 304, 1, "", "" },
        { "reply=501", OKDOK_STATUS_SERVER_ERROR, 501, 1, "", "" },
        { "reply=502", OKDOK_STATUS_SERVER_ERROR, 502, 1, "", "" },
        { "reply=503", OKDOK_STATUS_SERVER_ERROR, 503, 1, "", "" },
        { "reply=500;;{\"message\":\"" NOT_EXIST "\",\"value\":\"id-1\"}", OKDOK_STATUS_SERVER_ERROR, 500, 1, NOT_EXIST, "id-1" },
        { "reply=599", OKDOK_STATUS_SERVER_ERROR, 599, 1, "", "" },
        { "reply=600", OKDOK_STATUS_UNEXPECTED_RESPONSE, 600, 1, "", "" },
        { "reply=999", OKDOK_STATUS_UNEXPECTED_RESPONSE, 999, 1, "", "" });
}

TEST(answers_a_200_confirms_only_with_this_id)
{
    CHECK_ANSWERS(
        { "reply=200", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        { "reply=200;;{}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        { "reply=200;;{\"message\":\"msg.deleted\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.deleted", "" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":null}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.deleted", "" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":1}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.deleted", "" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":\"id-2\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.deleted", "id-2" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":\"ID-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.deleted", "ID-1" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"value\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.deleted", "id-1" },
        { "reply=200;;{\"message\":\"msg.updated\",\"result\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "msg.updated", "id-1" },
        { "reply=200;;{\"message\":\"" NOT_EXIST "\",\"value\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, NOT_EXIST, "id-1" },
        { "reply=200;;{\"message\":[\"msg.deleted\"],\"result\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "id-1" },
        { "reply=200;;[\"msg.deleted\",\"id-1\",\"id-1\"]", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        { "reply=200;;\"msg.deleted\"", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        { "reply=200;Content-Type:text/html;;%3Chtml%3Emsg.deleted%20id-1", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        /* Said twice, cut off, or followed by something else: ambiguous. */
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":\"id-1\",\"result\":\"id-1\"}", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":\"id-1\"", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        { "reply=200;;{\"message\":\"msg.deleted\",\"result\":\"id-1\"}x", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, "", "" },
        /* A BOM, unknown members, any order and any content type change nothing. */
        { "reply=200;;%EF%BB%BF{\"message\":\"msg.deleted\",\"result\":\"id-1\"}", OKDOK_STATUS_OK, 200, 0, "msg.deleted", "id-1" },
        { "reply=200;Content-Type:text/plain;;%20%0A{\"success\":true,\"a\":{\"b\":[1,2]},\"result\":\"id-1\",\"value\":null,\"message\":\"msg.deleted\"}",
          OKDOK_STATUS_OK, 200, 0, "msg.deleted", "id-1" });
}

TEST(answers_does_not_exist_counts_only_for_this_id)
{
    CHECK_ANSWERS(
        { "reply=400;;{\"message\":\"" NOT_EXIST "\"}", OKDOK_STATUS_NOT_FOUND, 400, 0, NOT_EXIST, "" },
        { "reply=400;;{\"message\":\"" NOT_EXIST "\",\"value\":null}", OKDOK_STATUS_NOT_FOUND, 400, 0, NOT_EXIST, "" },
        { "reply=400;;{\"message\":\"" NOT_EXIST "\",\"value\":\"id-2\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, NOT_EXIST, "id-2" },
        { "reply=400;;{\"message\":\"" NOT_EXIST "\",\"value\":\"\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, NOT_EXIST, "" },
        { "reply=400;;{\"message\":\"" NOT_EXIST "\",\"value\":7}", OKDOK_STATUS_BAD_REQUEST, 400, 0, NOT_EXIST, "" },
        { "reply=400;;{\"message\":\"" NOT_EXIST "\",\"value\":\"id-1\",\"value\":\"id-1\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, "", "" },
        { "reply=400;;{\"message\":\"msg.deleted\",\"result\":\"id-1\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, "msg.deleted", "id-1" });
}

TEST(answers_never_show_the_key_or_control_characters)
{
    CHECK_ANSWERS(
        { "reply=400;;{\"message\":\"bad%20" KEY "%20given\",\"value\":\"" KEY "\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, "bad *** given", "***" },
        { "reply=400;;{\"message\":\"a\\u0000b\\n\\u001b[31mc\",\"value\":\"sandbox\\t-key\"}", OKDOK_STATUS_BAD_REQUEST, 400, 0, "ab[31mc", "***" });
}

/* As long as the service's own keys. If the text were cut first, most of the key could be read. */
TEST(answers_that_echo_a_long_key_show_none_of_it)
{
    char key[138], steps[512];
    for (size_t i = 0; i < 137; i++) key[i] = "0123456789abcdef"[(i * 7 + i / 16) % 16];
    key[137] = '\0';
    snprintf(steps, sizeof steps, "reply=401;;{\"message\":\"err.key.unknown:%%20%s\",\"value\":\"%s%s\"}", key, key, key);
    okdok_error error;
    okdok_client *client = okdok_client_new(http_url(faults_serve(steps)), key, NULL, NULL, NULL);
    CHECK(!okdok_delete_signature_request(client, "id-1", NULL, &error));
    okdok_free(client);
    CHECK_INT(error.status, OKDOK_STATUS_UNAUTHORIZED);
    CHECK_STR(error.service_code, "err.key.unknown: ***");
    CHECK_STR(error.service_value, "******");
    CHECK_HAS(error.message, "err.key.unknown: ***");
    key[12] = '\0';
    CHECK(strstr(error.message, key) == NULL);
}

TEST(answers_with_long_text_are_cut_at_a_character)
{
    char steps[4096] = "reply=400;;{\"message\":\"";
    for (int i = 0; i < 200; i++) strcat(steps, "%C5%BE");
    strcat(steps, "\"}");
    okdok_options options = one_attempt();
    outcome result = delete_at(http_url(faults_serve(steps)), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_BAD_REQUEST, 400, 1, 0);
    CHECK_INT(strlen(result.error.service_code), 126);
    CHECK((unsigned char)result.error.service_code[125] == 0xBE);
}

TEST(answers_say_how_long_to_wait)
{
    static const struct { const char *header; uint32_t wait; } cases[] = {
        { "7", 7000 }, { "0", 0 }, { "4294968", UINT32_MAX }, { "99999999999999999999", UINT32_MAX }, { "soon", 0 }, { "-1", 0 },
    };
    okdok_options options = one_attempt();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char steps[64];
        snprintf(steps, sizeof steps, "reply=429;Retry-After:%s", cases[i].header);
        outcome result = delete_at(http_url(faults_serve(steps)), &options);
        CHECK_OUTCOME(result, OKDOK_STATUS_RATE_LIMITED, 429, 1, 0);
        CHECK_INT(result.error.retry_after_ms, cases[i].wait);
    }
    /* Of any status. */
    CHECK_INT(delete_at(http_url(faults_serve("reply=401;Retry-After:3")), &options).error.retry_after_ms, 3000);
}

TEST(answers_messages_tell_what_to_do)
{
    okdok_options options = one_attempt();
    CHECK_HAS(delete_at(http_url(faults_serve("reply=401")), &options).error.message, "x-api-key");
    CHECK_HAS(delete_at(http_url(faults_serve("reply=404")), &options).error.message, "base_url may be wrong");
    CHECK_HAS(delete_at(http_url(faults_serve("reply=302;Location:/")), &options).error.message, "redirect");
    CHECK_HAS(delete_at(http_url(faults_serve("missing")), &options).error.message, "id-1");
    CHECK_HAS(delete_at(http_url(faults_closed()), &options).error.message, "refused");
    CHECK_HAS(delete_at(http_url(faults_serve("reply=500")), &options).error.message, "may have been deleted");
}
