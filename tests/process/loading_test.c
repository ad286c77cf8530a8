/* The library is loaded and unloaded by dlopen and dlclose, and may be loaded twice. This program is not linked with it. */
#define _GNU_SOURCE
#include <okdok.h>

#include "child.h"
#include "faults.h"
#include "harness.h"

#include <dlfcn.h>
#include <pthread.h>

/* Found by this program's own search path. */
#define FIRST "libokdok.so"
/* Loaded by children only, so each is loaded for the first time there. */
#define SECOND "libokdok-second.so"
#define THIRD "libokdok-third.so"

typedef struct library {
    void *loaded;
    okdok_client *(*client_new)(const char *, const char *, const okdok_options *, okdok_status *, okdok_error *);
    bool (*delete_signature_request)(const okdok_client *, const char *, okdok_status *, okdok_error *);
    void (*free)(okdok_client *);
} library;

static library load(const char *name)
{
    library it;
    it.loaded = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (it.loaded == NULL) harness_fail(__FILE__, __LINE__, "%s", dlerror());
    *(void **)&it.client_new = dlsym(it.loaded, "okdok_client_new");
    *(void **)&it.delete_signature_request = dlsym(it.loaded, "okdok_delete_signature_request");
    *(void **)&it.free = dlsym(it.loaded, "okdok_free");
    CHECK(it.client_new != NULL && it.delete_signature_request != NULL && it.free != NULL);
    return it;
}

TEST(loading_again_and_again_with_a_live_client)
{
    const char *url = http_url(faults_serve("ok"));
    okdok_client *earlier = NULL;
    for (uint32_t i = 0; i < 100; i++) {
        library it = load(FIRST);
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.connect_timeout_ms = 1000 + i; /* each with its own thread, still alive at dlclose */
        okdok_client *client = it.client_new(url, "key", &options, NULL, NULL);
        CHECK(client != NULL);
        CHECK(it.delete_signature_request(client, "id-1", NULL, NULL));
        if (earlier != NULL) {
            CHECK(it.delete_signature_request(earlier, "id-1", NULL, NULL));
            it.free(earlier);
        }
        earlier = client;
        CHECK(dlclose(it.loaded) == 0);
    }
    library it = load(FIRST);
    it.free(earlier);
    dlclose(it.loaded);
}

struct call {
    library it;
    okdok_client *client;
    bool gone;
};

static void *delete_held(void *argument)
{
    struct call *call = argument;
    call->gone = call->it.delete_signature_request(call->client, "id-1", NULL, NULL);
    return NULL;
}

TEST(loading_ends_while_a_call_is_under_way)
{
    for (int i = 0; i < 20; i++) {
        int held = faults_serve("hold:ok");
        struct call call = { load(FIRST), NULL, false };
        call.client = call.it.client_new(http_url(held), "key", NULL, NULL, NULL);
        CHECK(call.client != NULL);
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, delete_held, &call) == 0);
        faults_ask("wait %d 1", held);
        CHECK(dlclose(call.it.loaded) == 0);
        faults_ask("release %d", held);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(call.gone);
        library again = load(FIRST);
        again.free(call.client);
        dlclose(again.loaded);
    }
}

/* After dlclose, the code of what it registered with libc, and of its threads, must still be there. */
static void fork_after_unloading(void)
{
    library it = load(SECOND);
    MUST(it.client_new("", "key", NULL, NULL, NULL) == NULL);
    dlclose(it.loaded);
    MUST(dlopen(SECOND, RTLD_NOW | RTLD_NOLOAD) != NULL);
    it = load(SECOND);
    okdok_client *client = it.client_new("http://127.0.0.1:1", "key", NULL, NULL, NULL);
    MUST(client != NULL);
    it.free(client);
    dlclose(it.loaded);
    pid_t child = fork();
    if (child == 0) _exit(0);
    MUST(child_end(child)[0] == '\0');
}

TEST(loading_leaves_nothing_that_fork_would_miss)
{
    CHECK_STR(child_end(start_child(fork_after_unloading)), "");
}

static int port;

static void use_two_copies(void)
{
    library libraries[2] = { load(SECOND), load(THIRD) };
    MUST(libraries[0].free != libraries[1].free);
    okdok_client *clients[2];
    for (int i = 0; i < 2; i++) {
        clients[i] = libraries[i].client_new(http_url(port), "key", NULL, NULL, NULL);
        MUST(clients[i] != NULL);
    }
    for (int i = 0; i < 2; i++) {
        library *other = &libraries[1 - i];
        okdok_error error;
        okdok_status status = -1;
        MUST(!other->delete_signature_request(clients[i], "id-1", &status, &error));
        MUST(status == OKDOK_STATUS_INVALID_CLIENT && strstr(error.message, "loaded copy") != NULL);
        other->free(clients[i]);
    }
    MUST(faults_requests(port) == 0);
    for (int i = 0; i < 2; i++) {
        MUST(libraries[i].delete_signature_request(clients[i], "id-1", NULL, NULL));
        libraries[i].free(clients[i]);
        dlclose(libraries[i].loaded);
    }
}

TEST(loading_two_copies_each_refuses_the_other_ones_handles)
{
    port = faults_serve("ok");
    CHECK_STR(child_end(start_child(use_two_copies)), "");
}
