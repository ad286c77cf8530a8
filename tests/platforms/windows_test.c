/* What only Windows has: its certificate stores, its proxy settings, and libraries that are unloaded. */
#include <windows.h>

#include <pthread.h>
#include <wincrypt.h>

#include "call.h"

#define SETTINGS "Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings"

/* Clients with equal options share what the first one read from the system. */
static okdok_options options_of_its_own(void)
{
    static uint32_t next = 10000;
    okdok_options options = one_attempt();
    options.connect_timeout_ms = next++;
    return options;
}

/* The first certificate of the PEM file. */
static PCCERT_CONTEXT certificate_of(const char *path)
{
    static char text[65536];
    static BYTE der[65536];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char *end = strstr(text, "-----END CERTIFICATE-----");
    CHECK(end != NULL);
    strcpy(end, "-----END CERTIFICATE-----");
    DWORD size = sizeof der;
    CHECK(CryptStringToBinaryA(text, 0, CRYPT_STRING_BASE64HEADER, der, &size, NULL, NULL));
    PCCERT_CONTEXT certificate = CertCreateCertificateContext(X509_ASN_ENCODING, der, size);
    CHECK(certificate != NULL);
    return certificate;
}

static void forget(const char *name)
{
    HCERTSTORE store = CertOpenSystemStoreA(0, name);
    PCCERT_CONTEXT found;
    while ((found = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_SUBJECT_STR_A, "okdok", NULL)) != NULL)
        CHECK(CertDeleteCertificateFromStore(found));
    CHECK(CertCloseStore(store, 0));
}

/* What the tests put into the user's stores. When a process ends, Wine writes back what it has read there. */
static void clear_stores(void)
{
    forget("ROOT");
    forget("CA");
}

static void add(const char *name, const char *certificate)
{
    HCERTSTORE store = CertOpenSystemStoreA(0, name);
    CHECK(CertAddCertificateContextToStore(store, certificate_of(faults_ca(certificate)), CERT_STORE_ADD_ALWAYS, NULL));
    CHECK(CertCloseStore(store, 0));
}

static void unset_variables(void)
{
    SetEnvironmentVariableA("SSL_CERT_FILE", NULL);
    SetEnvironmentVariableA("SSL_CERT_DIR", NULL);
}

/* Puts the fault server's root among the user's authorities, and its intermediate where Windows looks for certificates that a
 * server leaves out. Always both, since Wine looks there for a chain only once per process. */
static void fill_stores(void)
{
    unset_variables();
    clear_stores();
    add("ROOT", "good");
    add("CA", "incomplete");
}

TEST(windows_roots_are_those_of_the_users_store)
{
    fill_stores();
    char certificate[32];
    int responder = faults_serve("silent");
    snprintf(certificate, sizeof certificate, "responder=%d", responder);
    int port = faults_tls(certificate, "ok");
    okdok_options options = options_of_its_own();
    outcome result = delete_at(https_url(port), &options);
    /* Set but empty counts as unset. */
    SetEnvironmentVariableA("SSL_CERT_FILE", "");
    options = options_of_its_own();
    outcome with_empty_variable = delete_at(https_url(port), &options);
    unset_variables();
    clear_stores();
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_OUTCOME(with_empty_variable, OKDOK_STATUS_OK, 200, 1, 0);
    /* Windows was not asked, and nobody asked the responder. */
    CHECK_INT(faults_connections(port), 2);
    CHECK_INT(faults_connections(responder), 0);
}

