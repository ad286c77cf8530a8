/* A new client trusts what the files hold when it is made: no longer an authority that was removed, and at once one that was
 * added. Clients that read the same content share their connections. */
#define _GNU_SOURCE
#include "cases.h"
#include "namespace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[256];
static okdok_options options;
static int good_server, rotated_server;

static const char *in_folder(const char *name)
{
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", folder, name);
    return path;
}

static void begin(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    /* Beside the fault server's own files, which are removed when it ends. */
    snprintf(folder, sizeof folder, "%s.XXXXXX", faults_ca("good"));
    CHECK(mkdtemp(folder) != NULL);
    options = one_attempt();
    good_server = faults_tls("good", "ok");
    rotated_server = faults_tls("rotated", "ok");
}

/* The bundles of these certificates, one after the other, padded to the same size with empty lines. */
static const char *content(const char *first, const char *second)
{
    static char text[8192];
    const char *names[] = { first, second };
    size_t length = 0;
    for (size_t i = 0; i < 2; i++) {
        if (names[i] == NULL) continue;
        FILE *file = fopen(faults_ca(names[i]), "r");
        CHECK(file != NULL);
        length += fread(text + length, 1, sizeof text - length - 1, file);
        fclose(file);
    }
    memset(text + length, '\n', sizeof text - length - 1);
    return text;
}

/* Writes in place: the same file, the same size, and the same time (as rsync and tar leave it). A new file is made to look
 * ten seconds old, since younger ones may be distrusted. */
static void write_in_place(const char *path, const char *text)
{
    struct stat before;
    if (stat(path, &before) != 0) CHECK(clock_gettime(CLOCK_REALTIME, &before.st_mtim) == 0 && (before.st_mtim.tv_sec -= 10) > 0);
    FILE *file = fopen(path, access(path, F_OK) == 0 ? "r+" : "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    struct timespec times[2] = { before.st_mtim, before.st_mtim };
    CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
}

static void write_and_rename(const char *path, const char *text)
{
    struct stat before;
    char new[600];
    snprintf(new, sizeof new, "%s.new", path);
    CHECK(stat(path, &before) == 0);
    write_in_place(new, text);
    struct timespec times[2] = { before.st_mtim, before.st_mtim };
    CHECK(utimensat(AT_FDCWD, new, times, 0) == 0 && rename(new, path) == 0);
}

static void link_anew(const char *target, const char *path)
{
    char new[600];
    snprintf(new, sizeof new, "%s.new", path);
    CHECK(symlink(target, new) == 0 && rename(new, path) == 0);
}

/* Checked by new clients; what is not trusted must fail for that reason. */
static void check_trust(bool good, bool rotated, const char *after)
{
    for (int i = 0; i < 2; i++) {
        bool wanted = i == 0 ? good : rotated;
        outcome result = delete_at(https_url(i == 0 ? good_server : rotated_server), &options);
        if (result.gone != wanted)
            harness_fail(__FILE__, __LINE__, "%s: the %s authority %s: %s", after, i == 0 ? "good" : "rotated",
                         wanted ? "is not trusted" : "is trusted", result.error.message);
        CHECK_OUTCOME(result, wanted ? OKDOK_STATUS_OK : OKDOK_STATUS_TLS_FAILED, wanted ? 200 : 0, 1, 0);
    }
}

/* A bundle at `path`, however it was named. */
static void check_bundle(const char *path)
{
    write_in_place(path, content("good", NULL));
    check_trust(true, false, "at first");
    check_trust(true, false, "without a change");
    CHECK_INT(faults_connections(good_server), 1);

    write_in_place(path, content("good", "rotated"));
    check_trust(true, true, "one added");
    write_in_place(path, content("rotated", NULL));
    check_trust(false, true, "one removed");
    write_in_place(path, content("good", NULL));
    check_trust(true, false, "replaced in place");
    write_and_rename(path, content("rotated", NULL));
    check_trust(false, true, "replaced by rename");

    /* As Kubernetes does: the path is a link through a folder that is a link. */
    CHECK(mkdir(in_folder("1"), 0755) == 0 && mkdir(in_folder("2"), 0755) == 0);
    write_in_place(in_folder("1/ca.pem"), content("good", NULL));
    write_in_place(in_folder("2/ca.pem"), content("rotated", NULL));
    link_anew("1", in_folder("data"));
    char target[600];
    snprintf(target, sizeof target, "%s/data/ca.pem", folder);
    CHECK(unlink(path) == 0);
    link_anew(target, path);
    check_trust(true, false, "made a link");
    link_anew("2", in_folder("data"));
    check_trust(false, true, "a folder on its way replaced");
    write_in_place(in_folder("2/ca.pem"), content("good", NULL));
    check_trust(true, false, "what it links to replaced in place");
}

/* A system whose stores hold only what the test puts there. Tests run in the order of their names, so the first of these
 * runs first of all, before the library has a thread. */
static void enter_system(void)
{
    static const char *others[] = { "/etc/pki", "/usr/lib/ssl", "/usr/local/ssl", "/usr/share/ssl", "/usr/ssl", "/var/ssl", "/etc/openssl",
                                    "/etc/certs", "/usr/local/share/certs", "/usr/local/etc/ssl" };
    if (access("/etc/ssl", F_OK) != 0) harness_skip("this machine has no /etc/ssl to put something in the place of");
    enter_namespace(false);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) replace_path(others[i], NULL);
    replace_path("/etc/ssl", NULL);
    CHECK(mkdir("/etc/ssl/certs", 0755) == 0);
    begin();
}

