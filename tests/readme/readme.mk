# The README's programs, compiled and run as they stand there; and `make demo`, the other thing that it tells people to do.
TESTS += test-readme
.PHONY: test-readme
test-readme: export OKDOK_LIBRARY = $(abspath $(LIBRARY))

test-readme: $(DEMOS) $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@! scripts/need python3 python3 || $(WITH_SERVERS) tests/readme/check
