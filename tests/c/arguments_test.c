/* Bad input, in every parameter, alone and together: a clear status, never a crash, and nothing is sent. */
#include "call.h"

static char *repeated(char c, size_t length)
{
    char *text = malloc(length + 1);
    CHECK(text != NULL);
    memset(text, c, length);
    text[length] = '\0';
    return text;
}

static void check_refused(const char *base_url, const char *api_key, const okdok_options *options, const char *part)
{
    okdok_error error = refused_client(base_url, api_key, options);
    if (error.status != OKDOK_STATUS_INVALID_ARGUMENT)
        harness_fail(__FILE__, __LINE__, "%s for %s", okdok_status_name(error.status), base_url ? base_url : "NULL");
    CHECK_HAS(error.message, part);
}

TEST(arguments_a_bad_base_url_is_refused)
{
    const char *bad[] = {
        "", " ", "okdokument.com", "ftp://h.test", "file:///etc/passwd", "https://", "https:///", "https://h.test:0",
        "https://h.test:99999", "https://h .test", "https://h.test/\x01", "https://h.test/\n", "https://h.test\\x",
        "https://user@h.test", "https://user:pw@h.test", "https://@h.test", "https://h.test?x=1", "https://h.test#x",
        "https://h.test/../x", "https://h.test/%2e%2E", "https://\xff.test", "\xc3", "http://h.test", "http://192.0.2.1",
        "http://localhost.h.test", "http://notlocalhost", "http://app.notlocalhost", "http://.localhost", "https://[::1", "https://h.test\x7f", "//h.test", "https:/h.test", "https:h.test", "javascript:1",
        "https://h.test:00", "https://h.test/.", "https://h.test?", "https://h.test#", "https://:@h.test", "http://[::2]",
        "http://localhost.", "http://10.0.0.1",
        "https://a23456789012345678901234567890123456789012345678901234567890abcd.test",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_refused(bad[i], KEY, NULL, "base_url");
    char *long_url = repeated('a', 2049);
    memcpy(long_url, "https://h.test/", 15);
    check_refused(long_url, KEY, NULL, "base_url has 2049 bytes");
    free(long_url);
}

TEST(arguments_an_address_with_a_zone_is_refused_for_that)
{
    const char *bad[] = { "https://[fe80::1%25lo]", "https://[fe80::1%lo]", "http://[::1%25lo]:8080" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_refused(bad[i], KEY, NULL, "zone");
}

TEST(arguments_plain_http_is_for_loopback)
{
    const char *loopback[] = { "http://localhost:8080", "HTTP://LocalHost", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:1",
                               "http://[::ffff:127.0.0.1]", "http://app.dev.localhost", "http://App.LocalHost:1" };
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        okdok_client *client = okdok_client_new(loopback[i], KEY, NULL, NULL, NULL);
        CHECK(client != NULL);
        okdok_free(client);
    }
    check_refused("http://h.test", KEY, NULL, "in the clear");
}

TEST(arguments_a_password_in_the_base_url_is_not_shown)
{
    const char *urls[] = { "https://user:hidden@h.test", "https://user:hidden%40h.test", "https://user:hidden" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        okdok_error error = refused_client(urls[i], KEY, NULL);
        CHECK(strstr(error.message, "hidden") == NULL);
    }
}

TEST(arguments_a_bad_key_is_refused_and_never_quoted)
{
    const char *bad[] = { "", " ", "secret value", "secret\n", "secret\t", "secr\xc3\xa9t", "secret\x7f", "\xff\xfe" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        okdok_error error = refused_client("https://h.test", bad[i], NULL);
        CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
        CHECK_HAS(error.message, "api_key");
        CHECK(strstr(error.message, "secr") == NULL);
    }
    check_refused("https://h.test", NULL, NULL, "api_key is NULL");
    char *long_key = repeated('k', 4097);
    check_refused("https://h.test", long_key, NULL, "4097");
    long_key[4096] = '\0';
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", long_key, NULL, NULL, NULL);
    CHECK(client != NULL);
    okdok_free(client);
    free(long_key);
}

TEST(arguments_a_key_given_in_place_of_the_base_url_is_not_shown)
{
    okdok_error error = refused_client("7796b696_bd2b1aaf7ef4f09be9f52ce2d8", "https://h.test", NULL);
    CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
    CHECK(strstr(error.message, "bd2b1aaf") == NULL);
}

TEST(arguments_a_bad_option_is_refused)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    const char *proxies[] = { "h.test:0", "socks4://h.test", "socks5://", "socks5h://h.test/path", "h.test/path", "http://", "http://h.test:0", "http://h .test", "http://h.test\\",
                              "http://h.test/path", "http://h.test?x", "http://\xff", "http://h.test\n", "ftp://h.test" };
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        options.proxy = proxies[i];
        check_refused("https://h.test", KEY, &options, "options.proxy");
        check_refused("http://127.0.0.1:1", KEY, &options, "options.proxy");
    }
    options.proxy = "http://user:hidden\x01password@h.test:1";
    okdok_error error = refused_client("https://h.test", KEY, &options);
    CHECK(strstr(error.message, "hidden") == NULL);

    const char *secrets[] = { "http://user:p@hidden@127.0.0.1:1", "http://user:hidden", "http://user:hidden:h:1",
                              "http://user:hidden%40127.0.0.1:1", "http://hidden@", "user:hidden@", "user:hidden", "socks5://user:hidden@",
                              "socks5://user:hidden@h.test:0" };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        options.proxy = secrets[i];
        error = refused_client("https://h.test", KEY, &options);
        CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
        if (strstr(error.message, "hidden") != NULL) harness_fail(__FILE__, __LINE__, "%s: %s", secrets[i], error.message);
    }

    options.proxy = NULL;
    const char *agents[] = { "", "caf\xc3\xa9", "a\nb", "a\tb", "\xff" };
    for (size_t i = 0; i < sizeof agents / sizeof *agents; i++) {
        options.user_agent = agents[i];
        check_refused("http://127.0.0.1:1", KEY, &options, "options.user_agent");
    }
    char *long_agent = repeated('a', 257);
    options.user_agent = long_agent;
    check_refused("http://127.0.0.1:1", KEY, &options, "options.user_agent");
    free(long_agent);

    options.user_agent = NULL;
    const char *files[] = { "", "/no/such/file.pem", ".", "Makefile", "\xff" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        options.ca_file = files[i];
        check_refused("http://127.0.0.1:1", KEY, &options, "options.ca_file");
        check_refused("https://127.0.0.1:1", KEY, &options, "options.ca_file");
    }
    char *long_path = repeated('a', 4097);
    options.ca_file = long_path;
    check_refused("http://127.0.0.1:1", KEY, &options, "options.ca_file");
    free(long_path);
}

