# What the library does to its host's process: signals, fork, cancellation, loading, exit, output, threads.
TESTS += test-process
SLOW_TESTS += test-schedules
LINTS += lint-process
.PHONY: test-process test-schedules lint-process

PROCESS_TESTS := build/process
PROCESS_NAMES := signals fork cancel exit silence threads

$(PROCESS_TESTS)/%: tests/process/%_test.c tests/process/child.c $(C_SUPPORT) $(wildcard tests/c/*.h tests/process/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

# Not linked with the library, and with copies of it.
$(PROCESS_TESTS)/loading: tests/process/loading_test.c tests/process/child.c tests/c/harness.c tests/c/faults.c $(wildcard tests/c/*.h tests/process/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) -Wl,-rpath,'$$ORIGIN' -pthread -ldl -o $@
	@for copy in libokdok libokdok-second libokdok-third; do cp $(LIBRARY) $(@D)/$$copy.so; done

test-process: $(PROCESS_NAMES:%=$(PROCESS_TESTS)/%) $(PROCESS_TESTS)/loading | $(SANDBOX) $(FAULTS)
	@for name in $(PROCESS_NAMES) loading; do \
		$(WITH_SERVERS) tests/process/with-host elsewhere.example $(PROCESS_TESTS)/$$name $(ONLY) || exit 1; \
	done

# The handle registry under schedules chosen at random.
test-schedules: | setup
	CARGO_TARGET_DIR=target/schedules $(CARGO) test --quiet --locked --manifest-path tests/process/schedules/Cargo.toml

lint-process: | setup
	@for crate in tests/process/schedules fuzz; do $(CARGO) fmt --manifest-path $$crate/Cargo.toml --check || exit 1; done
	@! scripts/need shellcheck shellcheck || shellcheck tests/process/with-host tests/memory/sanitize tests/memory/valgrind fuzz/run
