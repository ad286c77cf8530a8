/* The fault server, as its tests see it; tests/faults/src/main.rs describes what it can be asked for. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

/* Sends one command, made like printf, and returns the answer without its line end; static, until the next call on this
 * thread. A command that the server refuses ends the test. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
const char *faults_ask(const char *format, ...);

/* A new listener; its port. */
int faults_serve(const char *steps);
int faults_tls(const char *certificate, const char *steps);
int faults_proxy(const char *steps);
int faults_closed(void);
int faults_stall(void);

/* How much a listener has seen. */
int faults_connections(int port);
int faults_requests(int port);

/* The raw bytes of the request, NUL-terminated; to be freed. */
char *faults_request(int port, int index);

/* A PEM file that trusts this certificate. Static, as the URLs below, until some more were made on this thread. */
const char *faults_ca(const char *certificate);

/* http://127.0.0.1:PORT, https://localhost:PORT */
const char *http_url(int port);
const char *https_url(int port);

#endif
