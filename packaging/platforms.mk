# The library for other systems: each built once, and tested as far as emulation goes. packaging/targets.txt lists them.
PLATFORMS := $(shell awk '/^[a-z]/ { print $$1 }' packaging/targets.txt)
LIBRARY_SOURCES := $(wildcard src/*.rs) build.rs Cargo.toml Cargo.lock
PLATFORM_SCRIPTS := packaging/platforms/* tests/platforms/suite tests/platforms/library tests/platforms/wine

SLOW_TESTS += arm64 musl windows old-glibc
LINTS += lint-platforms
.PHONY: arm64 musl windows old-glibc lint-platforms $(PLATFORMS:%=test-%)
.SECONDARY: $(PLATFORMS:%=dist/native/%.built)

arm64: test-linux-arm64 ## builds for Linux on arm64, and tests that under qemu
musl: test-linux-musl-x64 ## builds for musl, and tests that with musl's loader
windows: test-win-x64 test-win-x86 ## builds for Windows, and tests that under Wine
old-glibc: test-linux-x64 ## builds for glibc 2.17, and tests that

dist/native/%.built: packaging/targets.txt packaging/platforms/build packaging/platforms/zig.txt $(LIBRARY_SOURCES) | setup
	@packaging/platforms/build $*

$(PLATFORMS:%=test-%): test-%: dist/native/%.built $(C_TESTS)/statuses.h | $(SANDBOX) $(FAULTS)
	@[ ! -e $< ] || { tests/platforms/library $* && $(WITH_SERVERS) tests/platforms/suite $* "$(C_SUPPORT)" "$(filter-out $(C_ALONE),$(wildcard tests/c/*_test.c))"; }

lint-platforms:
	@! scripts/need shellcheck shellcheck || shellcheck $$(grep -l '^#!/bin/sh' $(PLATFORM_SCRIPTS))
