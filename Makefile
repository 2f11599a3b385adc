# Balcon's commands. Needs Python 3.11 or newer with venv and pip; everything else comes out of requirements/*.lock.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo up down test quick check proto release-protos release-messages docs bench bench-go sim chaos

PYTHON ?= python3
ARGS ?=
# Test files run on so many processes; each has servers of its own. More than a small machine has cores: tests of whole
# stacks wait about as long as they work.
WORKERS ?= 4
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet

help: ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: $(VENV)/.runtime ## an on-sale from start to end: make demo ARGS="--buyers 2000 --json out.json"
	$(BIN)/balcon demo $(ARGS)

up: $(VENV)/.runtime ## the whole stack, until Ctrl-C; keeps its data
	$(BIN)/balcon up $(ARGS)

down: $(VENV)/.runtime ## stops what `make up` left running
	$(BIN)/balcon down $(ARGS)

# In the order of their names: chaos and e2e come first, and no worker is left with a long file when the others are done.
test: check ## everything that CI checks: make test ARGS="tests/unit -k hold"
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

quick: check ## for between two edits, under three minutes: check, then unit, architecture and contract tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile tests/unit tests/architecture tests/contract $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, protos, generated files, locks
	$(BIN)/python -m tools.check $(if $(filter test,$(MAKECMDGOALS)),--before-tests)

proto: $(VENV)/.dev ## writes protos/gen from protos/
	tools/generate_protos.sh
	$(BIN)/python -m tools.golden_messages

release-protos: $(VENV)/.dev ## at a release: from now on `make check` lets nobody break these protos
	$(BIN)/buf build --exclude-source-info --output protos/released.binpb

release-messages: $(VENV)/.dev ## at a release: today's golden messages become an edition that is read for good
	$(BIN)/python -m tools.golden_messages --release

docs: $(VENV)/.dev ## writes the pages that come out of the code
	$(BIN)/python -m tools.generate_docs

bench: $(VENV)/.dev ## measurements
	$(BIN)/python -m bench $(ARGS)

bench-go: $(VENV)/.dev ## what ordinary grpc-go callers get in a crowd; needs Go
	$(BIN)/python -m bench.go_callers

sim: $(VENV)/.dev ## the cluster in virtual time: make sim SEEDS=200, one world again: make sim SEED=7
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200)) $(ARGS)

chaos: $(VENV)/.dev ## faults on real processes: make chaos MINUTES=3, every service: STACK=whole, the same again: ARGS="--seed 7"
	$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),3) --stack $(or $(STACK),inventory) $(ARGS)

# Stamps: the environment is made once, and again when a lock or the packaging changes.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Balcon needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r $<
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.runtime
	$(PIP) install --require-hashes -r $<
	@touch $@
