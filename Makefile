# What people and CI both run. Needs Python 3.11 and make; everything else goes into .venv from hash-pinned lock files.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PACKAGES := northstream schemas ingest stream warehouse alerting dashboard simulate metrics

.PHONY: help setup demo test test-long lint format bench bench-queries bench-alerts lock clean

help:
	@echo "make setup      make .venv from the lock files"
	@echo "make demo       run the product with a simulated company, until Ctrl-C"
	@echo "make test       set up and pass the tests"
	@echo "make test-long  the tests that take long"
	@echo "make lint       formatting, lint, types, layers"
	@echo "make format     mend formatting and what lint can mend"
	@echo "make bench      measure, all or one (ONLY=collector); prints tables"
	@echo "make bench-queries  every metric and board at ten million events"
	@echo "make bench-alerts   how soon an alert is at its receiver, with few rules and with many"
	@echo "make lock       write the lock files anew from pyproject.toml"
	@echo "make clean      remove what make has made (not data/, where events and keys are)"

setup: .venv/development

demo: .venv/runtime
	$(BIN)/northstream demo

test: .venv/development
	$(BIN)/pytest -m "not long" -n 2 --dist loadfile

test-long: .venv/development
	$(BIN)/pytest -m long

lint: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/northstream plan lint
	$(BIN)/northstream metrics lint
	$(BIN)/northstream alerts lint

format: .venv/development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/development
	$(BIN)/python -m bench $(ONLY)

bench-queries: .venv/development
	$(BIN)/python -m bench catalogue

bench-alerts: .venv/development
	$(BIN)/python -m bench alerts

lock: .venv/development
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile pyproject.toml --extra build $(LOCK_FLAGS) -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra build --extra tracing --extra dev $(LOCK_FLAGS) -c requirements.lock -o requirements-dev.lock

# No index address: where packages come from is the business of the machine that installs them.
LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/runtime: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is not installed; install it first"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install -q --require-hashes -r requirements.lock
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/development: .venv/runtime requirements-dev.lock
	$(PIP) install -q --require-hashes -r requirements-dev.lock
	@touch $@
