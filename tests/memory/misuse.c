/* Proof that a checker sees into the library: each mistake is the host's, but shows only in what the library then does. */
#include <okdok.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static okdok_client *client;
static okdok_error shared;

/* An id without its NUL: reading it goes past the end of the block. */
static void unterminated_id(void)
{
    char *id = malloc(4);
    if (id == NULL) abort();
    memcpy(id, "id-1", 4);
    okdok_delete_signature_request(client, id, NULL, NULL);
    free(id);
}

static void *write_into_shared_error(void *unused)
{
    for (int i = 0; i < 1000; i++) okdok_delete_signature_request(client, "", NULL, &shared);
    return unused;
}

/* Two threads let the library write into the same struct. */
static void shared_error(void)
{
    pthread_t other;
    if (pthread_create(&other, NULL, write_into_shared_error, NULL) != 0) abort();
    write_into_shared_error(NULL);
    pthread_join(other, NULL);
}

int main(int argc, char **argv)
{
    client = okdok_client_new("http://127.0.0.1:1", "key", NULL, NULL, NULL);
    if (client == NULL || argc != 2) return 2;
    if (strcmp(argv[1], "address") == 0)
        unterminated_id();
    else
        shared_error();
    okdok_free(client);
    return 0;
}