static void make_old(const char *path)
{
    struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    CHECK(utimensat(AT_FDCWD, path, long_ago, 0) == 0);
}

TEST(rotation_in_the_systems_bundle)
{
    enter_system();
    write_in_place("/etc/ssl/certs/ca-certificates.crt", content("good", NULL));
    make_old("/etc/ssl/certs");
    check_bundle("/etc/ssl/certs/ca-certificates.crt");
}

/* Waits for a slow call to end. Of files that changed less than a second ago everything is read at once. */
static void let_files_grow_old(void)
{
    okdok_options plain = OKDOK_OPTIONS_INIT;
    CHECK(delete_at(http_url(faults_serve("delay=1200")), &plain).gone);
}

/* If there is a bundle, the folder is read only when a chain needs it, so a client finds what was put there after it was made. */
TEST(rotation_in_the_systems_folder_beside_a_bundle)
{
    enter_system();
    write_in_place("/etc/ssl/certs/ca-certificates.crt", content("good", NULL));
    write_in_place(in_folder("rotated.crt"), content("rotated", NULL));
    check_trust(true, false, "at first");
    let_files_grow_old();

    okdok_client *client = okdok_client_new(https_url(rotated_server), KEY, &options, NULL, NULL);
    CHECK(client != NULL);
    link_anew(in_folder("rotated.crt"), "/etc/ssl/certs/89abcdef.0");
    CHECK(okdok_delete_signature_request(client, "id-1", NULL, NULL));
    okdok_free(client);
    check_trust(true, true, "one added");
    let_files_grow_old();
    check_trust(true, true, "that is old");
    CHECK(unlink("/etc/ssl/certs/89abcdef.0") == 0);
    check_trust(true, false, "one removed");
    let_files_grow_old();
    check_trust(true, false, "that is old");
    /* Without a certificate in the bundle the folder is all there is. */
    link_anew(in_folder("rotated.crt"), "/etc/ssl/certs/89abcdef.0");
    write_and_rename("/etc/ssl/certs/ca-certificates.crt", "");
    let_files_grow_old();
    check_trust(false, true, "an empty bundle");
}

/* The rest of a certificate must be right too, wherever its authority was found. */
TEST(rotation_beside_a_bundle_trusts_the_good_certificates_alone)
{
    static const char *bad[][2] = { { "expired", "has expired" }, { "wronghost", "for another host" }, { "wrongusage", "wrong key usage" } };
    static const char *good[] = { "chain", "tls12", "tls13" };
    enter_system();
    write_in_place(in_folder("own.crt"), content("good", NULL));
    for (int in_bundle = 1; in_bundle >= 0; in_bundle--) {
        write_in_place("/etc/ssl/certs/ca-certificates.crt", content(in_bundle ? "good" : "rotated", NULL));
        if (!in_bundle) link_anew(in_folder("own.crt"), "/etc/ssl/certs/01234567.0");
        let_files_grow_old();
        check_trust(true, !in_bundle, in_bundle ? "in the bundle" : "in the folder");
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
            CHECK(delete_at(https_url(faults_tls(good[i], "ok")), &options).gone);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            outcome result = delete_at(https_url(faults_tls(bad[i][0], "ok")), &options);
            CHECK_OUTCOME(result, OKDOK_STATUS_TLS_FAILED, 0, 1, 0);
            CHECK_HAS(result.error.message, bad[i][1]);
        }
    }
}

