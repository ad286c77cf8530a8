#include "harness.h"

#include <stdarg.h>

static harness_test *tests;
static jmp_buf leave;
static enum { PASSED, FAILED, SKIPPED } outcome;

void harness_register(harness_test *test)
{
    harness_test **place = &tests;
    while (*place != NULL && strcmp((*place)->name, test->name) < 0) place = &(*place)->next;
    test->next = *place;
    *place = test;
}

void harness_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    outcome = FAILED;
    longjmp(leave, 1);
}

void harness_skip(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    outcome = SKIPPED;
    longjmp(leave, 1);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    bool wanted = argc < 2;
    for (int i = 1; i < argc; i++) wanted = wanted || strstr(name, argv[i]) != NULL;
    return wanted;
}

int main(int argc, char **argv)
{
    int counts[3] = { 0, 0, 0 };
    for (harness_test *test = tests; test != NULL; test = test->next) {
        if (!is_wanted(test->name, argc, argv)) continue;
        outcome = PASSED;
        if (setjmp(leave) == 0) test->run();
        if (outcome != PASSED) fprintf(stderr, "    in %s\n", test->name);
        counts[outcome]++;
    }
    printf("%s: %d passed, %d failed, %d skipped\n", "c", counts[PASSED], counts[FAILED], counts[SKIPPED]);
    return counts[FAILED] != 0 || counts[PASSED] == 0;
}
