/* Signals belong to the host: the library causes none, changes no mask or handler, and the host's crash handler works on the
 * library's thread as on its own. */
#define _GNU_SOURCE
#include "call.h"
#include "child.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static const char *base_url, *ca_file;
static uint32_t calls;

/* Peers that close before the request is written; a write to such a connection raises SIGPIPE. */
static void write_to_closed_connections(void)
{
    sigset_t none;
    sigemptyset(&none);
    MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR && sigprocmask(SIG_SETMASK, &none, NULL) == 0);
    okdok_options options = one_attempt();
    options.ca_file = ca_file;
    outcome result;
    okdok_client *client = okdok_client_new(base_url, KEY, &options, NULL, &result.error);
    MUST_BE(result.error, OKDOK_STATUS_OK);
    for (uint32_t i = 0; i < calls; i++) {
        result.gone = okdok_delete_signature_request(client, "id-1", NULL, &result.error);
        MUST(result.error.status == OKDOK_STATUS_CONNECTION_LOST || result.error.status == OKDOK_STATUS_CONNECT_FAILED);
    }
    okdok_free(client);
}

static void survives_closed_connections(const char *url, const char *ca, uint32_t count)
{
    base_url = url;
    ca_file = ca;
    calls = count;
    CHECK_STR(child_end(start_child(write_to_closed_connections)), "");
}

TEST(signals_sigpipe_at_its_default_ends_nobody)
{
    survives_closed_connections(http_url(faults_serve("accept-close")), NULL, 200);
    survives_closed_connections(http_url(faults_serve("accept-reset")), NULL, 200);
    /* The server closes after a part of its handshake, while we still send ours. */
    const char *ca = faults_ca("good");
    for (int after = 0; after <= 1500; after += 300) {
        char how[32];
        snprintf(how, sizeof how, "close=%d", after);
        survives_closed_connections(https_url(faults_tls(how, "ok")), ca, 20);
    }
}

static void use_everything(void)
{
    okdok_options options = one_attempt();
    CHECK(delete_at(http_url(faults_serve("ok")), &options).gone);
    CHECK(!delete_at(http_url(faults_closed()), &options).gone);
    options.ca_file = faults_ca("good");
    CHECK(delete_at(https_url(faults_tls("good", "ok")), &options).gone);
    refused_client("", KEY, NULL);
}

static void handlers(struct sigaction *all)
{
    memset(all, 0, sizeof *all * NSIG);
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, NULL, &all[signal]);
}

TEST(signals_handlers_stay_as_they_were)
{
    struct sigaction before[NSIG], after[NSIG];
    stack_t own, alternate;
    handlers(before);
    CHECK(sigaltstack(NULL, &own) == 0);
    use_everything();
    handlers(after);
    for (int signal = 1; signal < NSIG; signal++)
        if (before[signal].sa_handler != after[signal].sa_handler || before[signal].sa_flags != after[signal].sa_flags)
            harness_fail(__FILE__, __LINE__, "the handler of signal %d is another", signal);
    /* None, but for the address sanitizer's. */
    CHECK(sigaltstack(NULL, &alternate) == 0);
    CHECK(alternate.ss_sp == own.ss_sp && alternate.ss_flags == own.ss_flags);
}

TEST(signals_the_caller_keeps_its_mask)
{
    const int masks[][3] = { { 0 }, { SIGUSR1, SIGPIPE, SIGTERM }, { SIGSEGV, SIGALRM, SIGRTMIN } };
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        sigset_t wanted, before, after;
        sigemptyset(&wanted);
        for (size_t j = 0; j < 3; j++)
            if (masks[i][j] != 0) sigaddset(&wanted, masks[i][j]);
        CHECK(pthread_sigmask(SIG_SETMASK, &wanted, &before) == 0);
        use_everything();
        CHECK(pthread_sigmask(SIG_SETMASK, &before, &after) == 0);
        for (int signal = 1; signal < NSIG; signal++)
            CHECK_INT(sigismember(&after, signal), sigismember(&wanted, signal));
    }
}

