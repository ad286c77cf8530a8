# What the library does to its host's process: signals, fork, cancellation, loading, exit, output, threads.
TESTS += test-process
.PHONY: test-process

PROCESS_TESTS := build/process
PROCESS_NAMES := signals fork cancel exit silence threads
PROCESS_SUPPORT := tests/c/harness.c tests/c/faults.c tests/process/child.c

$(PROCESS_TESTS)/%: tests/process/%_test.c $(PROCESS_SUPPORT) tests/c/call.c $(wildcard tests/c/*.h tests/process/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

# Not linked with the library, and with a second copy of it.
$(PROCESS_TESTS)/loading: tests/process/loading_test.c $(PROCESS_SUPPORT) $(wildcard tests/c/*.h tests/process/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) -Wl,-rpath,'$$ORIGIN' -pthread -ldl -o $@
	@cp $(LIBRARY) $(@D)/libokdok.so && cp $(LIBRARY) $(@D)/libokdok-copy.so

test-process: $(PROCESS_NAMES:%=$(PROCESS_TESTS)/%) $(PROCESS_TESTS)/loading | $(SANDBOX) $(FAULTS)
	@for name in $(PROCESS_NAMES) loading; do \
		$(WITH_SERVERS) tests/process/with-host elsewhere.example $(PROCESS_TESTS)/$$name $(ONLY) || exit 1; \
	done
