/* Whatever happens, and whatever the environment asks for: not a byte on stdout or stderr. */
#define _GNU_SOURCE
#include "call.h"
#include "child.h"

#include <fcntl.h>

static int silent[2];
static char steps[16][128];
static const char *urls[16], *untrusted, *trusted;

static void do_all_wrong(void)
{
    setenv("RUST_LOG", "trace", 1);
    setenv("RUST_BACKTRACE", "full", 1);
    /* Beside the two streams, none may be found and written to either: they stay the lowest descriptors. */
    MUST(dup2(silent[1], 1) == 1 && dup2(silent[1], 2) == 2);
    okdok_options options = one_attempt();
    options.timeout_ms = 500;
    for (size_t i = 0; urls[i] != NULL; i++) {
        options.ca_file = i % 2 == 0 ? trusted : untrusted;
        okdok_client *client = okdok_client_new(urls[i], KEY, &options, NULL, NULL);
        okdok_delete_signature_request(client, "id-1", NULL, NULL);
        okdok_delete_signature_request(client, "\xff", NULL, NULL);
        okdok_delete_signature_request(client, NULL, NULL, NULL);
        okdok_free(client);
        okdok_free(client);
        okdok_delete_signature_request(client, "id-1", NULL, NULL);
    }
    MUST(okdok_client_new("\xff", KEY, NULL, NULL, NULL) == NULL);
    MUST(okdok_client_new(NULL, NULL, NULL, NULL, NULL) == NULL);
    options.ca_file = "/nonexistent";
    MUST(okdok_client_new(NULL, KEY, &options, NULL, NULL) == NULL);
    _exit(0);
}

TEST(silence_on_both_streams)
{
    size_t count = 0;
    const char *answers[] = { "ok", "missing", "reply=500", "reset=0", "cut=40", "raw=junk", "accept-reset" };
    trusted = strdup(faults_ca("good"));
    untrusted = strdup(faults_ca("rotated"));
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        urls[count++] = strcpy(steps[i], http_url(faults_serve(answers[i])));
    const char *certificates[] = { "good", "good", "expired", "plain", "hangup" };
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++, count++)
        urls[count] = strcpy(steps[count], https_url(faults_tls(certificates[i], "ok")));
    urls[count++] = strcpy(steps[15], http_url(faults_closed()));

    CHECK(pipe2(silent, O_CLOEXEC) == 0);
    pid_t child = start_child(do_all_wrong);
    close(silent[1]);
    char printed[512];
    ssize_t length = read(silent[0], printed, sizeof printed - 1);
    close(silent[0]);
    printed[length < 0 ? 0 : length] = '\0';
    CHECK_STR(child_end(child), "");
    CHECK_STR(printed, "");
}
