/* libc's own resolver and a name server that never answers, in a network namespace of this process. */
#include "cases.h"
#include "namespace.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static int mute = -1;
static char ca_file[512];

static int name_server_at(const char *address)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = inet_addr(address) };
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(server >= 0 && bind(server, (struct sockaddr *)&at, sizeof at) == 0);
    return server;
}

static void enter(void)
{
    if (mute >= 0) return;
    /* The fault server cannot be reached from there. */
    strcpy(ca_file, faults_ca("good"));
    enter_namespace(true);
    /* A cache, if there is one, would answer instead of libc. */
    replace_path("/var/run/nscd", NULL);
    replace_path("/etc/nsswitch.conf", "hosts: dns\n");
    replace_path("/etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
    unsetenv("RES_OPTIONS");
    mute = name_server_at("127.0.0.1");
}

static int questions(void)
{
    char question[1500];
    int count = 0;
    while (recv(mute, question, sizeof question, MSG_DONTWAIT) > 0) count++;
    return count;
}

TEST(slow_mute_name_server_holds_up_nothing)
{
    enter();
    /* The second one does not answer either. */
    int other = name_server_at("127.0.0.2");
    static const uint32_t timeouts[] = { 3000, 4000, 30000 };
    long long quickest = INT64_MAX;
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        okdok_options options = one_attempt();
        options.ca_file = ca_file;
        options.timeout_ms = timeouts[i];
        questions();
        planned_call call = { okdok_client_new("https://okdok.test", KEY, &options, NULL, NULL), "id-1", { 0 }, 0 };
        CHECK(call.client != NULL);
        make_side_by_side(&call, 1, 1);
        long long begun = now_ms();
        okdok_free(call.client);
        long long took = now_ms() - begun;
        if (took < quickest) quickest = took;
        CHECK_OUTCOME(call.result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
        CHECK(call.took_ms <= (timeouts[i] == 30000 ? 10000 : timeouts[i] / 2) + slack_ms());
        CHECK(questions() > 0);
    }
    /* A busy machine does not hold up each of them. */
    CHECK(quickest < 100);
    close(other);
}

/* Answers that the name is 127.0.0.1, and has no other kind of address. */
static void *answer(void *argument)
{
    static const unsigned char address[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1 };
    unsigned char packet[1500];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t n;
    while ((n = recvfrom(*(int *)argument, packet, 512, 0, (struct sockaddr *)&from, &length)) > 16) {
        size_t end = 12;
        while (packet[end] != 0) end += packet[end] + 1u;
        bool ipv4 = packet[end + 2] == 1;
        end += 5;
        packet[2] |= 0x80;
        packet[3] = 0x80;
        memset(packet + 6, 0, 6);
        packet[7] = ipv4;
        if (ipv4) {
            memcpy(packet + end, address, sizeof address);
            end += sizeof address;
        }
        sendto(*(int *)argument, packet, end, 0, (struct sockaddr *)&from, length);
        length = sizeof from;
    }
    return NULL;
}

/* libc waits 5 s for the first one before it asks the second: the default connect time-out leaves time for that. */
TEST(slow_mute_name_server_before_a_good_one_is_lived_with)
{
    enter();
    int other = name_server_at("127.0.0.2");
    pthread_t server;
    CHECK(pthread_create(&server, NULL, answer, &other) == 0);
    okdok_options options = one_attempt();
    options.ca_file = ca_file;
    outcome result = delete_at("https://okdok.test:1", &options);
    shutdown(other, SHUT_RDWR);
    pthread_join(server, NULL);
    close(other);
    CHECK(questions() > 0);
    /* The name was found, but nobody listens there. */
    CHECK_OUTCOME(result, OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0);
    CHECK_HAS(result.error.message, "refused");
}
