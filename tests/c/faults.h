/* The fault server, for tests in C; tests/faults/src/main.rs describes its commands. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

/* Sends one command, formatted as by printf, and returns the answer without its line end; static, until the next call on
 * this thread. If the server refuses the command, the test fails. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
const char *faults_ask(const char *format, ...);

/* Each makes a listener and returns its port. */
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

/* A PEM file that trusts this certificate. Static, like the URLs below, until some more are made on this thread. */
const char *faults_ca(const char *certificate);

/* http://127.0.0.1:PORT, https://localhost:PORT */
const char *http_url(int port);
const char *https_url(int port);

#endif
