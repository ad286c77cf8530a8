# The Python package: tests on the default, the oldest and the newest Python here, and the wheel.
PYTHON := bindings/python
PYTHON_SOURCES := $(PYTHON)/src $(PYTHON)/tests $(PYTHON)/hatch_build.py $(PYTHON)/demo.py examples/delete.py

DEMOS += demo-python
TESTS += test-python
SLOW_TESTS += slow-test-python wheel
LINTS += lint-python
.PHONY: demo-python test-python slow-test-python lint-python wheel

demo-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; $(WITH_SERVERS) python3 $(PYTHON)/demo.py

test-python slow-test-python: $(LIBRARY) | $(SANDBOX) $(FAULTS)
	@scripts/need python3 python3 || exit 0; \
	for python in $$($(PYTHON)/pythons); do \
		env=$$($(PYTHON)/environment $$python test) || { echo "left out: the tests on $$python"; continue; }; \
		$(WITH_SERVERS) $$env/bin/python -m pytest -q -p no:cacheprovider --rootdir $(PYTHON) \
			-m $(if $(filter slow%,$@),slow,'"not slow"') $(PYTHON)/tests || exit 1; \
	done

lint-python:
	@scripts/need python3 python3 || exit 0; \
	env=$$($(PYTHON)/environment python3 tools) || { echo "left out: ruff and mypy"; exit 0; }; \
	$$env/bin/ruff check --no-cache --config $(PYTHON)/pyproject.toml $(PYTHON_SOURCES) && \
	$$env/bin/ruff format --no-cache --config $(PYTHON)/pyproject.toml --check $(PYTHON_SOURCES) && \
	$$env/bin/mypy --cache-dir build/python/mypy --config-file $(PYTHON)/pyproject.toml $(PYTHON_SOURCES)

# WHEEL_LIBRARY: another library to put into the wheel, one for older systems.
WHEEL_LIBRARY ?= $(LIBRARY)
wheel: $(WHEEL_LIBRARY) | $(SANDBOX) $(FAULTS) ## dist/okdok-….whl, checked, and tried in an empty virtual environment
	@scripts/need python3 python3 || exit 0; \
	env=$$($(PYTHON)/environment python3 tools) || { echo "left out: the wheel"; exit 0; }; \
	OKDOK_WHEEL_LIBRARY=$(abspath $(WHEEL_LIBRARY)) $(PYTHON)/wheel $$env
