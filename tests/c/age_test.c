/* A transport is used for ten minutes; then its successor reads the roots and resolves the name again, so a busy process
 * follows a service that moved and an authority that was replaced. This program has its own clock, which the tests advance. */
#define _GNU_SOURCE
#include "cases.h"
#include "names.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static atomic_long ahead_s;

/* The library calls this one, since a program's own symbols take precedence over those of its libraries. */
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
    harness_copy_file(faults_ca(certificate), bundle);
}

static void begin(void)
{
    unsetenv("SSL_CERT_DIR");
    server = faults_tls("wronghost", "ok");
    /* Beside the fault server's own files, which are removed when it ends. */
    snprintf(bundle, sizeof bundle, "%s.%d", faults_ca("good"), server);
    write_bundle("good");
    setenv("SSL_CERT_FILE", bundle, 1);
    snprintf(url, sizeof url, "https://" ELSEWHERE ":%d", server);
    options = one_attempt();
    /* Each test starts with a new transport. */
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

/* A call every second, so that no connection is closed as idle. The clock moves by itself, too, so no test of ten minutes is
 * to the second. */
static void be_busy_for(long seconds)
{
    for (long passed = 0; passed < seconds; passed++) {
        outcome result = call();
        CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
        atomic_fetch_add(&ahead_s, 1);
    }
}

TEST(age_of_ten_minutes_looks_the_name_up_and_connects_anew)
{
    begin();
    int asked = names_asked();
    be_busy_for(580);
    CHECK_INT(faults_connections(server), 1);
    CHECK_INT(names_asked(), asked + 1);
    be_busy_for(22);
    CHECK_INT(faults_connections(server), 2);
    CHECK_INT(names_asked(), asked + 2);
    be_busy_for(570);
    CHECK_INT(faults_connections(server), 2);
    okdok_free(client);
}

TEST(age_of_ten_minutes_reads_the_authorities_again)
{
    begin();
    be_busy_for(300);
    write_bundle("rotated");
    be_busy_for(280);
    atomic_fetch_add(&ahead_s, 21);
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

/* Other clients of the same transport move with it, and a client made later gets the same successor. */
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

static int threads(void)
{
    char line[128];
    int count = -1;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL) sscanf(line, "Threads: %d", &count);
    fclose(status);
    return count;
}

/* Each is used once, in its own ten minutes: idle clients keep no old transport. */
TEST(age_of_clients_that_do_nothing_costs_no_thread)
{
    enum { CLIENTS = 10 };
    okdok_client *many[CLIENTS];
    begin();
    for (int i = 0; i < CLIENTS; i++) many[i] = okdok_client_new(url, KEY, &options, NULL, NULL);
    CHECK(call().gone);
    int before = threads();
    for (int i = 0; i < CLIENTS; i++) {
        atomic_fetch_add(&ahead_s, 601);
        CHECK(many[i] != NULL && okdok_delete_signature_request(many[i], "id-1", NULL, NULL));
    }
    /* The old ones end in the background. */
    struct timespec moment = { 0, 10000000 };
    for (int i = 0; i < 1000 && threads() > before + 1; i++) nanosleep(&moment, NULL);
    CHECK(threads() <= before + 1);
    for (int i = 0; i < CLIENTS; i++) okdok_free(many[i]);
    okdok_free(client);
}

/* A relative path is resolved when the client is made. */
TEST(age_of_a_client_whose_process_changed_its_folder)
{
    char folder[700], here[600];
    begin();
    okdok_free(client);
    CHECK(getcwd(here, sizeof here) != NULL);
    snprintf(folder, sizeof folder, "%s.folder", bundle);
    char *name = strrchr(bundle, '/');
    CHECK(name != NULL && mkdir(folder, 0700) == 0);
    *name = '\0';
    CHECK(chdir(bundle) == 0);
    *name = '/';
    options.ca_file = name + 1;
    client = okdok_client_new(url, KEY, &options, NULL, NULL);
    CHECK(client != NULL && call().gone);
    /* Another authority of the same name. */
    CHECK(chdir(folder) == 0);
    char kept[600];
    strcpy(kept, bundle);
    strcpy(bundle, name + 1);
    write_bundle("rotated");
    atomic_fetch_add(&ahead_s, 601);
    CHECK(call().gone);
    okdok_free(client);
    unlink(bundle);
    strcpy(bundle, kept);
    CHECK(chdir(here) == 0 && rmdir(folder) == 0);
}
