/* Prints the C layout of the structs that NativeMethods.cs declares again. */
#include <okdok.h>
#include <stddef.h>
#include <stdio.h>

#define SIZE(type) printf(#type " %zu\n", sizeof(type))
#define FIELD(type, field) printf(#type "." #field " %zu %zu\n", offsetof(type, field), sizeof(((type *)0)->field))

int main(void)
{
    printf("OKDOK_ABI_VERSION %d\n", OKDOK_ABI_VERSION);
    SIZE(bool);
    SIZE(okdok_status);
    SIZE(okdok_options);
    FIELD(okdok_options, size);
    FIELD(okdok_options, timeout_ms);
    FIELD(okdok_options, connect_timeout_ms);
    FIELD(okdok_options, max_attempts);
    FIELD(okdok_options, ca_file);
    FIELD(okdok_options, proxy);
    FIELD(okdok_options, user_agent);
    SIZE(okdok_error);
    FIELD(okdok_error, status);
    FIELD(okdok_error, http_status);
    FIELD(okdok_error, attempts);
    FIELD(okdok_error, outcome_unknown);
    FIELD(okdok_error, retry_after_ms);
    FIELD(okdok_error, service_code);
    FIELD(okdok_error, service_value);
    FIELD(okdok_error, message);
    FIELD(okdok_error, elapsed_ms);
    FIELD(okdok_error, attempt_log);
    FIELD(okdok_error, reserved);
    SIZE(okdok_attempt);
    FIELD(okdok_attempt, status);
    FIELD(okdok_attempt, http_status);
    FIELD(okdok_attempt, waited_ms);
    FIELD(okdok_attempt, elapsed_ms);
    return 0;
}