TEST(arguments_a_bad_id_is_refused_and_nothing_is_sent)
{
    const char *bad[] = { NULL, "", ".", "..", "a/b", "/", "a\\b", "a\nb", "a\tb", "a\x01", "a\x7f", "\xc2\x85", "\xff", "12\n3", "a\xc3" };
    int port = faults_serve("ok");
    okdok_client *client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    CHECK(client != NULL);
    char *long_id = repeated('i', 257);
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        outcome result;
        const char *id = i < sizeof bad / sizeof *bad ? bad[i] : long_id;
        memset(&result.error, 0xAA, sizeof result.error);
        result.gone = okdok_delete_signature_request(client, id, NULL, &result.error);
        CHECK_OUTCOME(result, OKDOK_STATUS_INVALID_ARGUMENT, 0, 0, 0);
        CHECK_HAS(result.error.message, "signature_request_id");
    }
    CHECK_INT(faults_connections(port), 0);
    long_id[256] = '\0';
    CHECK(okdok_delete_signature_request(client, long_id, NULL, NULL));
    free(long_id);
    okdok_free(client);
}

/* With NULL as the client nothing can be sent, but the id is still checked. */
static outcome dry_run(const char *id)
{
    outcome result;
    okdok_status status = -1;
    memset(&result.error, 0xAA, sizeof result.error);
    result.gone = okdok_delete_signature_request(NULL, id, &status, &result.error);
    CHECK_INT(status, result.error.status);
    return result;
}

