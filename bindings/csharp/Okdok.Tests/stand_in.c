/* A native library that returns what it was built with: NAME, ABI, STATUS and RESULT. */
#include <okdok.h>
#include <stdint.h>
#include <string.h>

static int client;

okdok_client *okdok_client_new(const char *base_url, const char *api_key, const okdok_options *options, okdok_status *out_status,
                               okdok_error *out_error)
{
    (void)base_url, (void)api_key, (void)options, (void)out_status, (void)out_error;
    return (okdok_client *)(void *)&client;
}

bool okdok_delete_signature_request(const okdok_client *handle, const char *signature_request_id, okdok_status *out_status,
                                    okdok_error *out_error)
{
    (void)handle, (void)signature_request_id;
    memset(out_error, 0, sizeof(*out_error));
    strcpy(out_error->message, NAME);
    out_error->status = STATUS;
    if (out_status != NULL) {
        *out_status = STATUS;
    }
    return RESULT;
}

void okdok_free(okdok_client *handle)
{
    (void)handle;
}

const char *okdok_status_name(okdok_status status)
{
    (void)status;
    return NAME;
}

const char *okdok_version(void)
{
    return NAME;
}

uint32_t okdok_abi_version(void)
{
    return ABI;
}
