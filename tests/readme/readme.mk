# The README's programs are the examples; `make demo` runs them all, and make test does so too.
TESTS += test-readme
.PHONY: test-readme

test-readme: $(DEMOS)
	@! scripts/need python3 python3 || tests/readme/check
