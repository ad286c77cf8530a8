#define _GNU_SOURCE
#include "names.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked, waiting, given_up;

int names_asked(void)
{
    pthread_mutex_lock(&lock);
    int count = asked;
    pthread_mutex_unlock(&lock);
    return count;
}

void names_wait(int count)
{
    pthread_mutex_lock(&lock);
    while (asked < count) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void names_give_up(void)
{
    pthread_mutex_lock(&lock);
    given_up++;
    pthread_cond_broadcast(&changed);
    while (waiting > 0) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* The library calls this one, since a program's own symbols take precedence over those of its libraries. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    pthread_mutex_lock(&lock);
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    asked++;
    pthread_cond_broadcast(&changed);
    int generation = given_up, is_mute = name != NULL && strcmp(name, MUTE) == 0;
    if (is_mute) {
        waiting++;
        while (given_up == generation) pthread_cond_wait(&changed, &lock);
        waiting--;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (is_mute) return EAI_NONAME;
    bool here = name != NULL && (strcmp(name, ELSEWHERE) == 0 || strcmp(name, INTERNATIONAL) == 0);
    return real(here ? "127.0.0.1" : name, service, hints, found);
}
