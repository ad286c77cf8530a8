/* What no client can see: a gateway that repeats a DELETE turns a deletion into "does not exist". NGINX names the
 * program. */
#define _GNU_SOURCE
#include "cases.h"
#include "program.h"

#include <unistd.h>

static char folder[64];

/* In front of two upstreams, with nginx's own default of proxy_next_upstream. */
static int start_nginx(int first, int second, program *nginx)
{
    const char *name = getenv("NGINX");
    char executable[4096];
    if (name == NULL) harness_skip("NGINX does not name nginx");
    snprintf(executable, sizeof executable, "%s", name);
    strcpy(folder, "/tmp/okdok-nginx-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    for (int attempt = 0; attempt < 5; attempt++) {
        int port = free_port();
        char configuration[64];
        strcpy(configuration, new_file(
            "daemon off; master_process off; pid %s/pid; error_log stderr notice; events {}\n"
            "http { access_log off; client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s;\n"
            "  scgi_temp_path %s;\n"
            "  upstream service { server 127.0.0.1:%d; server 127.0.0.1:%d backup; }\n"
            "  server { listen 127.0.0.1:%d; location / { proxy_pass http://service; } } }\n",
            folder, folder, folder, folder, folder, folder, first, second, port));
        char *command[] = { executable, "-e", "stderr", "-p", folder, "-c", configuration, NULL };
        /* It prints this when it listens. */
        bool ready = start_program(nginx, command, "getrlimit(RLIMIT_NOFILE)", NULL);
        unlink(configuration);
        if (ready) return port;
    }
    harness_fail(__FILE__, __LINE__, "nginx does not start");
}

/* Line breaks, and what begins a line of a comment, do not count as words. */
static bool says(const char *path, const char *words)
{
    static char text[131072];
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    size_t length = 0;
    for (int c; (c = fgetc(file)) != EOF && length < sizeof text - 1;) {
        bool blank = c == ' ' || c == '\n' || c == '*' || c == '`';
        if (!blank || (length > 0 && text[length - 1] != ' ')) text[length++] = blank ? ' ' : (char)c;
    }
    text[length] = '\0';
    fclose(file);
    return strstr(text, words) != NULL;
}

TEST(slow_nginx_repeats_a_deletion_and_the_call_says_not_found)
{
    int first = faults_serve("delete:reset=0"), second = faults_serve("missing");
    program nginx;
    int port = start_nginx(first, second, &nginx);
    outcome result = delete_at(http_url(port), NULL);
    stop_program(&nginx);
    fclose(nginx.words);
    rmdir(folder);
    CHECK_OUTCOME(result, OKDOK_STATUS_NOT_FOUND, 400, 1, 0);
    /* We sent one DELETE, nginx two, and the first of these deleted. */
    CHECK_INT(faults_requests(first), 1);
    CHECK_INT(faults_requests(second), 1);
    CHECK_STR(faults_ask("deleted %d id-1", first), "yes");
    CHECK_HAS(result.error.message, "may have been deleted before");
    /* So the documentation must say it. */
    static const char *told[] = { "include/okdok.h", "docs/reliability.md" };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!says(told[i], "never existed"))
            harness_fail(__FILE__, __LINE__, "%s does not say what NOT_FOUND does not mean", told[i]);
}
