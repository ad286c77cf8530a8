/* A real HTTP proxy, with a password. */
#include "cases.h"
#include "program.h"

#include <unistd.h>

#define HOST "https://elsewhere.example"

static int start_tinyproxy(int behind, program *tinyproxy)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        int port = free_port();
        /* Its upstream proxy takes every name, so no name server is asked. */
        const char *file = new_file("Listen 127.0.0.1\nPort %d\nLogLevel Info\nBasicAuth user hidden-password\n"
                                    "Upstream http 127.0.0.1:%d \".example\"\n", port, behind);
        char configuration[64];
        strcpy(configuration, file);
        char *command[] = { "tinyproxy", "-d", "-c", configuration, NULL };
        bool ready = start_program(tinyproxy, command, "Accepting connections", NULL);
        unlink(configuration);
        if (ready) return port;
    }
    harness_fail(__FILE__, __LINE__, "tinyproxy does not start");
}

static outcome delete_through(const char *login, int proxy)
{
    char url[128];
    snprintf(url, sizeof url, "http://%s127.0.0.1:%d", login, proxy);
    okdok_options options = OKDOK_OPTIONS_INIT;
    options.ca_file = faults_ca("good");
    options.proxy = url;
    return delete_at(HOST, &options);
}

TEST(slow_tinyproxy_with_a_password)
{
    char step[32];
    int server = faults_tls("wronghost", "ok");
    snprintf(step, sizeof step, "tunnel=%d", server);
    int behind = faults_proxy(step);
    program tinyproxy;
    int port = start_tinyproxy(behind, &tinyproxy);

    outcome good = delete_through("user:hidden-password@", port), wrong = delete_through("user:hidden-mistake@", port),
            none = delete_through("", port);
    stop_program(&tinyproxy);
    int connects = 0;
    char line[512];
    while (fgets(line, sizeof line, tinyproxy.words) != NULL) connects += strstr(line, "CONNECT elsewhere.example:443") != NULL;
    fclose(tinyproxy.words);

    CHECK_OUTCOME(good, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_OUTCOME(wrong, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK(strstr(wrong.error.message, "hidden") == NULL);
    /* It answers 401 to that, not 407. */
    CHECK_HAS(wrong.error.message, "refused");
    CHECK_OUTCOME(none, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_HAS(none.error.message, "asks for a login");
    CHECK_INT(connects, 3);
    /* Two were stopped by it. */
    CHECK_INT(faults_requests(behind), 1);
    CHECK_INT(faults_requests(server), 1);
}
