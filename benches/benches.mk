# What okdok costs beside what a user would pick instead.
LINTS += lint-benches
.PHONY: bench lint-benches

bench: $(LIBRARY) ## compares with libcurl, requests, HttpClient…; REPORT=1 writes benches/RESULTS.md
	@scripts/need python3 python3 || exit 0; \
	benches/set-up || { echo "left out: the benchmarks"; exit 0; }; \
	python3 benches/bench.py $(if $(REPORT),--report) $(if $(ROUNDS),--rounds $(ROUNDS))

lint-benches:
	@scripts/need python3 python3 || exit 0; \
	env=$$(bindings/python/environment python3 tools) || { echo "left out: ruff and mypy"; exit 0; }; \
	for tool in "ruff check --no-cache" "ruff format --no-cache --check"; do \
		$$env/bin/$$tool --config bindings/python/pyproject.toml benches || exit 1; \
	done; \
	MYPYPATH=bindings/python/src $$env/bin/mypy --cache-dir build/python/mypy --config-file bindings/python/pyproject.toml \
		--ignore-missing-imports benches/*.py benches/clients/python/*.py
	@! scripts/need rustfmt rustfmt-web || rustfmt --check --edition 2024 --config-path rustfmt.toml benches/clients/rust/measure.rs
	@! scripts/need shellcheck shellcheck || shellcheck benches/set-up
