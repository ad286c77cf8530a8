# `make demo` and `make test` set up everything they need; `make help` lists the other targets. Rules for the makefiles:
# - Each part of the tree has one .mk file, which adds its targets to DEMOS, TESTS, SLOW_TESTS, PLATFORM_TESTS and LINTS.
# - More than two lines of shell go into a script, next to what it works on. Scripts need only Debian's sh, or name what else.
# - scripts/need asks for what a machine may lack; if it cannot be had, print `left out: …` and exit with 0.
# - Targets run in parallel (scripts/run-steps), so a file that two of them need has its own target.
# - A target that runs tests ends with a line `N passed, N failed`.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export PATH := $(PATH):$(HOME)/.cargo/bin
# These would move what cargo builds away from target/, where everything looks for it.
unexport CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_TARGET
CARGO := cargo
LIBRARY := target/release/libokdok.so
ARCHIVE := build/static/libokdok.a
SANDBOX := target/debug/examples/sandbox
FAULTS := target/debug/okdok-faults
WITH_SERVERS := scripts/with-servers
# The exit code of a package that cannot be made: an error if it is what was asked for.
NOT_MADE := $(if $(STEPS)$(IN_DIST),0,1)
C_WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Werror

DEMOS := demo-c
TESTS := test-rust
SLOW_TESTS :=
PLATFORM_TESTS :=
LINTS := lint-rust lint-header lint-scripts

include $(sort $(wildcard bindings/*/*.mk packaging/*.mk tests/*/*.mk benches/*.mk))

.PHONY: help demo test slow-test platform-test lint check setup clean library static-library servers sandbox \
	$(DEMOS) $(TESTS) $(SLOW_TESTS) $(PLATFORM_TESTS) $(LINTS)

help: ## prints this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(DEMOS) ## deletes a signature request from the sandbox, in every language that is available

test: ## runs all tests except the slow ones
	@scripts/run-steps "$(TESTS)"

slow-test: ## runs the slow tests
	@scripts/run-steps "$(SLOW_TESTS)"

platform-test: ## builds and tests the library for other platforms, under emulation
	@scripts/run-steps "$(PLATFORM_TESTS)"

lint: ## checks formatting, warnings and generated files
	@scripts/run-steps "$(LINTS)"

check: ## test, lint, slow-test and platform-test, as .ci/run does
	@scripts/run-steps "$(TESTS) $(LINTS)" "$(SLOW_TESTS)" "$(PLATFORM_TESTS)"

# Under scripts/run-steps, which sets STEPS.
ifdef STEPS
SHELL := scripts/step
.SHELLFLAGS = $@
# If both targets of a line are made, the first waits for the second: they share what Mono or the SDK compiles, Wine's
# settings, or the man pages.
wanted = $(filter $(1),$(MAKECMDGOALS))
test-csharp: | demo-csharp
lint-csharp: | $(call wanted,test-csharp)
nuget: | $(call wanted,test-csharp-older)
test-win-x86: | test-win-x64
test-csharp-windows: | test-win-x86
test-dist: | test-csharp-windows
man: | $(call wanted,test-man)
endif

clean: ## removes everything that was built
	rm -rf target build dist

setup:
	@scripts/setup-rust

$(LIBRARY) target/release/libokdok.a: library
library: | setup
	@scripts/hide-paths $(CARGO) build --release
	@ln -sf libokdok.so target/release/libokdok.so.0

$(SANDBOX) $(FAULTS): servers
# With --workspace, they are the same files as those of test-rust; if they were not, cargo would replace them while tests start them.
servers: | setup
	@$(CARGO) build --workspace --example sandbox --bin okdok-faults

PORT ?= 8080
sandbox: servers ## starts the sandbox on http://localhost:8080 (PORT=8080), until Ctrl-C
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
	@git diff --exit-code --stat include/okdok.h || { echo "include/okdok.h has changed: commit what the sources generate"; exit 1; }

lint-scripts:
	@! scripts/need shellcheck shellcheck || shellcheck $$(git ls-files scripts) .ci/run
