/* TLS: which servers are trusted, and that the key is not sent before that is known. */
#include "cases.h"

static outcome delete_over_tls(const char *certificate, const char *trusted, okdok_options options, int *port)
{
    options.ca_file = faults_ca(trusted);
    *port = faults_tls(certificate, "ok");
    return delete_at(https_url(*port), &options);
}

static void check_refused(const char *certificate, const char *trusted, const char *reason)
{
    int port;
    okdok_options options = OKDOK_OPTIONS_INIT;
    outcome result = delete_over_tls(certificate, trusted, options, &port);
    if (result.error.status != OKDOK_STATUS_TLS_FAILED) fprintf(stderr, "%s: ", certificate);
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK_HAS(result.error.message, reason);
    CHECK_INT(faults_connections(port), 1);
    CHECK_INT(faults_requests(port), 0);
}

TEST(tls_an_expired_certificate_is_refused) { check_refused("expired", "good", "has expired"); }
TEST(tls_a_certificate_of_the_future_is_refused) { check_refused("future", "good", "not valid yet"); }
TEST(tls_a_certificate_for_another_host_is_refused) { check_refused("wronghost", "good", "for another host"); }
TEST(tls_a_self_signed_certificate_is_refused) { check_refused("selfsigned", "good", "not trusted"); }
TEST(tls_an_untrusted_root_is_refused) { check_refused("good", "rotated", "not trusted"); }
TEST(tls_a_certificate_not_meant_for_servers_is_refused) { check_refused("wrongusage", "good", "wrong key usage"); }
TEST(tls_a_chain_without_its_intermediate_is_refused) { check_refused("incomplete", "good", "intermediate"); }
TEST(tls_version_1_1_is_refused) { check_refused("tls11", "good", "TLS 1.2 or newer"); }
TEST(tls_1_2_with_a_client_certificate_demanded_is_refused) { check_refused("clientauth12", "good", "client certificate"); }
TEST(tls_1_3_with_a_client_certificate_demanded_is_refused) { check_refused("clientauth13", "good", "client certificate"); }
TEST(tls_to_a_plain_port_is_refused) { check_refused("plain", "good", "does not speak TLS"); }

TEST(tls_good_certificates_of_a_private_authority_are_accepted)
{
    const char *good[] = { "good", "chain", "tls12", "tls13" };
    int port;
    okdok_options options = OKDOK_OPTIONS_INIT;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        outcome result = delete_over_tls(good[i], "good", options, &port);
        CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    }
    outcome result = delete_over_tls("rotated", "rotated", options, &port);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    /* By address, which the certificate names. */
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d", faults_tls("good", "ok"));
    options.ca_file = faults_ca("good");
    CHECK(delete_at(url, &options).gone);
}

/* Some TLS libraries ask a responder, and wait if it does not answer, on Windows for up to 10 seconds. */
TEST(tls_a_revocation_responder_that_never_answers_is_not_asked)
{
    char certificate[64];
    int responder = faults_serve("silent"), port;
    snprintf(certificate, sizeof certificate, "responder=%d", responder);
    okdok_options options = one_attempt();
    options.connect_timeout_ms = 5000;
    long long begun = now_ms();
    outcome result = delete_over_tls(certificate, "good", options, &port);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK(now_ms() - begun < 5000);
    CHECK_INT(faults_connections(responder), 0);
}

/* `ca_file` replaces the system's roots; it is never added to them, nor to those of other clients. */
TEST(tls_clients_do_not_share_their_trust)
{
    okdok_options good = one_attempt(), rotated = one_attempt(), system = one_attempt();
    good.ca_file = faults_ca("good");
    rotated.ca_file = faults_ca("rotated");
    int port = faults_tls("good", "ok");
    CHECK(delete_at(https_url(port), &good).gone);
    outcome result = delete_at(https_url(port), &rotated);
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK(delete_at(https_url(port), &good).gone);
    okdok_error error;
    okdok_client *client = okdok_client_new(https_url(port), KEY, &system, NULL, &error);
    if (client == NULL) {
        CHECK_INT(error.status, OKDOK_STATUS_TLS_FAILED); /* a machine without roots */
        return;
    }
    CHECK(!okdok_delete_signature_request(client, "id-1", NULL, &error));
    okdok_free(client);
    CHECK_INT(error.status, OKDOK_STATUS_TLS_FAILED);
    CHECK_INT(faults_requests(port), 2);
}

