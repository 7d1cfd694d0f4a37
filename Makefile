# afterloan: two commands do everything: make demo, make test
PYTHON ?= python3
BIN := .venv/bin
AFTERLOAN_HOME ?= $(CURDIR)/afterloan-book
export AFTERLOAN_HOME

.PHONY: setup dev demo test bench scale spark risk-figures cases simulate fuzz fuzz-files fuzz-guided faults wheel lint types clean

setup: .venv/ready

.venv/ready: requirements.txt pyproject.toml
	@echo "Setting up .venv (once; a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^[a-z]/ {on = $$1 ~ /^(llvmlite|numba|numpy|platformdirs)==/} on' requirements.txt > .venv/first.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r .venv/first.txt
	@PYTHONPATH=src $(BIN)/python -m afterloan.close.compiling >.venv/compiling.log 2>&1 & # whoever needs it waits for it
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

dev: .venv/dev

.venv/dev: .venv/ready requirements-dev.txt
	@echo "Adding what tests need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt -r requirements-dev.txt
	@sh .ci/browser
	@touch $@

demo: setup
	@$(BIN)/afterloan demo

test: dev
	@$(BIN)/python -m pytest -n auto --dist worksteal

bench: dev
	@$(BIN)/python -m bench $(FIGURE)

scale: setup
	@$(BIN)/python -m bench.scale $(or $(LOANS),200000) $(if $(SHARDS),--shards $(SHARDS)) $(if $(IN),--in $(IN)) $(if $(OUT),--out $(OUT)) $(if $(AGAINST),--against $(AGAINST))

spark: dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pyspark[sql]>=4"
	@$(BIN)/python -m pytest tests/cluster -rs
	@$(BIN)/python -m bench.spark $(LOANS)

risk-figures: setup
	@$(BIN)/python -m bench.risk_figures $(FIGURE)

cases: dev
	@$(BIN)/python -m tests.cases

simulate: dev
	@$(BIN)/python -m tests.simulation --seeds 200
	@$(BIN)/python -m tests.second --stories $(or $(STORIES),20000)

fuzz: dev
	@$(BIN)/python -m tests.desk.api.fuzz --calls $(or $(CALLS),100000)

fuzz-files: dev
	@$(BIN)/python -m tests.files --each $(or $(EACH),20000) --seed $(or $(SEED),1)

fuzz-guided: dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3"
	@$(BIN)/python -m tests.files.guided --seconds $(or $(SECONDS),60)

faults: dev
	@$(BIN)/python -m tests.faults --kills $(or $(KILLS),1000) --seed $(or $(SEED),1)

wheel: dev
	@$(BIN)/python -m tests.package.wheel

lint: dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --config pyproject.toml

types: dev
	@$(BIN)/mypy

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
