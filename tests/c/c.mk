# The C suite, through the release library; and what the header and the library's file must be.
TESTS += test-c test-header test-library-file
.PHONY: test-c test-header test-library-file

C_TESTS := build/c
C_FLAGS := -std=gnu11 -g $(C_WARNINGS) -Iinclude -Itests/c -I$(C_TESTS)
C_LINK := $(LIBRARY) -Wl,-rpath,'$$ORIGIN/../../target/release' -pthread -ldl
C_SUPPORT := tests/c/harness.c tests/c/faults.c tests/c/call.c
# Tests that need a process of their own, or a preloaded library.
C_ALONE := tests/c/panic_test.c tests/c/no_resources_test.c

$(C_TESTS)/statuses.h: include/okdok.h
	@mkdir -p $(@D)
	@sed -nE 's/^#define (OKDOK_STATUS_[A-Z_]+) .*/X(\1)/p' $< >$@

$(C_TESTS)/suite: $(C_SUPPORT) $(filter-out $(C_ALONE),$(wildcard tests/c/*_test.c)) $(wildcard tests/c/*.h) $(C_TESTS)/statuses.h $(LIBRARY)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

$(C_TESTS)/%: tests/c/%_test.c $(C_SUPPORT) $(wildcard tests/c/*.h) $(C_TESTS)/statuses.h $(LIBRARY)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

$(C_TESTS)/broken_clock.so: tests/c/broken_clock.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -shared -fPIC $< -ldl -o $@

test-c: $(C_TESTS)/suite $(C_TESTS)/panic $(C_TESTS)/no_resources $(C_TESTS)/broken_clock.so | $(SANDBOX) $(FAULTS)
	$(WITH_SERVERS) $(C_TESTS)/suite $(ONLY)
	$(WITH_SERVERS) env LD_PRELOAD=$(CURDIR)/$(C_TESTS)/broken_clock.so $(C_TESTS)/panic
	$(WITH_SERVERS) $(C_TESTS)/no_resources

test-header: library
	tests/c/check-header

test-library-file: library
	tests/c/check-library-file $(LIBRARY)
