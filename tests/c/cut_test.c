/* A reply that ends after each of its bytes, by an orderly close and by a reset. */
#include "cases.h"

static void check_cuts(const char *certificate, const char *answer, okdok_status whole, okdok_status cut_body, unsigned cut_unknown)
{
    int head = 0, total = 0;
    CHECK(sscanf(faults_ask("length %s id-1", answer), "length %d %d", &head, &total) == 2);
    CHECK(head > 0 && head < total);
    okdok_options options = one_attempt();
    if (certificate != NULL) options.ca_file = faults_ca("good");
    for (int reset = 0; reset <= 1; reset++) {
        static char steps[65536];
        steps[0] = '\0';
        for (int bytes = 0; bytes <= total; bytes++)
            snprintf(steps + strlen(steps), sizeof steps - strlen(steps), "%s=%d:%s ", reset ? "resetof" : "cutof", bytes, answer);
        int port = certificate == NULL ? faults_serve(steps) : faults_tls(certificate, steps);
        const char *url = certificate == NULL ? http_url(port) : https_url(port);
        okdok_client *client = okdok_client_new(url, KEY, &options, NULL, NULL);
        CHECK(client != NULL);
        for (int bytes = 0; bytes <= total; bytes++) {
            outcome result;
            result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
            check_consistent(&result, __LINE__);
            int http_status = atoi(answer + (strncmp(answer, "reply=", 6) == 0 ? 6 : 0));
            if (http_status == 0) http_status = strcmp(answer, "ok") == 0 ? 200 : 400;
            okdok_status wanted = bytes < head ? OKDOK_STATUS_CONNECTION_LOST : bytes < total ? cut_body : whole;
            unsigned unknown = bytes < head ? 1 : bytes < total ? cut_unknown : whole == OKDOK_STATUS_SERVER_ERROR;
            if (result.error.status != wanted || result.error.outcome_unknown != unknown || result.error.attempts != 1 ||
                result.error.http_status != (bytes < head ? 0 : http_status))
                harness_fail(__FILE__, __LINE__, "%s %s at %d of %d: %s, http %d, attempts %u, unknown %u: %s", answer,
                             reset ? "reset" : "cut", bytes, total, okdok_status_name(result.error.status),
                             (int)result.error.http_status, (unsigned)result.error.attempts,
                             (unsigned)result.error.outcome_unknown, result.error.message);
        }
        CHECK_INT(faults_requests(port), total + 1);
        okdok_free(client);
        faults_ask("stop %d", port);
    }
}

TEST(cut_at_every_byte_of_deleted)
{
    check_cuts(NULL, "ok", OKDOK_STATUS_OK, OKDOK_STATUS_UNEXPECTED_RESPONSE, 1);
}

TEST(cut_at_every_byte_of_does_not_exist)
{
    check_cuts(NULL, "missing", OKDOK_STATUS_NOT_FOUND, OKDOK_STATUS_BAD_REQUEST, 0);
}

TEST(cut_at_every_byte_of_a_refusal)
{
    check_cuts(NULL, "reply=401;Content-Type:text/html;;<html>no</html>", OKDOK_STATUS_UNAUTHORIZED, OKDOK_STATUS_UNAUTHORIZED, 0);
}

TEST(cut_at_every_byte_of_a_server_error)
{
    check_cuts(NULL, "reply=503;Retry-After:0;;<html>later</html>", OKDOK_STATUS_SERVER_ERROR, OKDOK_STATUS_SERVER_ERROR, 1);
}

TEST(cut_at_every_byte_of_a_chunked_answer)
{
    check_cuts(NULL, "reply=200;Transfer-Encoding:chunked;;28%0D%0A{\"message\":\"msg.deleted\",\"result\":\"id-1\"%0D%0A1%0D%0A}%0D%0A0%0D%0A%0D%0A",
               OKDOK_STATUS_OK, OKDOK_STATUS_UNEXPECTED_RESPONSE, 1);
}

TEST(cut_at_every_byte_of_deleted_over_tls)
{
    check_cuts("good", "ok", OKDOK_STATUS_OK, OKDOK_STATUS_UNEXPECTED_RESPONSE, 1);
}

/* With time for one retry, whichever byte was the last: deleted by the first attempt, presumed deleted by the second. */
TEST(cut_anywhere_then_does_not_exist_is_presumed_deleted)
{
    int head = 0, total = 0;
    CHECK(sscanf(faults_ask("length ok id-1"), "length %d %d", &head, &total) == 2);
    fault_case *cases = harness_alloc((size_t)total, sizeof *cases);
    char (*steps)[48] = harness_alloc((size_t)total, sizeof *steps);
    for (int bytes = 0; bytes < total; bytes++) {
        snprintf(steps[bytes], sizeof *steps, "delete:%s=%d service", bytes % 2 ? "cut" : "reset", bytes);
        cases[bytes] = (fault_case){ steps[bytes], OKDOK_STATUS_PRESUMED_DELETED, 400, 2, 0, 0, NULL };
    }
    check_cases(cases, NULL, (size_t)total, NULL);
}