/* Each looks like "id-1", or like another id that may exist; copied from a mail, a table or a web page. */
TEST(arguments_an_id_that_looks_like_another_is_refused)
{
    static const struct { const char *id, *character, *place; } cases[] = {
        { " id-1", "U+0020", "" }, { "id-1 ", "U+0020", "after the 4th character" }, { "id-1  ", "U+0020", "" }, { " ", "U+0020", "" },
        { "\xC2\xA0id-1", "U+00A0", "" }, { "id-1\xC2\xA0", "U+00A0", "after the 4th character" },
        { "id\xC2\xA0-1", "U+00A0", "after the 2nd character" }, { "i\xE2\x80\x83" "d-1", "U+2003", "after the 1st character" },
        { "id-\xE3\x80\x80" "1", "U+3000", "after the 3rd character" }, { "id-1\xE2\x80\xAF", "U+202F", "after the 4th character" },
        { "id-1\xE2\x80\xA8", "U+2028", "after the 4th character" }, { "id\xE2\x80\xA9-1", "U+2029", "after the 2nd character" },
        { "id-1\xE1\x9A\x80x", "U+1680", "after the 4th character" },
        /* Format characters: zero-width, byte order mark, soft hyphen, bidirectional, joiners, tags. */
        { "id-1\xE2\x80\x8B", "U+200B", "after the 4th character" }, { "id\xE2\x80\x8B-1", "U+200B", "after the 2nd character" },
        { "\xEF\xBB\xBFid-1", "U+FEFF", "" }, { "id-1\xEF\xBB\xBF", "U+FEFF", "after the 4th character" },
        { "id\xC2\xAD-1", "U+00AD", "after the 2nd character" }, { "\xE2\x80\x8Eid-1", "U+200E", "" },
        { "id-1\xE2\x80\x8F", "U+200F", "after the 4th character" }, { "id\xE2\x80\xAE-1", "U+202E", "after the 2nd character" },
        { "\xE2\x81\xA6id-1\xE2\x81\xA9", "U+2066", "" }, { "id-1\xE2\x81\xA9", "U+2069", "after the 4th character" },
        { "id\xD8\x9C-1", "U+061C", "after the 2nd character" }, { "id\xE2\x80\x8D-1", "U+200D", "after the 2nd character" },
        { "id\xE2\x81\xA0-1", "U+2060", "after the 2nd character" }, { "id\xF3\xA0\x81\x81-1", "U+E0041", "after the 2nd character" },
        /* Counted in characters, not in bytes. */
        { "\xC5\xBE\xC5\xBE\xE2\x80\x8B-1", "U+200B", "after the 2nd character" },
        { "id-123456789\xE2\x80\x8B", "U+200B", "after the 12th character" },
        { "id-12345678901234567\xE2\x80\x8B", "U+200B", "after the 20th character" },
        { "id-123456789012345678\xE2\x80\x8B", "U+200B", "after the 21st character" },
    };
    int port = faults_serve("ok");
    okdok_client *client = okdok_client_new(http_url(port), KEY, NULL, NULL, NULL);
    CHECK(client != NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int dry = 0; dry <= 1; dry++) {
            outcome result = dry_run(cases[i].id);
            if (!dry) result.gone = okdok_delete_signature_request(client, cases[i].id, NULL, &result.error);
            if (result.error.status != OKDOK_STATUS_INVALID_ARGUMENT) fprintf(stderr, "%s in \"%s\": ", cases[i].character, cases[i].id);
            CHECK_OUTCOME(result, OKDOK_STATUS_INVALID_ARGUMENT, 0, 0, 0);
            CHECK_HAS(result.error.message, "signature_request_id");
            CHECK_HAS(result.error.message, cases[i].character);
            CHECK_HAS(result.error.message, cases[i].place);
        }
    CHECK_INT(faults_connections(port), 0);
    okdok_free(client);
}

/* Otherwise ids are opaque: visible characters, and blanks inside, are left to the service. */
TEST(arguments_an_unusual_id_is_sent)
{
    static const char *good[] = { "a b", "a  b", "\xC5\xBE", "\xF0\x9F\x93\x84", "-", "...", "%20", "a+b", "\xE2\xA0\x80", "e\xCC\x81", "\xEF\xB8\x8F" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        outcome result = delete_id_at(http_url(faults_serve("service")), NULL, good[i]);
        CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    }
}

