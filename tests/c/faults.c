#include "faults.h"

#include "harness.h"

#include <stdarg.h>

#ifdef _WIN32
#include <winsock2.h>
typedef SOCKET socket_type;
typedef int io_length;
#define NO_SOCKET INVALID_SOCKET
#define close_socket closesocket
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int socket_type;
typedef size_t io_length;
#define NO_SOCKET (-1)
#define close_socket close
#endif

static socket_type connect_to_control_port(void)
{
#ifdef _WIN32
    static WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
#endif
    const char *address = getenv("OKDOK_FAULTS");
    if (address == NULL) harness_fail(__FILE__, __LINE__, "OKDOK_FAULTS is not set: run under scripts/with-servers");
    const char *colon = strrchr(address, ':');
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t)atoi(colon + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_type control = socket(AF_INET, SOCK_STREAM, 0);
    if (control == NO_SOCKET || connect(control, (struct sockaddr *)&to, sizeof to) != 0)
        harness_fail(__FILE__, __LINE__, "no connection to the fault server at %s", address);
    return control;
}

const char *faults_ask(const char *format, ...)
{
    static _Thread_local char answer[262144];
    static _Thread_local char command[131072];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command - 1, format, arguments);
    va_end(arguments);
    CHECK(length > 0 && (size_t)length < sizeof command - 1);
    command[length++] = '\n';

    /* One connection per command, so a forked child or another thread never reads somebody else's answer. */
    socket_type control = connect_to_control_port();
    for (int sent = 0; sent < length;) {
        int n = (int)send(control, command + sent, (io_length)(length - sent), 0);
        if (n <= 0) harness_fail(__FILE__, __LINE__, "the fault server is gone");
        sent += n;
    }
    size_t have = 0;
    while (have == 0 || answer[have - 1] != '\n') {
        int n = (int)recv(control, answer + have, (io_length)(sizeof answer - 1 - have), 0);
        if (n <= 0) harness_fail(__FILE__, __LINE__, "the fault server is gone");
        have += (size_t)n;
    }
    close_socket(control);
    answer[have - 1] = '\0';
    if (strncmp(answer, "error", 5) == 0) {
        command[length - 1] = '\0';
        harness_fail(__FILE__, __LINE__, "%s: %s", command, answer);
    }
    return answer;
}

static int port_of(const char *answer)
{
    CHECK(strncmp(answer, "port ", 5) == 0);
    return atoi(answer + 5);
}

int faults_serve(const char *steps) { return port_of(faults_ask("serve %s", steps)); }
int faults_tls(const char *certificate, const char *steps) { return port_of(faults_ask("tls %s %s", certificate, steps)); }
int faults_proxy(const char *steps) { return port_of(faults_ask("proxy %s", steps)); }
int faults_closed(void) { return port_of(faults_ask("closed")); }
int faults_stall(void) { return port_of(faults_ask("stall")); }

int faults_connections(int port)
{
    int connections = -1, requests = -1;
    CHECK(sscanf(faults_ask("seen %d", port), "connections %d requests %d", &connections, &requests) == 2);
    return connections;
}

int faults_requests(int port)
{
    int connections = -1, requests = -1;
    CHECK(sscanf(faults_ask("seen %d", port), "connections %d requests %d", &connections, &requests) == 2);
    return requests;
}

char *faults_request(int port, int index)
{
    const char *hex = faults_ask("request %d %d", port, index);
    CHECK(strncmp(hex, "hex", 3) == 0);
    hex += hex[3] == ' ' ? 4 : 3;
    size_t length = strlen(hex) / 2;
    char *bytes = malloc(length + 1);
    CHECK(bytes != NULL);
    for (size_t i = 0; i < length; i++) {
        unsigned value = 0;
        CHECK(sscanf(hex + 2 * i, "%2x", &value) == 1);
        bytes[i] = (char)value;
    }
    bytes[length] = '\0';
    return bytes;
}

/* The last few texts of a thread stay valid. */
static char *slot(void)
{
    static _Thread_local char text[8][512];
    static _Thread_local unsigned next;
    return text[next++ % 8];
}

const char *faults_ca(const char *certificate)
{
    const char *answer = faults_ask("ca %s", certificate);
    CHECK(strncmp(answer, "path ", 5) == 0 && strlen(answer) < 512);
    return strcpy(slot(), answer + 5);
}

static const char *url(const char *scheme_and_host, int port)
{
    char *text = slot();
    snprintf(text, 512, "%s:%d", scheme_and_host, port);
    return text;
}

const char *http_url(int port) { return url("http://127.0.0.1", port); }
const char *https_url(int port) { return url("https://localhost", port); }
