# `make demo` and `make test` set up all they need; `make help` lists the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export PATH := $(PATH):$(HOME)/.cargo/bin
CARGO := cargo
LIBRARY := target/release/libokdok.so
ARCHIVE := build/static/libokdok.a
SANDBOX := target/debug/examples/sandbox
FAULTS := target/debug/okdok-faults
WITH_SERVERS := scripts/with-servers
C_WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Werror

# Each part of the tree adds its own targets to these lists.
DEMOS := demo-c
TESTS := test-rust
SLOW_TESTS :=
PLATFORM_TESTS :=
LINTS := lint-rust lint-header lint-scripts

include $(sort $(wildcard bindings/*/*.mk packaging/*.mk tests/*/*.mk benches/*.mk))

.PHONY: help demo test slow-test platform-test lint setup clean library static-library servers $(DEMOS) $(TESTS) $(SLOW_TESTS) $(PLATFORM_TESTS) $(LINTS)

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(DEMOS) ## deletes a signature request from the sandbox, from every language present

test: $(TESTS) ## every test but the slow ones

slow-test: $(SLOW_TESTS) ## the tests that .ci/run adds

platform-test: $(PLATFORM_TESTS) ## builds and tests of the other platforms, under emulation

lint: $(LINTS) ## formatting, warnings, generated files

clean: ## removes what was built
	rm -rf target build dist

setup:
	@scripts/setup-rust

$(LIBRARY) target/release/libokdok.a: library
library: | setup
	@scripts/hide-paths $(CARGO) build --release
	@ln -sf libokdok.so target/release/libokdok.so.0

$(SANDBOX) $(FAULTS): servers
servers: | setup
	@$(CARGO) build --quiet --package okdok --example sandbox
	@$(CARGO) build --quiet --package okdok-faults

build/delete-c: examples/delete.c include/okdok.h $(LIBRARY)
	@mkdir -p build
	$(CC) -std=c99 $(C_WARNINGS) -Iinclude $< $(LIBRARY) -Wl,-rpath,'$$ORIGIN/../target/release' -o $@

demo-c: build/delete-c | $(SANDBOX) $(FAULTS)
	@$(WITH_SERVERS) scripts/show-outcomes C build/delete-c

test-rust: | setup
	$(CARGO) build --quiet
	$(CARGO) test --quiet --workspace

lint-rust: | setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings

lint-header: library
	@git diff --exit-code --stat include/okdok.h || { echo "include/okdok.h is not what the sources generate: commit it"; exit 1; }

lint-scripts:
	@! scripts/need shellcheck shellcheck || shellcheck $$(git ls-files scripts) .ci/run
