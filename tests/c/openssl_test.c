/* Servers whose handshake fails for a reason for which rustls has only a name: the message says in words what is wrong and
 * what to do. They are run by openssl s_server, since rustls and rcgen can be none of them. */
#define _GNU_SOURCE
#include "cases.h"
#include "program.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[256];

static void run_openssl(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run_openssl(const char *format, ...)
{
    char arguments[512], command[1200];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(command, sizeof command, "cd %s && openssl %s >openssl.log 2>&1", folder, arguments);
    if (system(command) != 0) harness_fail(__FILE__, __LINE__, "openssl %s", arguments);
}

/* "NAME.pem" and "NAME.key": a certificate for localhost, signed by itself. */
static void make_certificate(const char *name, const char *key)
{
    run_openssl("req -x509 -newkey %s -nodes -keyout %s.key -out %s.pem -subj /CN=%s -addext subjectAltName=DNS:localhost"
                " -addext basicConstraints=CA:FALSE", key, name, name, name);
}

/* The same, signed by an authority whose certificate has another key. */
static void make_certificate_of(const char *name, const char *key, const char *authority_key)
{
    run_openssl("req -x509 -newkey %s -nodes -keyout ca.key -out %s-ca.pem -subj /CN=authority", authority_key, name);
    run_openssl("req -newkey %s -nodes -keyout %s.key -out request.pem -subj /CN=%s -addext subjectAltName=DNS:localhost", key, name, name);
    run_openssl("x509 -req -in request.pem -CA %s-ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -out %s.pem", name, name);
}

static void begin(void)
{
    /* Beside the fault server's own files, which are removed when it ends. */
    snprintf(folder, sizeof folder, "%s.XXXXXX", faults_ca("good"));
    CHECK(mkdtemp(folder) != NULL);
}

static const char *in_folder(const char *name, const char *end)
{
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof *paths, "%s/%s%s", folder, name, end);
    return path;
}

/* Starts a server, which chooses a port, and returns the port. `more`: further arguments, separated by blanks. */
static int start_server(const char *certificate, const char *more, program *server)
{
    char line[512], pem[600], key[600], words[256];
    strcpy(pem, in_folder(certificate, ".pem"));
    strcpy(key, in_folder(certificate, ".key"));
    strcpy(words, more);
    char *command[24] = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pem, "-key", key };
    size_t count = 8;
    for (char *rest, *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) command[count++] = word;
    if (!start_program(server, command, "ACCEPT 127.0.0.1:", line)) harness_fail(__FILE__, __LINE__, "openssl s_server %s does not start", more);
    return atoi(strstr(line, "ACCEPT 127.0.0.1:") + strlen("ACCEPT 127.0.0.1:"));
}

static outcome delete_from(int port, const char *trusted)
{
    okdok_options options = one_attempt();
    options.ca_file = trusted;
    return delete_at(https_url(port), &options);
}

/* Does the message contain `part`? If not, prints it. */
static bool says(const char *what, const char *message, const char *part)
{
    bool good = strstr(message, part) != NULL;
    if (!good) fprintf(stderr, "%s: not said, \"%s\": %s\n", what, part, message);
    return good;
}

TEST(openssl_servers_that_suit_nobody_are_told_of_in_words)
{
#define P256 "ec -pkeyopt ec_paramgen_curve:P-256"
#define P521 "ec -pkeyopt ec_paramgen_curve:P-521"
    static const struct { const char *name, *key, *authority, *server, *part; } cases[] = {
        /* Signatures that ring cannot check: the hash does not suit the curve, or the curve is unknown. */
        { "sha512", P256 " -sha512", NULL, "", "signature that okdok cannot check" },
        { "p521-authority", P256, P521, "", "signature that okdok cannot check" },
        { "p521", P521, NULL, "", "in common with okdok" },
        { "rsa1024", "rsa:1024", NULL, "-cipher DEFAULT@SECLEVEL=0", "2048" },
        /* Nothing in common: ciphers, key exchange, curves, signatures, versions. */
        { "cbc", "rsa:2048", NULL, "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256", "in common with okdok" },
        { "dhe", "rsa:2048", NULL, "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256", "in common with okdok" },
        { "rsa-exchange", "rsa:2048", NULL, "-tls1_2 -cipher AES128-GCM-SHA256", "in common with okdok" },
        { "curve", "rsa:2048", NULL, "-tls1_3 -groups P-521", "in common with okdok" },
        { "sha1", "rsa:2048", NULL, "-tls1_2 -sigalgs RSA+SHA1 -cipher DEFAULT@SECLEVEL=0", "in common with okdok" },
        { "tls11", "rsa:2048", NULL, "-tls1_1 -cipher DEFAULT@SECLEVEL=0", "TLS 1.2" },
    };
    unsigned wrong = 0;
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = cases[i].name, *trusted = in_folder(name, cases[i].authority == NULL ? ".pem" : "-ca.pem");
        if (cases[i].authority == NULL) make_certificate(name, cases[i].key);
        else make_certificate_of(name, cases[i].key, cases[i].authority);
        program server;
        outcome result = delete_from(start_server(name, cases[i].server, &server), trusted);
        stop_program(&server);
        fclose(server.words);
        if (result.error.status != OKDOK_STATUS_TLS_FAILED) fprintf(stderr, "%s: ", name);
        CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
        wrong += !says(name, result.error.message, cases[i].part);
    }
    CHECK_INT(wrong, 0);
}

/* Those that the fault server can make. */
TEST(openssl_is_not_needed_for_these_words)
{
    static const struct { const char *certificate, *part; } cases[] = {
        { "authority", "let the authority issue one for the server" },
        { "directory", "(name constraints)" },
        { "critical", "critical extension that okdok does not know" },
    };
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int port = faults_tls(cases[i].certificate, "ok");
        outcome result = delete_from(port, faults_ca(cases[i].certificate));
        CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
        wrong += !says(cases[i].certificate, result.error.message, cases[i].part);
        CHECK_INT(faults_requests(port), 0);
    }
    CHECK_INT(wrong, 0);
}

/* Asks for a certificate once the request has arrived, as IIS does for a folder. */
static void *renegotiate(void *argument)
{
    program *server = argument;
    char line[512];
    while (fgets(line, sizeof line, server->words) != NULL)
        if (strstr(line, "DELETE /JSON/") != NULL) {
            ssize_t written = write(server->input, "R\n", 2);
            (void)written;
            break;
        }
    /* Otherwise it would wait to be read. */
    while (fgets(line, sizeof line, server->words) != NULL) {}
    return NULL;
}

/* The request had arrived, so the outcome is unknown; but the message gives the reason. */
TEST(openssl_asks_for_a_client_certificate_by_renegotiation)
{
    begin();
    make_certificate("rsa", "rsa:2048");
    program server;
    pthread_t thread;
    int port = start_server("rsa", "-tls1_2", &server);
    CHECK(pthread_create(&thread, NULL, renegotiate, &server) == 0);
    okdok_options options = one_attempt();
    options.timeout_ms = 8000;
    options.ca_file = in_folder("rsa", ".pem");
    outcome result = delete_at(https_url(port), &options);
    stop_program(&server);
    pthread_join(thread, NULL);
    fclose(server.words);
    check_consistent(&result, __LINE__);
    CHECK_INT(result.error.outcome_unknown, 1);
    CHECK_HAS(result.error.message, "client certificate");
}
