#define _GNU_SOURCE
#include "namespace.h"

#include "harness.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void enter_namespace(bool network)
{
    static bool entered;
    if (entered) return;
    int flags = CLONE_NEWNS | (network ? CLONE_NEWNET : 0);
    if (unshare(flags) != 0 && unshare(flags | CLONE_NEWUSER) != 0) {
        static char reason[160];
        snprintf(reason, sizeof reason, "this machine lets us make no namespace (unshare: %s)", strerror(errno));
        harness_skip(reason);
    }
    /* Nothing mounted here may be visible outside. */
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) harness_skip("the root folder is no mount point, as in a chroot");
    entered = true;
    if (!network) return;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(control >= 0 && ioctl(control, SIOCSIFFLAGS, &request) == 0);
    close(control);
}

void replace_path(const char *path, const char *content)
{
    char real[4096];
    if (realpath(path, real) == NULL) return;
    if (content == NULL) {
        CHECK(mount("none", real, "tmpfs", 0, NULL) == 0);
        return;
    }
    char file[] = "/tmp/okdok-XXXXXX";
    int descriptor = mkstemp(file);
    CHECK(descriptor >= 0 && write(descriptor, content, strlen(content)) == (ssize_t)strlen(content));
    CHECK(fchmod(descriptor, 0644) == 0);
    close(descriptor);
    /* The mount keeps the file without its name. */
    int mounted = mount(file, real, NULL, MS_BIND, NULL);
    unlink(file);
    CHECK(mounted == 0);
}
