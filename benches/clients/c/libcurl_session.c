/* libcurl: an easy handle for each thread, its connection kept. */
#include "session.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
    CURL *curl;
    struct curl_slist *headers;
    const char *base_url;
    size_t length;
    char body[4096];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t keep(char *data, size_t size, size_t count, void *user)
{
    struct session *session = user;
    size_t bytes = size * count;
    if (bytes >= sizeof session->body - session->length) {
        return 0;
    }
    memcpy(session->body + session->length, data, bytes);
    session->length += bytes;
    return bytes;
}

void *session_open(const struct service *service)
{
    pthread_once(&once, initialise);
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL || (session->curl = curl_easy_init()) == NULL) {
        free(session);
        return NULL;
    }
    session->base_url = service->base_url;
    session->headers = curl_slist_append(session->headers, "x-api-key: bench-key");
    session->headers = curl_slist_append(session->headers, "accept: application/json");
    CURL *curl = session->curl;
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, session->headers);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_CAINFO, service->ca_file);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, session);
    return session;
}

/* A real program would parse the JSON; for libcurl's sake this only looks for what must stand in it. */
static bool confirms(const char *body, const char *id)
{
    char result[300];
    snprintf(result, sizeof result, "\"result\":\"%s\"", id);
    return strstr(body, "\"message\":\"msg.deleted\"") != NULL && strstr(body, result) != NULL;
}

bool session_delete(void *opaque, const char *id)
{
    struct session *session = opaque;
    char url[512];
    snprintf(url, sizeof url, "%s/JSON/signatureRequest/%s", session->base_url, id);
    curl_easy_setopt(session->curl, CURLOPT_URL, url);
    session->length = 0;
    CURLcode code = curl_easy_perform(session->curl);
    if (code != CURLE_OK) {
        fprintf(stderr, "%s\n", curl_easy_strerror(code));
        return false;
    }
    session->body[session->length] = '\0';
    long status = 0;
    curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 && confirms(session->body, id);
}

void session_close(void *opaque)
{
    struct session *session = opaque;
    curl_easy_cleanup(session->curl);
    curl_slist_free_all(session->headers);
    free(session);
}

const char *session_version(void)
{
    return curl_version();
}
