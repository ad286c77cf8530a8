/* A test harness: tests register themselves, and a failed check ends its test.
 *
 *     TEST(what_must_hold) { CHECK_INT(1 + 1, 2); }
 *
 * A test program runs all of its tests, or those whose names contain one of its arguments; a test whose name begins with
 * slow_ runs only if an argument begins so, too. The argument 2/3 runs the second of three shares. The exit code is 1 if a
 * test failed, and 2 if there was none to run.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct harness_test {
    const char *name;
    void (*run)(void);
    struct harness_test *next;
} harness_test;

void harness_register(harness_test *test);
#if defined(__GNUC__)
__attribute__((noreturn, format(printf, 3, 4)))
#endif
void harness_fail(const char *file, int line, const char *format, ...);
/* Leaves the test, which counts as skipped, and prints the reason. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void harness_skip(const char *reason);

/* Zeroed memory, freed when the test ends, however it ends. */
void *harness_alloc(size_t count, size_t size);

void harness_copy_file(const char *from, const char *to);

#define TEST(name)                                                                      \
    static void test_##name(void);                                                      \
    static harness_test harness_##name = { #name, test_##name, NULL };                  \
    __attribute__((constructor)) static void harness_register_##name(void)              \
    {                                                                                   \
        harness_register(&harness_##name);                                              \
    }                                                                                   \
    static void test_##name(void)

#define CHECK(condition)                                                                \
    do {                                                                                \
        if (!(condition)) harness_fail(__FILE__, __LINE__, "%s", #condition);           \
    } while (0)

#define CHECK_INT(actual, expected)                                                     \
    do {                                                                                \
        long long harness_a = (long long)(actual), harness_e = (long long)(expected);   \
        if (harness_a != harness_e)                                                     \
            harness_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, harness_a, harness_e); \
    } while (0)

/* Functions, since a struct that a call returns, and an array in it, last only as long as the expression. */
void harness_check_str(const char *file, int line, const char *expression, const char *actual, const char *expected);
void harness_check_has(const char *file, int line, const char *expression, const char *text, const char *part);

#define CHECK_STR(actual, expected) harness_check_str(__FILE__, __LINE__, #actual, actual, expected)

#define CHECK_HAS(text, part) harness_check_has(__FILE__, __LINE__, #text, text, part)

#endif
