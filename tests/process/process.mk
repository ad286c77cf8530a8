# What the library does to its host's process: signals, fork, cancellation, loading, exit, output, threads.
TESTS += test-process
LINTS += lint-process
.PHONY: test-process lint-process

PROCESS_TESTS := build/process
PROCESS_NAMES := signals fork fork_handlers cancel exit silence threads

$(PROCESS_TESTS)/%: tests/process/%_test.c tests/process/child.c $(C_SUPPORT) $(wildcard tests/c/*.h tests/process/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

# Not linked with the library, and with copies of it.
$(PROCESS_TESTS)/loading: tests/process/loading_test.c tests/process/child.c tests/c/harness.c tests/c/faults.c $(wildcard tests/c/*.h tests/process/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) -Wl,-rpath,'$$ORIGIN' -pthread -ldl -o $@
	@for copy in libokdok libokdok-second libokdok-third; do cp $(LIBRARY) $(@D)/$$copy.so; done

$(PROCESS_TESTS)/no_wipe.so: tests/process/no_wipe.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -shared -fPIC $< -ldl -o $@

test-process: $(PROCESS_NAMES:%=$(PROCESS_TESTS)/%) $(PROCESS_TESTS)/loading $(PROCESS_TESTS)/no_wipe.so | $(SANDBOX) $(FAULTS)
	@ran=; for name in $(PROCESS_NAMES) loading; do \
		$(WITH_SERVERS) tests/process/with-host elsewhere.example $(PROCESS_TESTS)/$$name $(ONLY) && ran=yes || \
			[ $$? = $(if $(ONLY),2,0) ] || exit 1; \
	done; [ -n "$$ran" ]
	$(if $(ONLY),,$(WITH_SERVERS) tests/process/with-host elsewhere.example env LD_PRELOAD=$(CURDIR)/$(PROCESS_TESTS)/no_wipe.so $(PROCESS_TESTS)/fork)

lint-process: | setup
	@! scripts/need cargo-fmt rustfmt-web || $(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	@! scripts/need shellcheck shellcheck || shellcheck tests/process/with-host tests/memory/sanitize tests/memory/valgrind fuzz/run
