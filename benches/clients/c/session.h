/* What a client under measurement is to the measuring program: one file for each library implements it. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>

/* Where to delete. */
struct service {
    const char *base_url;
    const char *ca_file;
};

/* What one thread deletes through, made as the library's manual advises. */
void *session_open(const struct service *service);

/* True only when the service confirmed the deletion of this very id. */
bool session_delete(void *session, const char *id);

void session_close(void *session);

const char *session_version(void);

#endif
