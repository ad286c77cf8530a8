/* A panic inside the release library stays inside it. Run with broken_clock.so preloaded. */
#define _GNU_SOURCE
#include "call.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static int saved[2], silent[2];

static void break_clock(bool elsewhere)
{
    void (*broken_clock_break)(bool);
    *(void **)&broken_clock_break = dlsym(RTLD_DEFAULT, "broken_clock_break");
    CHECK(broken_clock_break != NULL);
    /* Whatever is printed while the clock is broken goes into a pipe. */
    CHECK(pipe2(silent, O_NONBLOCK) == 0);
    fflush(NULL);
    for (int fd = 1; fd <= 2; fd++) {
        saved[fd - 1] = dup(fd);
        dup2(silent[1], fd);
    }
    broken_clock_break(elsewhere);
}

static ssize_t repair_clock(void)
{
    char printed[256];
    void (*broken_clock_repair)(void);
    *(void **)&broken_clock_repair = dlsym(RTLD_DEFAULT, "broken_clock_repair");
    broken_clock_repair();
    for (int fd = 1; fd <= 2; fd++) {
        dup2(saved[fd - 1], fd);
        close(saved[fd - 1]);
    }
    ssize_t length = read(silent[0], printed, sizeof printed);
    close(silent[0]);
    close(silent[1]);
    return length;
}

TEST(panic_in_client_new_is_internal_and_silent)
{
    okdok_error error;
    memset(&error, 0xAA, sizeof error);
    okdok_status status = -1;
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.connect_timeout_ms = 1234; /* shares no transport with another test: one must be built */
    break_clock(true);
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, &options, &status, &error);
    ssize_t printed = repair_clock();
    CHECK(client == NULL);
    CHECK_INT(status, OKDOK_STATUS_INTERNAL);
    CHECK_INT(error.status, OKDOK_STATUS_INTERNAL);
    CHECK(printed <= 0);
}

TEST(panic_in_a_call_is_internal_and_the_client_goes_on)
{
    int port = faults_serve("ok");
    okdok_client *client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    CHECK(client != NULL);
    outcome result;
    memset(&result.error, 0xAA, sizeof result.error);
    break_clock(false);
    result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
    ssize_t printed = repair_clock();
    CHECK_INT(result.error.status, OKDOK_STATUS_INTERNAL);
    check_consistent(&result, __LINE__);
    CHECK(printed <= 0);

    result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    okdok_free(client);
}

struct in_flight {
    okdok_client *client;
    outcome result;
};

static void *delete_in_flight(void *argument)
{
    struct in_flight *call = argument;
    call->result.gone = okdok_delete_signature_request(call->client, "id-1", NULL, &call->result.error);
    return NULL;
}

/* The thread behind all clients dies in the middle of a call: open, and the next call has a new one. */
TEST(panic_of_the_background_thread_is_open_and_the_client_goes_on)
{
    int port = faults_serve("hold:ok ok");
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.timeout_ms = 5000;
    options.connect_timeout_ms = 2345; /* does not share a thread that another test has killed */
    struct in_flight call = { okdok_client_new(http_url(port), KEY, &options, NULL, NULL), { 0 } };
    CHECK(call.client != NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, delete_in_flight, &call) == 0);
    faults_ask("wait %d 1", port);
    break_clock(true);
    faults_ask("release %d", port);
    pthread_join(thread, NULL);
    ssize_t printed = repair_clock();
    /* If the thread died without telling the call, the call ends at its deadline. */
    bool by_clock = call.result.error.status == OKDOK_STATUS_TIMED_OUT;
    CHECK_OUTCOME(call.result, by_clock ? OKDOK_STATUS_TIMED_OUT : OKDOK_STATUS_INTERNAL, 0, 1, 1);
    CHECK(printed <= 0);

    outcome result;
    if (by_clock) okdok_delete_signature_request(call.client, "id-1", NULL, NULL); /* finds out */
    result.gone = okdok_delete_signature_request(call.client, "id-1", NULL, &result.error);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    okdok_free(call.client);
}
