# The library for other systems. Each is built once, and tested as far as emulation allows. packaging/targets.txt lists them.
PLATFORMS := $(shell awk '/^[a-z]/ { print $$1 }' packaging/targets.txt)
LIBRARY_SOURCES := $(wildcard src/*.rs src/*/*.rs) build.rs Cargo.toml Cargo.lock

PLATFORM_TESTS += old-glibc arm64 musl windows test-dist test-debian-11 test-reproducible
LINTS += lint-platforms lint-crates
.PHONY: arm64 musl windows old-glibc dist release test-csharp-windows test-dist test-debian-11 test-reproducible lint-platforms lint-crates $(PLATFORMS:%=test-%)
.SECONDARY: $(PLATFORMS:%=dist/native/%.built)

arm64: test-linux-arm64 ## builds for Linux on arm64, and tests it under qemu
musl: test-linux-musl-x64 test-linux-musl-arm64 ## builds for musl, and tests it with musl's loader
windows: test-win-x64 test-win-x86 test-csharp-windows ## builds for Windows, and tests it under Wine
old-glibc: test-linux-x64 ## builds for glibc 2.17, and tests it

dist/native/%.built: packaging/targets.txt $(addprefix packaging/platforms/,build-library find-std read-target write-version-resource fetch-zig zig.txt) $(LIBRARY_SOURCES) | setup
	@packaging/platforms/build-library $*

$(PLATFORMS:%=test-%): test-%: dist/native/%.built | $(SANDBOX) $(FAULTS)
	@[ ! -e $< ] || { tests/platforms/check-library $* && \
		$(WITH_SERVERS) tests/platforms/run-suite $* "$(C_SUPPORT)" "$(filter-out $(C_ALONE),$(wildcard tests/c/*_test.c))"; }

test-csharp-windows: dist/native/win-x64.built | $(SANDBOX) $(FAULTS)
	@[ ! -e $< ] || $(WITH_SERVERS) tests/platforms/csharp

dist: $(PLATFORMS:%=dist/native/%.built) static-library man | $(SANDBOX) $(FAULTS) ## every artefact, into dist/
	@packaging/platforms/pack $(PLATFORMS)
	@$(MAKE) nuget IN_DIST=1 $$([ ! -e dist/native/linux-x64.built ] || echo NUGET_LIBRARY=dist/native/linux-x64/libokdok.so)
	@$(MAKE) deb IN_DIST=1
	@cd dist && sha256sum $$(find * -maxdepth 0 -type f ! -name SHA256SUMS | LC_ALL=C sort) >SHA256SUMS && cat SHA256SUMS

release: dist ## dist, and fails if anything had to be left out
	@packaging/platforms/check-complete $(PLATFORMS)

test-dist: dist
	@$(WITH_SERVERS) tests/platforms/check-dist

test-debian-11: dist
	@$(WITH_SERVERS) tests/platforms/run-in-debian-11

test-reproducible: dist
	@[ ! -e dist/native/linux-x64.built ] || tests/platforms/check-reproducible

lint-platforms:
	@! scripts/need shellcheck shellcheck || shellcheck $$(grep -l '^#!/bin/sh' packaging/platforms/* tests/platforms/*)

# cargo-deny takes minutes to compile; list-crates also checks licences and sources.
lint-crates: | setup
	@! scripts/need python3 python3 || packaging/platforms/list-crates check
	@cargo deny --version >/dev/null 2>&1 || { echo "left out: cargo deny"; exit 0; }; \
	cargo deny check licenses sources bans || exit 1; \
	cargo deny fetch db >/dev/null 2>&1 || { echo "left out: the advisories, whose database is out of reach"; exit 0; }; \
	cargo deny check advisories
