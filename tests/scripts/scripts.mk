# Tests of the scripts that set up and run everything else.
TESTS += test-scripts
LINTS += lint-test-scripts
.PHONY: test-scripts lint-test-scripts

test-scripts:
	@tests/scripts/check

lint-test-scripts:
	@! scripts/need shellcheck shellcheck || shellcheck tests/scripts/check
