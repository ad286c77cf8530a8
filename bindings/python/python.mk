# The Python package: tests on the default Python (the slow tests also use the oldest and the newest), and the wheel.
PYTHON_DIR := bindings/python
PYTHON_SOURCES := $(PYTHON_DIR)/src $(PYTHON_DIR)/tests $(PYTHON_DIR)/hatch_build.py examples/delete.py

DEMOS += demo-python
TESTS += test-python
SLOW_TESTS += slow-test-python wheel
LINTS += lint-python
.PHONY: demo-python test-python slow-test-python lint-python wheel

demo-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; PYTHONPATH=$(PYTHON_DIR)/src $(WITH_SERVERS) scripts/show-outcomes Python python3 examples/delete.py

# $(call pytest,PYTHON,MARK): runs the tests with that mark with that Python.
define pytest
	env=$$($(PYTHON_DIR)/environment $(1) test) || { echo "left out: the tests with $$($(1) --version)"; continue; }; \
	$(1) --version; \
	$(WITH_SERVERS) $$env/bin/python -m pytest -q -p no:cacheprovider --rootdir $(PYTHON_DIR) -m $(2) $(PYTHON_DIR)/tests || exit 1
endef

test-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; for python in python3; do $(call pytest,$$python,"not slow"); done

slow-test-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; scripts/need redis-server redis-server || true; \
	for python in python3; do $(call pytest,$$python,slow); done; \
	for python in $$($(PYTHON_DIR)/pythons | tail -n +2); do $(call pytest,$$python,"not slow"); done

lint-python:
	@! scripts/need shellcheck shellcheck || shellcheck $(PYTHON_DIR)/pythons $(PYTHON_DIR)/environment $(PYTHON_DIR)/wheel
	@scripts/need python3 python3 || exit 0; \
	env=$$($(PYTHON_DIR)/environment python3 tools) || { echo "left out: ruff, mypy and pyright"; exit 0; }; \
	$$env/bin/ruff check --no-cache --config $(PYTHON_DIR)/pyproject.toml $(PYTHON_SOURCES) examples/celery && \
	$$env/bin/ruff format --no-cache --config $(PYTHON_DIR)/pyproject.toml --check $(PYTHON_SOURCES) examples/celery && \
	$$env/bin/mypy --cache-dir build/python/mypy --config-file $(PYTHON_DIR)/pyproject.toml $(PYTHON_SOURCES) || exit 1; \
	command -v node >/dev/null || { echo "left out: pyright, which needs node"; exit 0; }; \
	$$env/bin/pyright --pythonpath $$env/bin/python --level error $(PYTHON_DIR)/src || exit 1; \
	PYTHONPATH=$(PYTHON_DIR)/src $$env/bin/pyright --pythonpath $$env/bin/python --verifytypes okdok >build/python/verifytypes || { cat build/python/verifytypes; exit 1; }

# WHEEL_LIBRARY: the library to put into the wheel, such as one for older systems.
WHEEL_LIBRARY ?= $(LIBRARY)
wheel: $(WHEEL_LIBRARY) | $(SANDBOX) $(FAULTS) ## dist/okdok-….whl, checked and tried in an empty virtual environment
	@scripts/need python3 python3 && env=$$($(PYTHON_DIR)/environment python3 tools) || \
		{ echo "left out: the wheel"; exit $(NOT_MADE); }; \
	OKDOK_WHEEL_LIBRARY=$(abspath $(WHEEL_LIBRARY)) $(PYTHON_DIR)/wheel $$env
