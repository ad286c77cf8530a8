# The Python package: tests on the default, the oldest and the newest Python here, and the wheel.
PYTHON_DIR := bindings/python
PYTHON_SOURCES := $(PYTHON_DIR)/src $(PYTHON_DIR)/tests $(PYTHON_DIR)/hatch_build.py examples/delete.py

DEMOS += demo-python
TESTS += test-python
SLOW_TESTS += slow-test-python wheel
LINTS += lint-python
.PHONY: demo-python test-python slow-test-python lint-python wheel

demo-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; PYTHONPATH=$(PYTHON_DIR)/src $(WITH_SERVERS) scripts/show-outcomes Python python3 examples/delete.py

test-python: PYTEST_MARK := not slow
slow-test-python: PYTEST_MARK := slow
test-python slow-test-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; \
	for python in $$($(PYTHON_DIR)/pythons); do \
		env=$$($(PYTHON_DIR)/environment $$python test) || { echo "left out: the tests with $$($$python --version)"; continue; }; \
		$$python --version; \
		$(WITH_SERVERS) $$env/bin/python -m pytest -q -p no:cacheprovider --rootdir $(PYTHON_DIR) -m "$(PYTEST_MARK)" \
			$(PYTHON_DIR)/tests || exit 1; \
	done

lint-python:
	@! scripts/need shellcheck shellcheck || shellcheck $(PYTHON_DIR)/pythons $(PYTHON_DIR)/environment $(PYTHON_DIR)/wheel
	@scripts/need python3 python3 || exit 0; \
	env=$$($(PYTHON_DIR)/environment python3 tools) || { echo "left out: ruff and mypy"; exit 0; }; \
	$$env/bin/ruff check --no-cache --config $(PYTHON_DIR)/pyproject.toml $(PYTHON_SOURCES) && \
	$$env/bin/ruff format --no-cache --config $(PYTHON_DIR)/pyproject.toml --check $(PYTHON_SOURCES) && \
	$$env/bin/mypy --cache-dir build/python/mypy --config-file $(PYTHON_DIR)/pyproject.toml $(PYTHON_SOURCES)

# WHEEL_LIBRARY: another library to put into the wheel, one for older systems.
WHEEL_LIBRARY ?= $(LIBRARY)
wheel: $(WHEEL_LIBRARY) | $(SANDBOX) $(FAULTS) ## dist/okdok-….whl, checked, and tried in an empty virtual environment
	@scripts/need python3 python3 || exit 0; \
	env=$$($(PYTHON_DIR)/environment python3 tools) || { echo "left out: the wheel"; exit 0; }; \
	OKDOK_WHEEL_LIBRARY=$(abspath $(WHEEL_LIBRARY)) $(PYTHON_DIR)/wheel $$env
