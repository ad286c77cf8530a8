/* Any thread, any time: one client on many threads, many clients, and handles used after they were freed. */
#define _GNU_SOURCE
#include "call.h"
#include "child.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#define CALLERS 64
#define CALLS 20

static okdok_client *shared;

static void run_threads(int count, void *(*run)(void *))
{
    pthread_t threads[CALLERS];
    CHECK(count <= CALLERS);
    for (int i = 0; i < count; i++) CHECK(pthread_create(&threads[i], NULL, run, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < count; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static void *delete_own_ids(void *number)
{
    for (int i = 0; i < CALLS; i++) {
        char id[32];
        snprintf(id, sizeof id, "id-%d-%d", (int)(intptr_t)number, i);
        okdok_error error;
        MUST(okdok_delete_signature_request(shared, id, NULL, &error));
        MUST_BE(error, OKDOK_STATUS_OK);
        MUST(strcmp(error.service_value, id) == 0);
        /* Each was deleted by its own call only. */
        MUST(!okdok_delete_signature_request(shared, id, NULL, &error));
        MUST_BE(error, OKDOK_STATUS_NOT_FOUND);
    }
    return NULL;
}

TEST(threads_64_share_one_client)
{
    int port = faults_serve("service");
    shared = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    CHECK(shared != NULL);
    run_threads(CALLERS, delete_own_ids);
    okdok_free(shared);
    CHECK_INT(faults_requests(port), CALLERS * CALLS * 2);
}

#define SLOTS 16
#define STEPS 400

static _Atomic(okdok_client *) slots[SLOTS];
static atomic_int deleted, stale;
static const char *base_url;

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static okdok_client *made_up(uint32_t random)
{
    uintptr_t values[] = { 0, 1, UINTPTR_MAX, (uintptr_t)&slots, (uintptr_t)random << 32 | random, (uintptr_t)1 << 63 };
    return (okdok_client *)values[random % 6]; /* NOLINT */
}

/* A handle that another thread frees, or freed long ago, is either a live client or invalid; never anything else. */
static void *act_at_random(void *number)
{
    uint32_t state = 0x9E3779B9u * ((uint32_t)(intptr_t)number + 1);
    okdok_error error;
    for (int i = 0; i < STEPS; i++) {
        uint32_t random = next(&state);
        _Atomic(okdok_client *) *slot = &slots[random / 8 % SLOTS];
        okdok_options options = one_attempt();
        options.connect_timeout_ms = 2000 + random / 128 % 4;
        switch (random % 8) {
        case 0:
        case 1: {
            okdok_client *client = okdok_client_new(base_url, KEY, &options, NULL, &error);
            MUST_BE(error, OKDOK_STATUS_OK);
            okdok_free(atomic_exchange(slot, client));
            break;
        }
        case 2: okdok_free(*slot); break;
        case 3:
            okdok_free(*slot);
            okdok_free(*slot);
            break;
        case 4: {
            okdok_client *none = made_up(random);
            okdok_free(none);
            MUST(!okdok_delete_signature_request(none, "id-1", NULL, &error));
            MUST_BE(error, OKDOK_STATUS_INVALID_CLIENT);
            break;
        }
        default:
            if (okdok_delete_signature_request(*slot, "id-1", NULL, &error)) {
                MUST_BE(error, OKDOK_STATUS_OK);
                deleted++;
            } else {
                MUST_BE(error, OKDOK_STATUS_INVALID_CLIENT);
                stale++;
            }
        }
    }
    return NULL;
}

TEST(threads_make_use_free_and_free_again_at_random)
{
    base_url = http_url(faults_serve("ok"));
    run_threads(16, act_at_random);
    for (int i = 0; i < SLOTS; i++) okdok_free(slots[i]);
    CHECK(deleted > 100 && stale > 100);
}

struct held {
    okdok_client *client;
    outcome result;
};

static void *delete_held(void *argument)
{
    struct held *call = argument;
    call->result.gone = okdok_delete_signature_request(call->client, "id-1", NULL, &call->result.error);
    return NULL;
}

TEST(threads_free_during_a_call_returns_at_once_and_the_call_ends_well)
{
    int port = faults_serve("hold:ok");
    struct held call = { okdok_client_new(http_url(port), KEY, NULL, NULL, NULL), { 0 } };
    CHECK(call.client != NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, delete_held, &call) == 0);
    faults_ask("wait %d 1", port);
    /* Another transport is used after this one, so only the call keeps it alive. */
    CHECK(delete_at(http_url(faults_serve("ok")), &(okdok_options){ .size = sizeof(okdok_options), .connect_timeout_ms = 3333 }).gone);
    long long begun = now_ms();
    okdok_free(call.client);
    long long took = now_ms() - begun;
    okdok_error error;
    CHECK(!okdok_delete_signature_request(call.client, "id-1", NULL, &error));
    CHECK_INT(error.status, OKDOK_STATUS_INVALID_CLIENT);
    faults_ask("release %d", port);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_OUTCOME(call.result, OKDOK_STATUS_OK, 200, 1, 0);
    /* It would have waited for the end of the call, after 30 s. */
    CHECK(took < 10000);
}

static int entries(const char *folder)
{
    DIR *open_folder = opendir(folder);
    CHECK(open_folder != NULL);
    int count = 0;
    while (readdir(open_folder) != NULL) count++;
    closedir(open_folder);
    return count;
}

TEST(threads_and_descriptors_are_shared_by_1000_clients)
{
    enum { MANY = 1000, BATCH = 100 };
    static okdok_client *clients[MANY];
    const char *url = http_url(faults_serve("ok"));
    CHECK(delete_at(url, NULL).gone);
    int threads = entries("/proc/self/task"), descriptors = entries("/proc/self/fd");
    long long begun = now_ms(), quickest = INT64_MAX;
    for (int i = 0; i < MANY; i++) {
        char key[32];
        snprintf(key, sizeof key, "key-number-%d", i);
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.timeout_ms = (uint32_t)(30000 + i);
        clients[i] = okdok_client_new(url, key, &options, NULL, NULL);
        CHECK(clients[i] != NULL);
        if ((i + 1) % BATCH != 0) continue;
        long long now = now_ms();
        if (now - begun < quickest) quickest = now - begun;
        begun = now;
    }
    for (int i = 0; i < MANY; i += BATCH) CHECK(okdok_delete_signature_request(clients[i], "id-1", NULL, NULL));
    CHECK(entries("/proc/self/task") <= threads + 2);
    /* A connection that was idle for too long may just be closing. */
    CHECK(entries("/proc/self/fd") <= descriptors + 2);
    /* They take microseconds, and a busy machine does not hold up each batch. */
    CHECK(quickest < BATCH);
    for (int i = 0; i < MANY; i++) okdok_free(clients[i]);
}

static int by_value(const void *a, const void *b)
{
    uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;
    return (left > right) - (left < right);
}

TEST(threads_a_handle_is_never_given_out_again)
{
    enum { MANY = 10000 };
    static uintptr_t handles[MANY];
    for (int i = 0; i < MANY; i++) {
        okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, NULL);
        CHECK(client != NULL);
        handles[i] = (uintptr_t)client;
        okdok_free(client);
    }
    qsort(handles, MANY, sizeof *handles, by_value);
    for (int i = 1; i < MANY; i++) CHECK(handles[i - 1] != handles[i]);
}

static pthread_key_t ending;
static okdok_client *last;
static _Thread_local int rounds;

/* Rust's thread-local storage lasts until the second round of these destructors, that of the sanitizers until the fourth. */
static void call_in_the_third_round(void *unused)
{
    if (++rounds < 3) {
        MUST(pthread_setspecific(ending, unused) == 0);
        return;
    }
    okdok_error error;
    MUST(!okdok_delete_signature_request(shared, "ending", NULL, &error));
    MUST_BE(error, OKDOK_STATUS_NO_RESOURCES);
    MUST(error.attempts == 0 && error.outcome_unknown == 0);
    MUST(okdok_client_new(base_url, KEY, NULL, NULL, &error) == NULL);
    MUST_BE(error, OKDOK_STATUS_NO_RESOURCES);
    okdok_free(last);
}

static void *end_with_a_call(void *unused)
{
    (void)unused;
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.connect_timeout_ms = 4321; /* not shared with other clients */
    okdok_error error;
    last = okdok_client_new(base_url, KEY, &options, NULL, NULL);
    MUST(okdok_delete_signature_request(last, "first", NULL, &error));
    MUST(pthread_setspecific(ending, "set") == 0);
    return NULL;
}

TEST(threads_that_are_ending_send_nothing)
{
    int port = faults_serve("service");
    base_url = http_url(port);
    shared = okdok_client_new(base_url, KEY, NULL, NULL, NULL);
    CHECK(pthread_key_create(&ending, call_in_the_third_round) == 0);
    run_threads(1, end_with_a_call);
    CHECK(pthread_key_delete(ending) == 0);
    okdok_free(shared);
    CHECK_INT(faults_requests(port), 1);
}
