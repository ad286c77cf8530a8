# The README's programs, compiled and run as they are; and `make demo`, which the README tells people to run.
TESTS += test-readme
.PHONY: test-readme
test-readme: export OKDOK_LIBRARY = $(abspath $(LIBRARY))

test-readme: $(DEMOS) $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@! scripts/need python3 python3 || $(WITH_SERVERS) tests/readme/check
