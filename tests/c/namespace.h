/* Namespaces for this process: its mounts and, if wanted, its network; as root or not, if the kernel allows it. */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <stdbool.h>

/* To be called once, before the library has a thread. Skips the test if this machine does not allow it. The network is a
 * separate loopback, on which every port is free. */
void enter_namespace(bool network);

/* From now on `path` is a file with `content`, or an empty folder (for NULL). Does nothing if there is no such path. */
void replace_path(const char *path, const char *content);

#endif