TEST(tls_a_rotated_bundle_is_seen_by_the_next_client)
{
    /* Beside the server's own files, which are removed when it ends. */
    char path[600];
    snprintf(path, sizeof path, "%s.%d", faults_ca("good"), faults_closed());
    harness_copy_file(faults_ca("good"), path);
    okdok_options options = one_attempt();
    options.ca_file = path;
    int before = faults_tls("good", "ok"), after = faults_tls("rotated", "ok");
    okdok_client *old = okdok_client_new(https_url(before), KEY, &options, NULL, NULL);
    CHECK(old != NULL);
    CHECK(okdok_delete_signature_request(old, "id-1", NULL, NULL));

    harness_copy_file(faults_ca("rotated"), path);
    CHECK(delete_at(https_url(after), &options).gone);
    outcome result = delete_at(https_url(before), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    /* It was read when the client was made. */
    CHECK(okdok_delete_signature_request(old, "id-1", NULL, NULL));
    okdok_free(old);
    remove(path);
}

/* The reverse of TLS to a plain port: here the request is sent, and nobody can tell whether it was understood. */
TEST(tls_port_spoken_to_in_plain_http_is_unexpected_and_open)
{
    okdok_options options = one_attempt();
    int port = faults_tls("good", "ok");
    outcome result = delete_at(http_url(port), &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_UNEXPECTED_RESPONSE, 0, 1, 1);
    CHECK_HAS(result.error.message, "https");
    CHECK_INT(faults_requests(port), 0);
}

TEST(tls_a_broken_handshake_was_not_sent)
{
    okdok_options options = one_attempt();
    options.timeout_ms = 6000;
    options.connect_timeout_ms = 1000;
    CHECK_CASES(&options,
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "hangup" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "mute" },
        { "accept-reset", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "good" },
        { "accept-close", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "good" },
        { "accept-silent", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "good" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "reset=0" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "reset=1" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "reset=100" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "reset=300" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "close=100" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "stall=0" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "stall=5" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "stall=100" },
        { "ok", OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0, 0, "stall=500" });
}

TEST(tls_a_broken_handshake_is_tried_again)
{
    CHECK_CASES(NULL,
        { "cert=hangup ok", OKDOK_STATUS_OK, 200, 2, 0, 0, "good" },
        { "accept-reset missing", OKDOK_STATUS_NOT_FOUND, 400, 2, 0, 0, "good" },
        { "cert=reset=200 cert=cut=200 ok", OKDOK_STATUS_OK, 200, 3, 0, 0, "good" });
}

/* Closed after each byte of what the server sends, in an orderly way. The client may still have sent its request, since in
 * TLS 1.3 the server's last bytes come after the handshake. */
TEST(tls_a_handshake_cut_at_every_byte_is_told_honestly)
{
    enum { BYTES = 900 };
    okdok_options options = one_attempt();
    options.ca_file = faults_ca("good");
    char *steps = malloc(BYTES * 16);
    CHECK(steps != NULL);
    steps[0] = '\0';
    for (int bytes = 0; bytes < BYTES; bytes++) snprintf(steps + strlen(steps), 16, "cert=cut=%d ", bytes);
    int port = faults_tls("good", steps);
    free(steps);
    okdok_client *client = okdok_client_new(https_url(port), KEY, &options, NULL, NULL);
    CHECK(client != NULL);
    int first_open = BYTES, not_sent_later = 0;
    for (int bytes = 0; bytes < BYTES; bytes++) {
        outcome result;
        result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
        check_consistent(&result, __LINE__);
        CHECK_INT(result.error.http_status, 0);
        CHECK_INT(result.error.attempts, 1);
        if (result.error.outcome_unknown == 0) {
            CHECK_INT(result.error.status, OKDOK_STATUS_CONNECT_FAILED);
            not_sent_later += bytes > first_open + 32;
        } else {
            CHECK_INT(result.error.status, OKDOK_STATUS_CONNECTION_LOST);
            if (first_open == BYTES) first_open = bytes;
        }
    }
    okdok_free(client);
    CHECK_INT(faults_requests(port), 0);
    /* The certificate alone has more than 300 bytes, and the length of a signature varies. On a busy machine, the close may now
     * and then come before the request is written. */
    CHECK(first_open > 500 && first_open < BYTES && not_sent_later < 10);
}

/* An answer over TLS may end without a close_notify; its length says whether it is complete. */
TEST(tls_an_answer_cut_without_close_notify_is_judged_by_its_length)
{
    okdok_options options = one_attempt();
    CHECK_CASES(&options,
        { "cut=9999", OKDOK_STATUS_OK, 200, 1, 0, 0, "good" },
        { "cut=100", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, "good" },
        { "reset=9999", OKDOK_STATUS_OK, 200, 1, 0, 0, "tls12" },
        { "reset=100", OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, "tls12" },
        /* Without a length, only the close_notify could tell. */
        { "raw=HTTP/1.1%20200%20OK%0D%0A%0D%0A{\"message\":\"msg.deleted\",\"result\":\"{id}\"}", OKDOK_STATUS_OK, 200, 1, 0, 0, "good" },
        { "cutof=9999:raw=HTTP/1.1%20200%20OK%0D%0A%0D%0A{\"message\":\"msg.deleted\",\"result\":\"{id}\"}",
          OKDOK_STATUS_UNEXPECTED_RESPONSE, 200, 1, 1, 0, "good" });
}