TEST(windows_refuses_an_unknown_issuer)
{
    const char *unknown[] = { "rotated", "selfsigned" };
    fill_stores();
    okdok_options options = options_of_its_own();
    outcome results[2];
    for (size_t i = 0; i < 2; i++) results[i] = delete_at(https_url(faults_tls(unknown[i], "ok")), &options);
    clear_stores();
    for (size_t i = 0; i < 2; i++) {
        CHECK_OUTCOME(results[i], OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
        CHECK_HAS(results[i].error.message, "not trusted");
    }
}

/* Wine accepts no chain whose revocation list it cannot get. */
static int faults_incomplete(const char *list_steps, int *list)
{
    char certificate[32];
    *list = faults_serve(list_steps);
    snprintf(certificate, sizeof certificate, "incomplete=%d", *list);
    return faults_tls(certificate, "reply=200;Connection:close;;{\"message\":\"msg.deleted\",\"result\":\"{id}\"}");
}

TEST(windows_completes_a_chain_by_what_it_knows)
{
    fill_stores();
    int list, port = faults_incomplete("list", &list);
    okdok_options options = options_of_its_own();
    outcome first = delete_at(https_url(port), &options);
    int connections = faults_connections(port);
    outcome second = delete_at(https_url(port), &options);
    clear_stores();
    CHECK_OUTCOME(first, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_OUTCOME(second, OKDOK_STATUS_OK, 200, 1, 0);
    /* One failed while Windows was asked, one succeeded; and the next call knew the verdict. */
    CHECK_INT(connections, 2);
    CHECK_INT(faults_connections(port), 3);
}

TEST(windows_is_not_asked_where_roots_are_named)
{
    fill_stores();
    int list, port = faults_incomplete("list", &list);
    okdok_options options = options_of_its_own();
    SetEnvironmentVariableA("SSL_CERT_FILE", faults_ca("good"));
    outcome by_variable = delete_at(https_url(port), &options);
    unset_variables();
    options.ca_file = faults_ca("good");
    outcome by_option = delete_at(https_url(port), &options);
    clear_stores();
    CHECK_OUTCOME(by_variable, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK_OUTCOME(by_option, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
    CHECK_INT(faults_connections(port), 2);
    CHECK_INT(faults_connections(list), 0);
}

typedef struct deletion {
    const char *url;
    okdok_options options;
    outcome result;
    long long ended;
} deletion;

static void *delete_there(void *argument)
{
    deletion *it = argument;
    it->result = delete_at(it->url, &it->options);
    it->ended = now_ms();
    return NULL;
}

TEST(windows_a_responder_that_never_answers_holds_nobody_else_up)
{
    enum { CALLS = 50 };
    fill_stores();
    int list, port = faults_incomplete("silent", &list), good = faults_tls("good", "ok");
    char url[64];
    snprintf(url, sizeof url, "%s", https_url(port));
    deletion held = { .url = url, .options = options_of_its_own() };
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, delete_there, &held) == 0);
    /* From now on Windows waits for the list. */
    faults_ask("waitconn %d 1", list);
    outcome other;
    int gone = 0;
    do {
        other = delete_at(https_url(good), &held.options);
    } while (other.gone && ++gone < CALLS);
    long long ended = now_ms();
    CHECK(pthread_join(thread, NULL) == 0);
    clear_stores();
    CHECK_OUTCOME(other, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_INT(gone, CALLS);
    CHECK(ended < held.ended);
    /* No longer than the connect time-out. */
    CHECK_OUTCOME(held.result, OKDOK_STATUS_CONNECT_FAILED, 0, 1, 0);
    CHECK_HAS(held.result.error.message, "the system did not say");
    CHECK_INT(faults_requests(port), 0);
}

static void set_proxy(const char *server, DWORD enabled)
{
    HKEY settings;
    CHECK(RegCreateKeyExA(HKEY_CURRENT_USER, SETTINGS, 0, NULL, 0, KEY_SET_VALUE, NULL, &settings, NULL) == ERROR_SUCCESS);
    CHECK(RegSetValueExA(settings, "ProxyServer", 0, REG_SZ, (const BYTE *)server, (DWORD)strlen(server) + 1) == ERROR_SUCCESS);
    CHECK(RegSetValueExA(settings, "ProxyEnable", 0, REG_DWORD, (const BYTE *)&enabled, sizeof enabled) == ERROR_SUCCESS);
    RegCloseKey(settings);
}

TEST(windows_proxy_settings_are_used)
{
    static const char *variables[] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy" };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) SetEnvironmentVariableA(variables[i], NULL);
    int proxy = faults_proxy("403");
    char server[64];
    snprintf(server, sizeof server, "127.0.0.1:%d", proxy);
    okdok_options options = options_of_its_own();
    set_proxy(server, 1);
    outcome result = delete_at("https://service.invalid", &options);
    set_proxy(server, 0);
    CHECK_OUTCOME(result, OKDOK_STATUS_PROXY_REFUSED, 0, 1, 0);
    CHECK_HAS(faults_ask("seen %d", proxy), "connections 1");

    result = delete_at("https://service.invalid", &options);
    CHECK_OUTCOME(result, OKDOK_STATUS_RESOLVE_FAILED, 0, 1, 0);
}

/* The program is linked with the library, too, so this loads another copy of the file, which is another module. */
TEST(windows_library_stays_loaded_with_its_threads)
{
    char copy[MAX_PATH], original[MAX_PATH];
    CHECK(GetModuleFileNameA(GetModuleHandleA("libokdok.dll"), original, sizeof original) > 0);
    snprintf(copy, sizeof copy, "%.200s.copy.dll", original);
    CHECK(CopyFileA(original, copy, FALSE));
    HMODULE library = LoadLibraryA(copy);
    CHECK(library != NULL);
    okdok_client *(*make)(const char *, const char *, const okdok_options *, okdok_status *, okdok_error *);
    bool (*delete_request)(const okdok_client *, const char *, okdok_status *, okdok_error *);
    *(FARPROC *)&make = GetProcAddress(library, "okdok_client_new");
    *(FARPROC *)&delete_request = GetProcAddress(library, "okdok_delete_signature_request");
    CHECK(make != NULL && delete_request != NULL);

    okdok_client *client = make(http_url(faults_serve("ok")), KEY, NULL, NULL, NULL);
    CHECK(client != NULL);
    CHECK(FreeLibrary(library));
    CHECK(GetModuleHandleA(copy) == library);
    outcome result;
    result.gone = delete_request(client, "id-1", NULL, &result.error);
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
}

TEST(windows_ids_are_utf8)
{
    int port = faults_serve("service");
    okdok_options options = one_attempt();
    outcome result = delete_id_at(http_url(port), &options, "\xC5\xBE\xC3\xA1k-\xE2\x9C\x93");
    CHECK_OUTCOME(result, OKDOK_STATUS_OK, 200, 1, 0);
    CHECK_STR(result.error.service_value, "\xC5\xBE\xC3\xA1k-\xE2\x9C\x93");
    CHECK_STR(faults_ask("deleted %d %%C5%%BE%%C3%%A1k-%%E2%%9C%%93", port), "yes");
}

static DWORD handles(void)
{
    DWORD count = 0;
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

TEST(windows_a_thousand_clients_share_their_thread_and_handles)
{
    static okdok_client *clients[1000];
    const char *url = http_url(faults_serve("ok"));
    clients[0] = okdok_client_new(url, KEY, NULL, NULL, NULL);
    CHECK(okdok_delete_signature_request(clients[0], "id-0", NULL, NULL));
    DWORD before = handles();
    for (size_t i = 1; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%u", (unsigned)i);
        clients[i] = okdok_client_new(url, KEY, NULL, NULL, NULL);
        CHECK(okdok_delete_signature_request(clients[i], id, NULL, NULL));
    }
    /* A thread counts as a handle, too. Windows opens and closes a few itself. */
    CHECK(handles() < before + 50);
    for (size_t i = 0; i < 1000; i++) okdok_free(clients[i]);
    CHECK(handles() < before + 50);
}
