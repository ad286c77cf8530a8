/* Deletes a signature request and says what happened. Exits with 0 only if it is gone.
 *
 *     OKDOK_BASE_URL=http://localhost:8080 OKDOK_API_KEY=sandbox-key ./delete 0b9ba6c8-2c5f-4c0e-8f8a-5d0f3e6c1a47
 */
#include <okdok.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: %s ID [BASE_URL API_KEY]   (or set OKDOK_BASE_URL and OKDOK_API_KEY)\n", argv[0]);
        return 2;
    }
    const char *id = argv[1];
    const char *base_url = argc == 4 ? argv[2] : getenv("OKDOK_BASE_URL");
    const char *api_key = argc == 4 ? argv[3] : getenv("OKDOK_API_KEY");
    if (base_url == NULL) { /* NULL would mean the development host, which nobody should use by accident. */
        fprintf(stderr, "OKDOK_BASE_URL is not set\n");
        return 2;
    }

    okdok_error error;
    okdok_client *client = okdok_client_new(base_url, api_key, NULL, NULL, &error);
    if (client == NULL) {
        fprintf(stderr, "%s: %s\n", okdok_status_name(error.status), error.message);
        return 2;
    }

    bool gone = okdok_delete_signature_request(client, id, NULL, &error);
    if (gone) {
        printf("%s is gone (%s, attempts: %u)\n", id, okdok_status_name(error.status), (unsigned)error.attempts);
    } else {
        fprintf(stderr, "%s: %s: %s\n", id, okdok_status_name(error.status), error.message);
        if (error.outcome_unknown) {
            fprintf(stderr, "It is not known whether %s was deleted.\n", id);
        }
    }
    okdok_free(client);
    return gone ? 0 : 1;
}
