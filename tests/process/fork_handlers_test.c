/* Hosts that have their own fork handlers, and forks that run no handlers. Each test runs in a child of this program, which
 * itself never calls okdok. So what a host registers before its first call is registered before anything of okdok's. */
#define _GNU_SOURCE
#include "cases.h"
#include "child.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define FORKS 50

static const char *base_url;
static okdok_client *client;
static atomic_bool enough;
static pthread_mutex_t around_calls = PTHREAD_MUTEX_INITIALIZER;

static okdok_client *new_client(void)
{
    okdok_options options = one_attempt();
    options.timeout_ms = 15000;
    okdok_error error;
    okdok_client *made = okdok_client_new(base_url, KEY, &options, NULL, &error);
    MUST_BE(error, OKDOK_STATUS_OK);
    return made;
}

static void call(void)
{
    okdok_error error;
    okdok_delete_signature_request(client, "id-1", NULL, &error);
    MUST_BE(error, OKDOK_STATUS_OK);
}

static void lock(void) { pthread_mutex_lock(&around_calls); }
static void unlock(void) { pthread_mutex_unlock(&around_calls); }

static void *call_and_make_under_the_lock(void *unused)
{
    (void)unused;
    while (!enough) {
        lock();
        call();
        okdok_free(new_client());
        unlock();
    }
    return NULL;
}

/* Forks while threads are in calls, and waits for each child, which calls too. */
static void fork_again_and_again(void *(*meanwhile)(void *))
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) MUST(pthread_create(&threads[i], NULL, meanwhile, NULL) == 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(30);
            if (i % 4 == 0) call();
            _exit(0);
        }
        MUST(child > 0 && child_end(child)[0] == '\0');
    }
    enough = true;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

static void take_the_lock_in_handlers(void)
{
    alarm(60);
    MUST(pthread_atfork(lock, unlock, unlock) == 0);
    client = new_client();
    fork_again_and_again(call_and_make_under_the_lock);
}

TEST(fork_handlers_may_take_a_lock_that_is_held_around_calls)
{
    base_url = http_url(faults_serve("ok"));
    CHECK_STR(child_end(start_child(take_the_lock_in_handlers)), "");
}

static void *call_on_and_on(void *unused)
{
    (void)unused;
    while (!enough) call();
    return NULL;
}

static void call_where_there_is_a_client(void)
{
    if (client != NULL) {
        call();
        okdok_free(new_client());
    }
}

static void call_in_handlers(void)
{
    void (*handler)(void) = call_where_there_is_a_client;
    alarm(60);
    MUST(pthread_atfork(handler, handler, handler) == 0);
    client = new_client();
    MUST(pthread_atfork(handler, handler, handler) == 0);
    fork_again_and_again(call_on_and_on);
}

TEST(fork_handlers_may_call_whenever_they_were_registered)
{
    base_url = http_url(faults_serve("ok"));
    CHECK_STR(child_end(start_child(call_in_handlers)), "");
}

/* A fork in which no handler runs. */
static pid_t (*bare_fork)(void);

static pid_t fork_by_system_call(void)
{
    return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
}

static void call_in_children_of_a_bare_fork(void)
{
    alarm(60);
    client = new_client();
    call();
    for (int i = 0; i < 10; i++) {
        pid_t child = bare_fork();
        if (child == 0) {
            alarm(30);
            call();
            okdok_free(new_client());
            /* And in a child of such a child. */
            child = bare_fork();
            if (child == 0) {
                call();
                _exit(0);
            }
            MUST(child_end(child)[0] == '\0');
            call();
            okdok_free(client);
            _exit(0);
        }
        MUST(child > 0 && child_end(child)[0] == '\0');
        call();
    }
}

TEST(fork_by_system_call_is_noticed)
{
    base_url = http_url(faults_serve("ok"));
    bare_fork = fork_by_system_call;
    CHECK_STR(child_end(start_child(call_in_children_of_a_bare_fork)), "");
}

TEST(fork_without_handlers_is_noticed)
{
    *(void **)&bare_fork = dlsym(RTLD_DEFAULT, "_Fork");
    if (bare_fork == NULL) harness_skip("this libc has no _Fork");
    base_url = http_url(faults_serve("ok"));
    CHECK_STR(child_end(start_child(call_in_children_of_a_bare_fork)), "");
}

/* Loaded into its own linker namespace, the library has its own libc, and the program's fork does not run its handlers. */
static void call_in_a_child_from_another_namespace(void)
{
    Dl_info library;
    alarm(60);
    MUST(dladdr((void *)(uintptr_t)okdok_version, &library) != 0);
    void *loaded = dlmopen(LM_ID_NEWLM, library.dli_fname, RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL) fprintf(stderr, "%s\n", dlerror());
    MUST(loaded != NULL);
    okdok_client *(*make)(const char *, const char *, const okdok_options *, okdok_status *, okdok_error *);
    bool (*delete)(const okdok_client *, const char *, okdok_status *, okdok_error *);
    *(void **)&make = dlsym(loaded, "okdok_client_new");
    *(void **)&delete = dlsym(loaded, "okdok_delete_signature_request");
    okdok_client *there = make(base_url, KEY, NULL, NULL, NULL);
    MUST(there != NULL && delete(there, "id-1", NULL, NULL));
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        okdok_error error;
        delete(there, "id-1", NULL, &error);
        MUST_BE(error, OKDOK_STATUS_OK);
        _exit(0);
    }
    MUST(child_end(child)[0] == '\0');
    MUST(delete(there, "id-1", NULL, NULL));
}

TEST(fork_is_noticed_by_a_library_in_another_namespace)
{
    base_url = http_url(faults_serve("ok"));
    CHECK_STR(child_end(start_child(call_in_a_child_from_another_namespace)), "");
}