TEST(arguments_an_id_can_be_tried_without_a_client)
{
    outcome good = dry_run("0b9ba6c8-2c5f-4c0e-8f8a-5d0f3e6c1a47");
    CHECK_OUTCOME(good, OKDOK_STATUS_INVALID_CLIENT, 0, 0, 0);
    static const char *bad[] = { NULL, "", ".", "..", "a/b", "a\nb", "\xff", "a " };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        outcome result = dry_run(bad[i]);
        CHECK_OUTCOME(result, OKDOK_STATUS_INVALID_ARGUMENT, 0, 0, 0);
        CHECK_HAS(result.error.message, "signature_request_id");
    }
    /* The id is checked before a freed client, too. */
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, NULL);
    okdok_free(client);
    outcome result;
    result.gone = okdok_delete_signature_request(client, "a/b", NULL, &result.error);
    CHECK_OUTCOME(result, OKDOK_STATUS_INVALID_ARGUMENT, 0, 0, 0);
}

TEST(arguments_all_bad_together_are_refused)
{
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = "\xff";
    options.proxy = "\xff";
    options.user_agent = "\xff";
    const char *texts[] = { NULL, "", "\xff", "\x01" };
    for (size_t url = 0; url < 4; url++)
        for (size_t key = 0; key < 4; key++) {
            okdok_error error = refused_client(texts[url], texts[key], &options);
            CHECK_INT(error.status, OKDOK_STATUS_INVALID_ARGUMENT);
            CHECK(okdok_client_new(texts[url], texts[key], &options, NULL, NULL) == NULL);
        }
    CHECK(!okdok_delete_signature_request(NULL, NULL, NULL, NULL));
}

TEST(arguments_a_handle_that_is_no_client_is_refused)
{
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, NULL);
    CHECK(client != NULL);
    okdok_free(client);
    okdok_free(client);
    okdok_free(NULL);
    int local = 0;
    okdok_client *made_up[] = { NULL, client, (okdok_client *)(void *)&local, (okdok_client *)(uintptr_t)-1, (okdok_client *)(uintptr_t)1 };
    for (size_t i = 0; i < sizeof made_up / sizeof *made_up; i++) {
        outcome result;
        memset(&result.error, 0xAA, sizeof result.error);
        result.gone = okdok_delete_signature_request(made_up[i], "id", NULL, &result.error);
        CHECK_OUTCOME(result, OKDOK_STATUS_INVALID_CLIENT, 0, 0, 0);
        okdok_free(made_up[i]);
    }
}

TEST(arguments_handles_are_tokens_never_given_out_twice)
{
    okdok_client *first = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, NULL);
    okdok_free(first);
    for (int i = 0; i < 1000; i++) {
        okdok_client *next = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, NULL);
        CHECK(next != NULL && next != first && next != (okdok_client *)(uintptr_t)-1);
#if UINTPTR_MAX > UINT32_MAX
        CHECK(((uintptr_t)next >> 62 & 3) == 2); /* not canonical */
#endif
        okdok_free(next);
    }
}

TEST(arguments_the_error_is_written_whole_on_success_too)
{
    okdok_error error;
    memset(&error, 0xAA, sizeof error);
    okdok_client *client = okdok_client_new("http://127.0.0.1:1", KEY, NULL, NULL, &error);
    CHECK(client != NULL);
    error.elapsed_ms = 0;
    okdok_error zero;
    memset(&zero, 0, sizeof zero);
    CHECK(memcmp(&error, &zero, sizeof zero) == 0);
    okdok_free(client);
}

TEST(arguments_are_copied_before_the_call_returns)
{
    int port = faults_serve("ok");
    char url[64], key[] = KEY, agent[] = "agent/1";
    snprintf(url, sizeof url, "%s", http_url(port));
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.user_agent = agent;
    okdok_client *client = okdok_client_new(url, key, &options, NULL, NULL);
    memset(url, 'x', sizeof url - 1);
    memset(key, 'x', sizeof key - 1);
    memset(agent, 'x', sizeof agent - 1);
    memset(&options, 0xFF, sizeof options);
    CHECK(okdok_delete_signature_request(client, "id-1", NULL, NULL));
    char *request = faults_request(port, 1);
    CHECK_HAS(request, "x-api-key: " KEY "\r\n");
    CHECK_HAS(request, "user-agent: agent/1 okdok/" OKDOK_VERSION "\r\n");
    free(request);
    okdok_free(client);
}
