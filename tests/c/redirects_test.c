/* Redirects: the key is never passed on, and a 303 never turns the DELETE into a GET. */
#include "cases.h"

static const int kinds[] = { 300, 301, 302, 303, 304, 305, 306, 307, 308 };

static void check_not_followed(const char *certificate, const char *location, int second)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char steps[256];
        snprintf(steps, sizeof steps, "reply=%d;Location:%s", kinds[i], location);
        okdok_options options = OKDOK_OPTIONS_INIT;
        if (certificate != NULL) options.ca_file = faults_ca("good");
        int first = certificate == NULL ? faults_serve(steps) : faults_tls(certificate, steps);
        outcome result = delete_at(certificate == NULL ? http_url(first) : https_url(first), &options);
        CHECK_OUTCOME(result, OKDOK_STATUS_UNEXPECTED_RESPONSE, kinds[i], 1, 1);
        CHECK_HAS(result.error.message, "redirect");
        CHECK_INT(faults_requests(first), 1);
        faults_ask("stop %d", first);
    }
    CHECK_INT(faults_connections(second), 0);
}

TEST(redirects_are_not_followed_to_another_server)
{
    int second = faults_serve("ok");
    char location[128];
    snprintf(location, sizeof location, "http://127.0.0.1:%d/JSON/signatureRequest/id-1", second);
    check_not_followed(NULL, location, second);
    snprintf(location, sizeof location, "http://localhost:%d/", second);
    check_not_followed(NULL, location, second);
    snprintf(location, sizeof location, "//127.0.0.1:%d/", second);
    check_not_followed(NULL, location, second);
}

TEST(redirects_are_not_followed_from_https_to_http_or_https)
{
    int plain = faults_serve("ok"), secure = faults_tls("good", "ok");
    char location[128];
    snprintf(location, sizeof location, "http://127.0.0.1:%d/", plain);
    check_not_followed("good", location, plain);
    snprintf(location, sizeof location, "https://localhost:%d/", secure);
    check_not_followed("good", location, secure);
}

/* Not even to the same server. Whether it deleted is unknown. */
TEST(redirects_are_not_followed_on_the_same_server)
{
    const char *locations[] = { "/elsewhere", "?again", "%20", "http://", "" };
    int second = faults_serve("ok");
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) check_not_followed(NULL, locations[i], second);
}
