# The C test programs under sanitizers and valgrind, a long run that must not grow, and fuzzing.
SLOW_TESTS += test-soak test-valgrind test-address-sanitizer test-thread-sanitizer test-fuzz
.PHONY: test-soak test-valgrind test-address-sanitizer test-thread-sanitizer test-fuzz

comma := ,
empty :=
commas = $(subst $(empty) $(empty),$(comma),$(strip $(1)))
C_SUITE := $(C_SUPPORT) $(filter-out $(C_ALONE),$(wildcard tests/c/*_test.c))
CHECKED := build/process/threads build/process/cancel
# Without signals, which makes mistakes on purpose; fork, which takes long and is run under the address sanitizer; and
# no_resources, since valgrind needs descriptors itself.
FORKING := build/process/exit build/process/silence
# PROGRAM=SOURCE,SOURCE...
process_program = $(1)=$(call commas,tests/process/$(1)_test.c tests/process/child.c $(C_SUPPORT))

build/memory/%: tests/memory/%.c tests/c/harness.c tests/c/faults.c include/okdok.h $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) $(if $(filter soak,$*),$(filter %.c,$^),$<) $(C_LINK) -o $@

test-soak: build/memory/soak | $(SANDBOX) $(FAULTS)
	$(WITH_SERVERS) build/memory/soak

test-valgrind: build/memory/misuse $(C_TESTS)/suite $(C_TESTS)/panic $(C_TESTS)/broken_clock.so $(CHECKED) $(FORKING) | $(SANDBOX) $(FAULTS)
	@! scripts/need valgrind valgrind || $(WITH_SERVERS) tests/process/with-host elsewhere.example tests/memory/valgrind \
		$(CHECKED) $(FORKING:%=%:forks) $(C_TESTS)/panic:panics $(C_TESTS)/suite

test-address-sanitizer: | setup $(SANDBOX) $(FAULTS)
	$(WITH_SERVERS) tests/process/with-host elsewhere.example tests/memory/sanitize address \
		suite=$(call commas,$(C_SUITE)) \
		$(foreach name,threads cancel,$(call process_program,$(name))) \
		$(foreach name,exit fork signals,forks:$(call process_program,$(name)))

# Without those that fork while they have threads, which that sanitizer does not support.
test-thread-sanitizer: | setup $(SANDBOX) $(FAULTS)
	$(WITH_SERVERS) tests/memory/sanitize thread \
		suite=$(call commas,$(C_SUITE)) \
		$(foreach name,threads cancel exit,$(call process_program,$(name)))

test-fuzz: | setup
	@fuzz/run 15