static atomic_int handled;

static void count(int signal)
{
    (void)signal;
    handled++;
}

/* Sent to the process while every thread of the host blocks it: a thread of ours that did not block it would take it. */
TEST(signals_of_the_host_are_not_taken_by_our_thread)
{
    const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH, SIGPROF,
                            SIGVTALRM, SIGRTMIN };
    okdok_options options = one_attempt();
    okdok_client *client = okdok_client_new(http_url(faults_serve("ok")), KEY, &options, NULL, NULL);
    CHECK(client != NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction counting, before;
        memset(&counting, 0, sizeof counting);
        counting.sa_handler = count;
        sigset_t only, mask;
        sigemptyset(&only);
        sigaddset(&only, signals[i]);
        CHECK(sigaction(signals[i], &counting, &before) == 0 && pthread_sigmask(SIG_BLOCK, &only, &mask) == 0);
        handled = 0;
        kill(getpid(), signals[i]);
        CHECK(okdok_delete_signature_request(client, "id-1", NULL, NULL));
        struct timespec at_once = { 0, 0 };
        CHECK_INT(sigtimedwait(&only, NULL, &at_once), signals[i]);
        CHECK_INT(handled, 0);
        CHECK(sigaction(signals[i], &before, NULL) == 0 && pthread_sigmask(SIG_SETMASK, &mask, NULL) == 0);
    }
    okdok_free(client);
}

static atomic_bool armed;
static atomic_int crashed_on;
static char *page;

/* The library's thread calls this whenever it has nothing to do. */
int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    static int (*real)(int, struct epoll_event *, int, int);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
    if (atomic_exchange(&armed, false)) *(volatile char *)page = 1;
    return real(fd, events, most, timeout);
}

static void repair(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info, (void)context;
    crashed_on = (int)syscall(SYS_gettid);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void *delete_held(void *client)
{
    MUST(okdok_delete_signature_request(client, "id-1", NULL, NULL));
    return NULL;
}

static void crash_on_our_thread(void)
{
    okdok_options options = one_attempt();
    options.connect_timeout_ms = 4321; /* its own thread */
    int port = faults_serve("hold:ok");
    okdok_client *client = okdok_client_new(http_url(port), KEY, &options, NULL, NULL);
    MUST(client != NULL);
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = repair;
    action.sa_flags = SA_SIGINFO;
    MUST(page != MAP_FAILED && sigaction(SIGSEGV, &action, NULL) == 0);

    pthread_t caller;
    MUST(pthread_create(&caller, NULL, delete_held, client) == 0);
    faults_ask("wait %d 1", port);
    armed = true;
    faults_ask("release %d", port);
    MUST(pthread_join(caller, NULL) == 0);
    /* It may not be idle again yet. */
    for (int i = 0; i < 100 && crashed_on == 0; i++) MUST(okdok_delete_signature_request(client, "id-1", NULL, NULL));
    MUST(crashed_on != 0 && crashed_on != getpid());
    okdok_free(client);
}

/* If SIGSEGV were blocked, a crash on that thread would end the process without the host's handler. */
TEST(signals_the_crash_handler_works_on_our_thread)
{
    CHECK_STR(child_end(start_child(crash_on_our_thread)), "");
}

extern char **environ;

TEST(signals_and_the_environment_stays_too)
{
    size_t count_before = 0;
    while (environ[count_before] != NULL) count_before++;
    char **before = calloc(count_before + 1, sizeof *before);
    CHECK(before != NULL);
    for (size_t i = 0; i < count_before; i++) before[i] = strdup(environ[i]);
    use_everything();
    for (size_t i = 0; i < count_before; i++) {
        CHECK_STR(environ[i], before[i]);
        free(before[i]);
    }
    CHECK(environ[count_before] == NULL);
    free(before);
}
