/* Names that no server answers for: the call ends by its time-outs, and nothing waits for the look-up. */
#include "cases.h"
#include "names.h"

#include <pthread.h>

TEST(resolving_a_name_without_an_answer_ends_in_time)
{
    static const uint32_t timeouts[] = { 3000, 3500, 4000 };
    long long quickest = INT64_MAX;
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        okdok_options options = one_attempt();
        options.timeout_ms = timeouts[i];
        options.ca_file = faults_ca("good");
        planned_call call = { okdok_client_new("https://" MUTE, KEY, &options, NULL, NULL), "id-1", { 0 }, 0 };
        CHECK(call.client != NULL);
        make_side_by_side(&call, 1, 1);
        CHECK_OUTCOME(call.result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
        CHECK_HAS(call.result.error.message, MUTE);
        CHECK(call.took_ms <= timeouts[i] / 2 + slack_ms());
        /* The look-up is still under way. */
        long long begun = now_ms();
        okdok_free(call.client);
        long long took = now_ms() - begun;
        if (took < quickest) quickest = took;
    }
    /* A busy machine does not hold up each of them. */
    CHECK(quickest < 100);
    names_give_up();
}

TEST(resolving_is_tried_again)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 20000;
    options.connect_timeout_ms = 1500;
    options.ca_file = faults_ca("good");
    int before = names_asked();
    outcome result = delete_at("https://" MUTE, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 3, 0);
    CHECK_INT(names_asked() - before, 3);
    names_give_up();
}

static void *make_call(void *call)
{
    make_side_by_side(call, 1, 1);
    return NULL;
}

TEST(resolving_holds_up_neither_other_calls_nor_free)
{
    okdok_options options = one_attempt();
    options.ca_file = faults_ca("good");
    planned_call mute = { okdok_client_new("https://" MUTE, KEY, &options, NULL, NULL), "id-1", { 0 }, 0 };
    CHECK(mute.client != NULL);
    int before = names_asked();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, make_call, &mute) == 0);
    names_wait(before + 1);
    /* The same route, so the same connections and thread. */
    long long begun = now_ms();
    const char *url = https_url(faults_tls("good", "ok"));
    for (int i = 0; i < 10; i++) CHECK(delete_at(url, &options).gone);
    okdok_free(mute.client);
    /* Until then, the look-up goes on; it would end by itself after nearly 10 s. */
    CHECK(now_ms() - begun < 8000);
    names_give_up();
    pthread_join(thread, NULL);
    CHECK_OUTCOME(mute.result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
}

TEST(resolving_many_names_at_once_ends_in_time)
{
    enum { CALLS = 100 };
    static planned_call calls[CALLS];
    okdok_options options = one_attempt();
    options.timeout_ms = 6000;
    options.ca_file = faults_ca("good");
    for (int i = 0; i < CALLS; i++) {
        calls[i].client = okdok_client_new("https://" MUTE, KEY, &options, NULL, NULL);
        CHECK(calls[i].client != NULL);
        strcpy(calls[i].id, "id-1");
    }
    make_side_by_side(calls, CALLS, CALLS);
    for (int i = 0; i < CALLS; i++) {
        okdok_free(calls[i].client);
        CHECK_OUTCOME(calls[i].result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
        CHECK(calls[i].took_ms <= 6000 + slack_ms());
    }
    names_give_up();
}

/* Plain http is allowed to localhost, so no name server may decide where that is. */
TEST(resolving_asks_nobody_for_localhost)
{
    int before = names_asked();
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%d", faults_serve("ok"));
    CHECK(delete_at(url, NULL).gone);
    CHECK_INT(names_asked(), before);
}

TEST(resolving_a_proxy_without_an_answer_ends_in_time)
{
    okdok_options options = one_attempt();
    options.timeout_ms = 4000;
    options.ca_file = faults_ca("good");
    options.proxy = "http://" MUTE ":3128";
    outcome result = delete_at("https://" ELSEWHERE, &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
    CHECK_HAS(result.error.message, MUTE);
    names_give_up();
}
