/* A TLS 1.3 server that demands a client certificate refuses only after the handshake: nothing was acted upon, however many
 * calls it refuses at once. */
#include "cases.h"

enum { CALLS = 32 };

TEST(client_certificate_demanded_by_tls_1_3_is_not_sent_for_any_of_many_calls)
{
    okdok_options options = one_attempt();
    options.ca_file = faults_ca("good");
    int port = faults_tls("clientauth13", "ok");
    okdok_client *client = okdok_client_new(https_url(port), KEY, &options, NULL, NULL);
    CHECK(client != NULL);
    planned_call calls[CALLS];
    memset(calls, 0, sizeof calls);
    for (int i = 0; i < CALLS; i++) {
        calls[i].client = client;
        snprintf(calls[i].id, sizeof calls[i].id, "id-%d", i);
    }
    make_side_by_side(calls, CALLS, 8);
    for (int i = 0; i < CALLS; i++) CHECK_OUTCOME(calls[i].result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK_INT(faults_requests(port), 0);
    okdok_free(client);
}
