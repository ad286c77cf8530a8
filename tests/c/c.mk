# The C suite, through the release library; and what the library's file must be.
TESTS += test-c test-library-file
SLOW_TESTS += slow-test-c
.PHONY: test-c slow-test-c test-library-file

C_TESTS := build/c
C_FLAGS := -std=gnu11 -g $(C_WARNINGS) -Iinclude -Itests/c
C_LINK := $(LIBRARY) -Wl,-rpath,'$$ORIGIN/../../target/release' -pthread -ldl
C_SUPPORT := tests/c/harness.c tests/c/faults.c tests/c/call.c tests/c/cases.c
# Tests that need their own process, because they change it: forks, limits, variables, names, namespaces. Linux only. All
# others are the suite, which is portable.
C_FAST := panic no_resources half_open resolving environment rotation privileged openssl age
C_SLOW := mute_name_server no_authorities tinyproxy nginx socks
C_ALONE := $(patsubst %,tests/c/%_test.c,$(C_FAST) $(C_SLOW))

$(C_TESTS)/suite: $(C_SUPPORT) $(filter-out $(C_ALONE),$(wildcard tests/c/*_test.c)) $(wildcard tests/c/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

$(C_TESTS)/resolving $(C_TESTS)/environment $(C_TESTS)/age: tests/c/names.c
$(C_TESTS)/mute_name_server $(C_TESTS)/no_authorities $(C_TESTS)/rotation: tests/c/namespace.c
$(C_TESTS)/tinyproxy $(C_TESTS)/nginx $(C_TESTS)/socks $(C_TESTS)/openssl: tests/c/program.c
$(C_TESTS)/no_resources: tests/process/child.c
$(C_TESTS)/%: tests/c/%_test.c $(C_SUPPORT) $(wildcard tests/c/*.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

# By an absolute path, since the loader does not expand $$ORIGIN for a set-uid program.
$(C_TESTS)/delete: examples/delete.c include/okdok.h $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) -std=c99 $(C_WARNINGS) -Iinclude $< $(LIBRARY) -Wl,-rpath,$(CURDIR)/target/release -o $@

$(C_TESTS)/broken_clock.so: tests/c/broken_clock.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -shared -fPIC $< -ldl -o $@

test-c: $(C_TESTS)/suite $(C_FAST:%=$(C_TESTS)/%) $(C_TESTS)/broken_clock.so $(C_TESTS)/delete | $(SANDBOX) $(FAULTS)
	$(WITH_SERVERS) $(if $(ONLY),$(C_TESTS)/suite $(ONLY),tests/c/in-shares 4 $(C_TESTS)/suite)
	$(WITH_SERVERS) env LD_PRELOAD=$(CURDIR)/$(C_TESTS)/broken_clock.so $(C_TESTS)/panic
	$(WITH_SERVERS) tests/process/with-host elsewhere.example $(C_TESTS)/privileged
	@! scripts/need openssl openssl || $(WITH_SERVERS) $(C_TESTS)/openssl
	@for program in resolving environment; do $(WITH_SERVERS) tests/c/in-shares 2 $(C_TESTS)/$$program || exit 1; done
	@for program in $(filter-out panic privileged openssl resolving environment,$(C_FAST)); do $(WITH_SERVERS) $(C_TESTS)/$$program || exit 1; done

slow-test-c: $(C_TESTS)/suite $(C_SLOW:%=$(C_TESTS)/%) | $(SANDBOX) $(FAULTS)
	$(WITH_SERVERS) $(C_TESTS)/suite slow_
	@! scripts/need tinyproxy tinyproxy-bin || $(WITH_SERVERS) $(C_TESTS)/tinyproxy slow_
	@! nginx=$$(tests/c/unpacked nginx nginx) || $(WITH_SERVERS) env NGINX=$$nginx $(C_TESTS)/nginx slow_
	@! scripts/need microsocks microsocks || $(WITH_SERVERS) tests/process/with-host elsewhere.example $(C_TESTS)/socks slow_
	@for program in $(filter-out tinyproxy nginx socks,$(C_SLOW)); do $(WITH_SERVERS) $(C_TESTS)/$$program slow_ || exit 1; done

test-library-file: library
	tests/platforms/check-library here
