/* okdok: all threads share one client. */
#include "session.h"

#include <okdok.h>
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static okdok_client *client;
static unsigned sessions;

void *session_open(const struct service *service)
{
    pthread_mutex_lock(&opening);
    if (sessions++ == 0) {
        okdok_options options = OKDOK_OPTIONS_INIT;
        options.ca_file = service->ca_file;
        okdok_error error;
        client = okdok_client_new(service->base_url, "bench-key", &options, NULL, &error);
        if (client == NULL) {
            fprintf(stderr, "%s\n", error.message);
        }
    }
    pthread_mutex_unlock(&opening);
    return client;
}

bool session_delete(void *session, const char *id)
{
    okdok_error error;
    bool gone = okdok_delete_signature_request(session, id, NULL, &error);
    if (!gone) {
        fprintf(stderr, "%s\n", error.message);
    }
    return gone;
}

void session_close(void *session)
{
    pthread_mutex_lock(&opening);
    if (--sessions == 0) {
        okdok_free(session);
    }
    pthread_mutex_unlock(&opening);
}

const char *session_version(void)
{
    return okdok_version();
}
