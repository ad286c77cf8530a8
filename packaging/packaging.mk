# What C and C++ programmers install and link, and its tests.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
CXX_STANDARDS := 17 20 23
CXX_TEST_PROGRAMS := build/cpp/exceptions build/cpp/no-exceptions build/cpp/sanitized

DEMOS += demo-cpp
TESTS += test-headers test-cpp test-install test-abi
SLOW_TESTS += test-man test-abidiff test-deb test-conan
LINTS += lint-packaging
.PHONY: demo-cpp man build install uninstall deb \
	test-headers test-cpp test-install test-abi test-man test-abidiff test-deb test-conan lint-packaging

static-library: $(ARCHIVE)
$(ARCHIVE): target/release/libokdok.a packaging/build-archive
	@packaging/build-archive

man: library
	@! scripts/need doxygen doxygen || doxygen packaging/Doxyfile

build: library static-library man ## what make install installs

# sudo make install installs what was built before, since a build as root leaves files that its user cannot replace.
install: $(if $(SUDO_USER),,build) ## PREFIX=/usr/local LIBDIR=PREFIX/lib DESTDIR=
	@[ -e $(LIBRARY) ] && [ -e $(ARCHIVE) ] || { echo "nothing is built yet: run make build without sudo first"; exit 1; }
	@packaging/install "$(PREFIX)" "$(LIBDIR)" "$(DESTDIR)"
	@cd "$(DESTDIR)$(LIBDIR)" && ls -d "$$PWD"/libokdok.* "$$PWD"/pkgconfig/okdok.pc "$$PWD"/cmake/okdok/*
	@cd "$(DESTDIR)$(PREFIX)" && ls -d "$$PWD"/include/okdok.h* "$$PWD"/share/man/man3/okdok*.3 2>/dev/null || true

uninstall: ## removes what install installed; same variables
	@packaging/uninstall "$(PREFIX)" "$(LIBDIR)" "$(DESTDIR)"

deb: library static-library man ## dist/libokdok0_….deb and dist/libokdok-dev_….deb
	@scripts/need dpkg-gensymbols dpkg-dev && scripts/need python3 python3 || \
		{ echo "left out: the Debian packages"; exit $(NOT_MADE); }; \
	packaging/build-deb

build/cpp/%.o: tests/c/%.c tests/c/%.h
	@mkdir -p $(@D)
	@$(CC) -std=c11 -g $(C_WARNINGS) -Iinclude -c $< -o $@

build/delete-cpp: examples/delete.cpp include/okdok.h include/okdok.hpp $(LIBRARY)
	@mkdir -p $(@D)
	@! scripts/need g++ g++ || $(CXX) -std=c++17 $(C_WARNINGS) -Iinclude $< $(LIBRARY) -Wl,-rpath,'$$ORIGIN/../target/release' -o $@

build/cpp/no-exceptions: CXXFLAGS += -fno-exceptions
build/cpp/sanitized: CXXFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all
$(CXX_TEST_PROGRAMS): tests/cpp/client.cpp include/okdok.h include/okdok.hpp build/cpp/faults.o build/cpp/harness.o $(LIBRARY)
	@! scripts/need g++ g++ || $(CXX) -std=c++17 -g $(CXXFLAGS) $(C_WARNINGS) -Iinclude -Itests/c $(filter %.cpp %.o,$^) $(LIBRARY) \
		-Wl,-rpath,'$$ORIGIN/../../target/release' -o $@

demo-cpp: build/delete-cpp | $(SANDBOX) $(FAULTS)
	@[ ! -e $< ] || $(WITH_SERVERS) scripts/show-outcomes C++ $<

test-headers: library
	@tests/cpp/headers $(C_WARNINGS)

test-cpp: $(CXX_TEST_PROGRAMS) build/delete-cpp build/delete-c | $(SANDBOX) $(FAULTS)
	@! scripts/need g++ g++ || { \
		for program in $(CXX_TEST_PROGRAMS); do $(WITH_SERVERS) $$program || exit 1; done; \
		$(WITH_SERVERS) tests/cpp/same-as-c build/delete-c build/delete-cpp; }

test-install: library static-library man | $(SANDBOX) $(FAULTS)
	@$(WITH_SERVERS) tests/consumers/check-install

test-abi: library static-library
	@! scripts/need python3 python3 || python3 tests/abi/exports.py

test-man:
	@! scripts/need doxygen doxygen || { rm -rf build/man && doxygen packaging/Doxyfile && tests/consumers/check-man; }

# Only a library with debug information contains the layout of its structs.
test-abidiff: | setup
	@$(CARGO) build --quiet
	@! scripts/need abidiff abigail-tools || tests/abi/abidiff target/debug/libokdok.so

test-deb: deb | $(SANDBOX) $(FAULTS)
	@! scripts/need dpkg-gensymbols dpkg-dev || ! scripts/need lintian lintian || $(WITH_SERVERS) tests/consumers/check-deb

test-conan: | setup
	@! scripts/need python3 python3 || tests/consumers/check-conan

PACKAGING_SHELL := packaging/build-archive packaging/install packaging/uninstall packaging/build-deb tests/cpp/headers \
	tests/cpp/same-as-c $(addprefix tests/consumers/,check-install check-man check-deb check-conan)
PACKAGING_PYTHON := tests/abi/exports.py tests/abi/abidiff packaging/platforms/list-crates

lint-packaging:
	@! scripts/need shellcheck shellcheck || shellcheck $(PACKAGING_SHELL)
	@! scripts/need python3 python3 || { \
		tools=$$(bindings/python/environment python3 tools)/bin || { echo "left out: ruff and mypy"; exit 0; }; \
		rules="--no-cache --config bindings/python/pyproject.toml"; \
		$$tools/ruff check --quiet $$rules --extend-ignore PT $(PACKAGING_PYTHON) packaging/conan && \
		$$tools/ruff format --quiet --check $$rules $(PACKAGING_PYTHON) packaging/conan && \
		for file in $(PACKAGING_PYTHON); do \
			$$tools/mypy --no-error-summary --cache-dir build/python/mypy --strict $$file || exit 1; \
		done; }
