/* One program linked with two Rust archives. */
#include <okdok.h>

#include <stdio.h>
#include <stdlib.h>

extern uint32_t other_length(uint32_t count);

int main(int argc, char **argv)
{
    okdok_error error;
    okdok_client *client = okdok_client_new(getenv("OKDOK_BASE_URL"), getenv("OKDOK_API_KEY"), NULL, NULL, &error);
    bool gone = argc == 2 && okdok_delete_signature_request(client, argv[1], NULL, &error);
    okdok_free(client);
    printf("%s\n", okdok_status_name(error.status));
    if (other_length(7) != 7) {
        fprintf(stderr, "the other archive does not work\n");
        return 3;
    }
    return gone ? 0 : 1;
}
