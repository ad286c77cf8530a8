# `make demo` and `make test` set up all they need; `make help` lists the rest. How the makefiles are written:
# - Each part of the tree has one .mk file, which adds its targets to DEMOS, TESTS, SLOW_TESTS, PLATFORM_TESTS and LINTS.
# - More than two lines of shell are a script beside what it works on. Scripts need nothing but a Debian's sh, or say so.
# - What a machine may lack is asked for by scripts/need; if it stays away, say `left out: …` and exit with 0.
# - Targets run side by side (scripts/run-steps): what two of them write is a target of its own.
# - A target that tests ends with a line `N passed, N failed`.
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

DEMOS := demo-c
TESTS := test-rust
SLOW_TESTS :=
PLATFORM_TESTS :=
LINTS := lint-rust lint-header lint-scripts

include $(sort $(wildcard bindings/*/*.mk packaging/*.mk tests/*/*.mk benches/*.mk))

.PHONY: help demo test slow-test platform-test lint check setup clean library static-library servers sandbox \
	$(DEMOS) $(TESTS) $(SLOW_TESTS) $(PLATFORM_TESTS) $(LINTS)

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(DEMOS) ## deletes a signature request from the sandbox, from every language present

test: ## every test but the slow ones
	@scripts/run-steps "$(TESTS)"

slow-test: ## the tests that .ci/run adds
	@scripts/run-steps "$(SLOW_TESTS)"

platform-test: ## builds and tests of the other platforms, under emulation
	@scripts/run-steps "$(PLATFORM_TESTS)"

lint: ## formatting, warnings, generated files
	@scripts/run-steps "$(LINTS)"

check: ## all four, as .ci/run does
	@scripts/run-steps "$(TESTS) $(LINTS)" "$(SLOW_TESTS)" "$(PLATFORM_TESTS)"

# Under scripts/run-steps, which sets STEPS.
ifdef STEPS
SHELL := scripts/step
.SHELLFLAGS = $@
# Of these, each waits for the other, where both are made: they share what Mono or the SDK compiles, Wine's settings, or the
# man pages.
wanted = $(filter $(1),$(MAKECMDGOALS))
test-csharp: | demo-csharp
lint-csharp: | $(call wanted,test-csharp)
nuget: | $(call wanted,test-csharp-older)
test-win-x86: | test-win-x64
test-csharp-windows: | test-win-x86
test-dist: | test-csharp-windows
test-deb: | $(call wanted,test-man)
endif

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
	@$(CARGO) build --package okdok --example sandbox
	@$(CARGO) build --package okdok-faults

PORT ?= 8080
sandbox: servers ## starts the stand-in of the service on http://localhost:8080 (PORT=8080), until Ctrl-C
	@$(SANDBOX) --port $(PORT)

build/delete-c: examples/delete.c include/okdok.h $(LIBRARY)
	@mkdir -p build
	$(CC) -std=c99 $(C_WARNINGS) -Iinclude $< $(LIBRARY) -Wl,-rpath,'$$ORIGIN/../target/release' -o $@

demo-c: build/delete-c | $(SANDBOX) $(FAULTS)
	@$(WITH_SERVERS) scripts/show-outcomes C build/delete-c

test-rust: | setup
	$(CARGO) build --quiet
	$(CARGO) test --quiet --workspace

lint-rust: | setup
	@! scripts/need cargo-fmt rustfmt-web || $(CARGO) fmt --all --check
	@! scripts/need cargo-clippy rust-web-clippy || $(CARGO) clippy --quiet --workspace --all-targets -- -D warnings

lint-header: library
	@git diff --exit-code --stat include/okdok.h || { echo "include/okdok.h is not what the sources generate: commit it"; exit 1; }

lint-scripts:
	@! scripts/need shellcheck shellcheck || shellcheck $$(git ls-files scripts) .ci/run
