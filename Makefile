# Every target sets up what it needs: python3 (3.11 or later) and make are enough.
#
#   make demo     a WazuhCluster becomes a running cluster in the simulator; manifests in build/demo
#   make test     the test suite            make check    linters, types, import contracts, generated files
#   make test-slow  years of virtual time, thousands of random histories
#   make bench    the figures               make golden   accept changed goldens (then review the diff)
#   make e2e      the tests on a real control plane; its first run builds that from source, with Go
#   make e2e-indexer  what is rendered, on real OpenSearch nodes; its first run fetches them with Maven
#   make lock     exact versions with hashes from pyproject.toml

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --universal \
	--python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help install check test test-slow e2e e2e-indexer demo bench generate golden lock clean

help:
	@sed -n 's/^#  *make/make/p' Makefile

# A virtual environment that cannot run (copied, or of another python3) is made anew.
$(BIN)/pip:
	rm -rf $(VENV)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 3.11 or later is needed")'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/runtime.txt | $(BIN)/pip
	$(PIP_INSTALL) -r requirements/runtime.txt
	@touch $@

# The pinned development set holds the runtime set: no second resolution can disagree.
$(DEVELOPMENT): requirements/dev.txt requirements/runtime.txt pyproject.toml | $(BIN)/pip
	$(PIP_INSTALL) -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $@

install: $(DEVELOPMENT)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell
	$(BIN)/python -m hack.generate_crd --check
	$(BIN)/python -m hack.generate_charts --check
	$(BIN)/python -m hack.generate_cluster_chart --check
	$(BIN)/python -m hack.generate_chart_docs --check

test: install
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-slow: install
	$(BIN)/python -m pytest -n $(WORKERS) -m slow

e2e: install
	$(BIN)/python -m tests.e2e.run $(E2E_OPTIONS)

e2e-indexer: install
	$(BIN)/python -m tests.indexer.distribution.assemble
	$(BIN)/python -m pytest -n 0 tests/indexer/live

demo: $(RUNTIME)
	$(BIN)/python -m app simulate examples/quickstart.yaml --output build/demo

bench: install
	$(BIN)/python -m hack.bench

generate: install
	$(BIN)/python -m hack.generate_crd
	$(BIN)/python -m hack.generate_charts
	$(BIN)/python -m hack.generate_cluster_chart
	$(BIN)/python -m hack.generate_chart_docs

# Rewrites what changed, lists it and fails on purpose: the diff is to be read.
golden: install
	$(BIN)/python -m pytest -p no:randomly tests/test_golden.py --update-golden

lock: install
	$(UV_COMPILE) $(LOCK_OPTIONS) --output-file requirements/runtime.txt
	$(UV_COMPILE) $(LOCK_OPTIONS) --group dev --constraints requirements/runtime.txt \
		--output-file requirements/dev.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app tests hack -name __pycache__ -type d -prune -exec rm -rf {} +
