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

static void *allocated[4096];
static size_t allocations;

void *harness_alloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL || allocations == sizeof allocated / sizeof *allocated)
        harness_fail(__FILE__, __LINE__, "no memory for a test");
    return allocated[allocations++] = memory;
}

void harness_copy_file(const char *from, const char *to)
{
    static char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    CHECK(in != NULL && out != NULL);
    for (size_t length; (length = fread(bytes, 1, sizeof bytes, in)) > 0;) CHECK(fwrite(bytes, 1, length, out) == length);
    fclose(in);
    CHECK(fclose(out) == 0);
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

void harness_check_str(const char *file, int line, const char *expression, const char *actual, const char *expected)
{
    if (strcmp(actual, expected) != 0) harness_fail(file, line, "%s is \"%s\", not \"%s\"", expression, actual, expected);
}

void harness_check_has(const char *file, int line, const char *expression, const char *text, const char *part)
{
    if (strstr(text, part) == NULL) harness_fail(file, line, "%s, \"%s\", does not hold \"%s\"", expression, text, part);
}

void harness_skip(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    outcome = SKIPPED;
    longjmp(leave, 1);
}

static unsigned share = 1, shares = 1;

static bool is_wanted(const char *name, int argc, char **argv)
{
    static unsigned index;
    if (shares > 1) return strncmp(name, "slow_", 5) != 0 && index++ % shares == share - 1;
    bool slow = strncmp(name, "slow_", 5) == 0, wanted = argc < 2 && !slow;
    for (int i = 1; i < argc; i++)
        wanted = wanted || (strstr(name, argv[i]) != NULL && (!slow || strncmp(argv[i], "slow_", 5) == 0));
    return wanted;
}

int main(int argc, char **argv)
{
    int counts[3] = { 0, 0, 0 };
    if (argc == 2 && sscanf(argv[1], "%u/%u", &share, &shares) != 2) share = shares = 1;
    for (harness_test *test = tests; test != NULL; test = test->next) {
        if (!is_wanted(test->name, argc, argv)) continue;
        outcome = PASSED;
        if (setjmp(leave) == 0) test->run();
        while (allocations > 0) free(allocated[--allocations]);
        if (outcome != PASSED) fprintf(stderr, "    in %s\n", test->name);
        counts[outcome]++;
    }
    const char *name = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
    printf("%s: %d passed, %d failed, %d skipped\n", name, counts[PASSED], counts[FAILED], counts[SKIPPED]);
    if (counts[FAILED] != 0) return 1;
    /* Running no test is a mistake; skipping all of them is not. */
    return counts[PASSED] + counts[SKIPPED] == 0 ? 2 : 0;
}
