/* What the header says, the library does: sizes, names, versions. */
#include "call.h"

#include <stddef.h>

TEST(layout_of_the_error_is_1024_bytes_without_padding)
{
    CHECK_INT(sizeof(okdok_error), 1024);
    CHECK_INT(offsetof(okdok_error, service_code), 20);
    CHECK_INT(offsetof(okdok_error, elapsed_ms), 20 + 128 + 256 + 512);
    CHECK_INT(offsetof(okdok_error, attempt_log), 920);
    CHECK_INT(sizeof ((okdok_error *)0)->attempt_log, 6 * 12);
    CHECK_INT(offsetof(okdok_error, reserved), 1024 - 8 * 4);
}

TEST(layout_of_an_attempt_is_12_bytes_without_padding)
{
    CHECK_INT(sizeof(okdok_attempt), 12);
    CHECK_INT(offsetof(okdok_attempt, http_status), 2);
    CHECK_INT(offsetof(okdok_attempt, waited_ms), 4);
    CHECK_INT(offsetof(okdok_attempt, elapsed_ms), 8);
}

TEST(layout_of_the_options_is_4_numbers_and_3_pointers)
{
    CHECK_INT(sizeof(okdok_options), 16 + 3 * sizeof(char *));
    okdok_options options = OKDOK_OPTIONS_INIT;
    CHECK_INT(options.size, sizeof options);
    CHECK(options.timeout_ms == 0 && options.connect_timeout_ms == 0 && options.max_attempts == 0);
    CHECK(options.ca_file == NULL && options.proxy == NULL && options.user_agent == NULL);
}

TEST(layout_version_macros_agree_with_the_library)
{
    char parts[32];
    snprintf(parts, sizeof parts, "%d.%d.%d", OKDOK_VERSION_MAJOR, OKDOK_VERSION_MINOR, OKDOK_VERSION_PATCH);
    CHECK_STR(parts, OKDOK_VERSION);
    CHECK_STR(okdok_version(), OKDOK_VERSION);
    CHECK_INT(okdok_abi_version(), OKDOK_ABI_VERSION);
}

/* STATUSES is made from the header by the build: X(OKDOK_STATUS_OK) X(...) */
TEST(layout_every_status_of_the_header_has_its_name)
{
    int count = 0;
#define X(status)                                    \
    CHECK_STR(okdok_status_name(status), #status);   \
    count++;
#include "statuses.h"
#undef X
    CHECK(count >= 19);
    CHECK_STR(okdok_status_name(12345), "OKDOK_STATUS_UNKNOWN");
    CHECK_STR(okdok_status_name(-1), "OKDOK_STATUS_UNKNOWN");
    CHECK_STR(okdok_status_name(2), "OKDOK_STATUS_UNKNOWN");
}

/* A reserved field that is set, a size too small or too large: an old library never drops a new option silently. */
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
    const uint32_t sizes[] = { 0, 1, 4, sizeof(okdok_options) - 1, 4097, UINT32_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        options.size = sizes[i];
        memcpy(large, &options, sizeof options);
        okdok_error error = refused_client("http://127.0.0.1:1", KEY, (const okdok_options *)(const void *)large);
        CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
        CHECK_HAS(error.message, "options.size");
    }
}
