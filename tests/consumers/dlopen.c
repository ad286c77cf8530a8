/* Deletes a signature request through a library that is loaded by name, and checked, at run time. */
#include <okdok.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *library;

/* ISO C has no cast from an object pointer to a function pointer. */
static void find(const char *name, void *function)
{
    void *address = dlsym(library, name);
    if (address == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(3);
    }
    memcpy(function, &address, sizeof address);
}

int main(int argc, char **argv)
{
    struct okdok_client *(*client_new)(const char *, const char *, const okdok_options *, okdok_status *, okdok_error *);
    bool (*delete_signature_request)(const struct okdok_client *, const char *, okdok_status *, okdok_error *);
    void (*free_client)(struct okdok_client *);
    const char *(*status_name)(okdok_status);
    uint32_t (*abi_version)(void);

    library = dlopen("libokdok.so.0", RTLD_NOW | RTLD_LOCAL);
    if (argc != 2 || library == NULL) {
        fprintf(stderr, "%s\n", library == NULL ? dlerror() : "usage: dlopen ID");
        return 3;
    }
    find("okdok_abi_version", &abi_version);
    if (abi_version() != OKDOK_ABI_VERSION) {
        fprintf(stderr, "the library has another ABI version\n");
        return 3;
    }
    find("okdok_client_new", &client_new);
    find("okdok_delete_signature_request", &delete_signature_request);
    find("okdok_free", &free_client);
    find("okdok_status_name", &status_name);

    okdok_error error;
    struct okdok_client *client = client_new(getenv("OKDOK_BASE_URL"), getenv("OKDOK_API_KEY"), NULL, NULL, &error);
    bool gone = client != NULL && delete_signature_request(client, argv[1], NULL, &error);
    printf("%s: %s: %s\n", argv[1], status_name(error.status), error.message);
    free_client(client);
    dlclose(library);
    return gone ? 0 : 1;
}
