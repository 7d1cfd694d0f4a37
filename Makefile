# afterloan: two commands do everything: make demo, make test
PYTHON ?= python3
BIN := .venv/bin
AFTERLOAN_HOME ?= $(CURDIR)/afterloan-book
export AFTERLOAN_HOME

.PHONY: setup demo test bench scale spark risk-figures cases simulate fuzz fuzz-files faults wheel lint types clean

setup: .venv/ready

.venv/ready: requirements.txt pyproject.toml
	@echo "Setting up .venv (once; a minute or two)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@sh .ci/browser
	@touch $@

demo: setup
	@$(BIN)/afterloan demo

test: setup
	@$(BIN)/python -m pytest -n auto --dist worksteal

bench: setup
	@$(BIN)/python -m bench $(FIGURE)

scale: setup
	@$(BIN)/python -m bench.scale $(or $(LOANS),200000) $(if $(SHARDS),--shards $(SHARDS)) $(if $(IN),--in $(IN)) $(if $(OUT),--out $(OUT)) $(if $(AGAINST),--against $(AGAINST))

spark: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pyspark[sql]>=4"
	@$(BIN)/python -m pytest tests/cluster -rs
	@$(BIN)/python -m bench.spark $(LOANS)

risk-figures: setup
	@$(BIN)/python -m bench.risk_figures $(FIGURE)

cases: setup
	@$(BIN)/python -m tests.cases

simulate: setup
	@$(BIN)/python -m tests.simulation --seeds 200
	@$(BIN)/python -m tests.second --stories $(or $(STORIES),20000)

fuzz: setup
	@$(BIN)/python -m tests.desk.api.fuzz --calls $(or $(CALLS),100000)

fuzz-files: setup
	@$(BIN)/python -m tests.files --each $(or $(EACH),20000) --seed $(or $(SEED),1)

faults: setup
	@$(BIN)/python -m tests.faults --kills $(or $(KILLS),1000) --seed $(or $(SEED),1)

wheel: setup
	@$(BIN)/python -m tests.package.wheel

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --config pyproject.toml

types: setup
	@$(BIN)/mypy

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
