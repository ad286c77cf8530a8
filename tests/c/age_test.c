/* A transport serves ten minutes, then its successor looks at the world again: a busy process follows a service that moved
 * and an authority that was replaced. This program has a clock of its own, which the tests put forward. */
#define _GNU_SOURCE
#include "cases.h"
#include "names.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static atomic_long ahead_s;

/* The library's calls come here, since a program's own symbols go before those of its libraries. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    now->tv_sec += atomic_load(&ahead_s);
    return result;
}

static char bundle[600], url[64];
static int server;
static okdok_options options;
static okdok_client *client;

static void write_bundle(const char *certificate)
{
    static char bytes[65536];
    FILE *in = fopen(faults_ca(certificate), "r"), *out = fopen(bundle, "w");
    CHECK(in != NULL && out != NULL);
    size_t length = fread(bytes, 1, sizeof bytes, in);
    CHECK(length > 0 && fwrite(bytes, 1, length, out) == length);
    fclose(in);
    CHECK(fclose(out) == 0);
}

static void begin(void)
{
    unsetenv("SSL_CERT_DIR");
    server = faults_tls("wronghost", "ok");
    /* Beside the fault server's own files, which go when it ends. */
    snprintf(bundle, sizeof bundle, "%s.%d", faults_ca("good"), server);
    write_bundle("good");
    setenv("SSL_CERT_FILE", bundle, 1);
    snprintf(url, sizeof url, "https://" ELSEWHERE ":%d", server);
    options = one_attempt();
    /* Each test has a transport that is new. */
    static uint32_t tests;
    options.connect_timeout_ms = 5000 + ++tests;
    client = okdok_client_new(url, KEY, &options, NULL, NULL);
    CHECK(client != NULL);
}

static outcome call(void)
{
    outcome result;
    result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
    check_consistent(&result, __LINE__);
    return result;
}

/* A call every three seconds, so that no connection grows idle. */
static void be_busy_for(long seconds)
{
    for (long passed = 0; passed < seconds; passed += 3) {
        outcome result = call();
        CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
        atomic_fetch_add(&ahead_s, 3);
    }
}

TEST(age_of_ten_minutes_looks_the_name_up_and_connects_anew)
{
    begin();
    int asked = names_asked();
    be_busy_for(594);
    CHECK_INT(faults_connections(server), 1);
    CHECK_INT(names_asked(), asked + 1);
    be_busy_for(12);
    CHECK_INT(faults_connections(server), 2);
    CHECK_INT(names_asked(), asked + 2);
    be_busy_for(580);
    CHECK_INT(faults_connections(server), 2);
    okdok_free(client);
}

TEST(age_of_ten_minutes_reads_the_authorities_again)
{
    begin();
    be_busy_for(300);
    write_bundle("rotated");
    be_busy_for(294);
    atomic_fetch_add(&ahead_s, 9);
    outcome result = call();
    CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    okdok_free(client);
}

TEST(age_keeps_authorities_that_cannot_be_read_again)
{
    begin();
    be_busy_for(300);
    CHECK(unlink(bundle) == 0);
    be_busy_for(330);
    CHECK_INT(faults_connections(server), 2);
    okdok_free(client);
}

/* Other clients of the same transport go over with it, and one of a later time comes to the same successor. */
TEST(age_is_that_of_the_transport)
{
    begin();
    okdok_client *first = client;
    be_busy_for(300);
    client = okdok_client_new(url, KEY, &options, NULL, NULL);
    CHECK(client != NULL);
    be_busy_for(312);
    CHECK_INT(faults_connections(server), 2);
    okdok_free(client);
    client = first;
    be_busy_for(12);
    CHECK_INT(faults_connections(server), 2);
    okdok_free(client);
}
