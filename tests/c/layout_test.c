/* The header and the library agree, and structs may grow. */
#include "call.h"

#include <stddef.h>

/* tests/abi/layout.txt has every offset, but only for x86; this runs on every platform. */
TEST(layout_sizes_are_those_of_every_platform)
{
    CHECK_INT(sizeof(okdok_error), 1024);
    CHECK_INT(sizeof(okdok_attempt), 12);
    CHECK_INT(sizeof(okdok_options), 16 + 3 * sizeof(char *));
}

TEST(layout_options_begin_as_the_defaults)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    CHECK_INT(options.size, sizeof options);
    CHECK(options.timeout_ms == 0 && options.connect_timeout_ms == 0 && options.max_attempts == 0);
    CHECK(options.ca_file == NULL && options.proxy == NULL && options.user_agent == NULL);
}

TEST(layout_versions_of_the_header_are_the_librarys)
{
    char parts[32];
    snprintf(parts, sizeof parts, "%d.%d.%d", OKDOK_VERSION_MAJOR, OKDOK_VERSION_MINOR, OKDOK_VERSION_PATCH);
    CHECK_STR(parts, OKDOK_VERSION);
    CHECK_STR(okdok_version(), OKDOK_VERSION);
    CHECK_INT(okdok_abi_version(), OKDOK_ABI_VERSION);
}

/* An old library never drops a new option silently. */
TEST(layout_options_may_grow_at_their_end)
{
    struct {
        okdok_options known;
        char later[16];
    } grown = { OKDOK_OPTIONS_INIT, { 0 } };
    grown.known.size = sizeof grown;
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, &grown.known, NULL, NULL);
    CHECK(client != NULL);
    okdok_free(client);

    grown.later[15] = 1;
    okdok_error error = refused_client("http://127.0.0.1:1", KEY, &grown.known);
    CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
    CHECK_HAS(error.message, "does not know");
}

TEST(layout_options_of_an_impossible_size_are_refused)
{
    static char large[8192];
    okdok_options options = OKDOK_OPTIONS_INIT;
    const uint32_t first_release = offsetof(okdok_options, user_agent) + sizeof options.user_agent;
    const uint32_t sizes[] = { 0, 1, 4, first_release - 1, 4097, UINT32_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        options.size = sizes[i];
        memcpy(large, &options, sizeof options);
        okdok_error error = refused_client("http://127.0.0.1:1", KEY, (const okdok_options *)(const void *)large);
        CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
        CHECK_HAS(error.message, "options.size");
    }
}