/* Without a bundle: hashed links, as in Debian's folder, to the administrator's own certificates. */
TEST(rotation_in_the_systems_folder)
{
    enter_system();
    write_in_place(in_folder("own.crt"), content("good", NULL));
    write_in_place(in_folder("other.crt"), content("rotated", NULL));
    link_anew(in_folder("own.crt"), "/etc/ssl/certs/01234567.0");
    make_old("/etc/ssl/certs");
    check_trust(true, false, "at first");
    link_anew(in_folder("other.crt"), "/etc/ssl/certs/89abcdef.0");
    check_trust(true, true, "one added");
    CHECK(unlink("/etc/ssl/certs/89abcdef.0") == 0);
    check_trust(true, false, "one removed");
    make_old("/etc/ssl/certs");
    check_trust(true, false, "the folder is old");
    /* The folder itself does not change. */
    write_in_place(in_folder("own.crt"), content("rotated", NULL));
    check_trust(false, true, "what it links to replaced in place");
}

TEST(rotation_of_ca_file)
{
    begin();
    options.ca_file = in_folder("bundle.pem");
    char path[512];
    strcpy(path, options.ca_file);
    options.ca_file = path;
    check_bundle(path);
}

TEST(rotation_of_ssl_cert_file)
{
    begin();
    setenv("SSL_CERT_FILE", in_folder("bundle.pem"), 1);
    check_bundle(getenv("SSL_CERT_FILE"));
}

/* Hashed links to files in another folder, as c_rehash makes them. */
TEST(rotation_of_ssl_cert_dir)
{
    begin();
    CHECK(mkdir(in_folder("hashed"), 0755) == 0);
    setenv("SSL_CERT_DIR", in_folder("hashed"), 1);
    char first[600], second[600];
    snprintf(first, sizeof first, "%s/hashed/01234567.0", folder);
    snprintf(second, sizeof second, "%s/hashed/89abcdef.1", folder);
    write_in_place(in_folder("good.pem"), content("good", NULL));
    write_in_place(in_folder("rotated.pem"), content("rotated", NULL));
    write_in_place(in_folder("changing.pem"), content("good", NULL));

    link_anew("../good.pem", first);
    check_trust(true, false, "at first");
    link_anew("../rotated.pem", second);
    check_trust(true, true, "one added");
    CHECK(unlink(first) == 0);
    check_trust(false, true, "one removed");
    link_anew("../good.pem", second);
    check_trust(true, false, "a link replaced by rename");
    link_anew("../changing.pem", second);
    check_trust(true, false, "the same by another name");
    /* The folder itself does not change. */
    write_in_place(in_folder("changing.pem"), content("rotated", NULL));
    check_trust(false, true, "what it links to replaced in place");
    write_and_rename(in_folder("changing.pem"), content("good", NULL));
    check_trust(true, false, "what it links to replaced by rename");
    CHECK(unlink(second) == 0);
    write_in_place(second, content("rotated", NULL));
    check_trust(false, true, "a file in place of the link");
    write_in_place(second, content("good", NULL));
    check_trust(true, false, "that file replaced in place");
}

/* Where the files are read anyway, only the content counts. */
TEST(rotation_of_names_alone_changes_nothing)
{
    begin();
    static const char *names[] = { "a.pem", "b.pem", "a.pem" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        write_in_place(in_folder(names[i]), content("good", NULL));
        options.ca_file = in_folder(names[i]);
        CHECK(delete_at(https_url(good_server), &options).gone);
    }
    CHECK_INT(faults_connections(good_server), 1);
}
