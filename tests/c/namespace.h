/* A system of this process's own: its mounts, and its network where wanted. Root or not, where the kernel lets it. */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <stdbool.h>

/* To be called before the library has a thread, once. Skips the test where this machine lets nobody do so. The network is
 * a loopback of its own, on which every port is free. */
void enter_namespace(bool network);

/* From now on `path` is `content` (a file), or empty (a folder, for NULL). Nothing where there is no such path. */
void replace_path(const char *path, const char *content);

#endif
