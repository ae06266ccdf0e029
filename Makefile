# Every target installs what it needs: an engine, the virtual environment, the images.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
PYTEST_ARGS ?=
N ?= 30

.DEFAULT_GOAL := help
.PHONY: help drill test logic proofs check sabotage report heal torture bench engine images lock clean

help: ## show what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

drill: $(VENV)/.ready engine images ## run every disaster-recovery drill on a fresh replica
	@$(RUN) pytest -m dr $(PYTEST_ARGS)

test: logic proofs ## run the suite's own tests: its logic, then what proves it on the replica

logic: $(VENV)/.ready ## run the tests that need no engine, on all processors
	@$(RUN) pytest -n logical -m "not (contract or sabotage or torture or dr or nightly)" $(PYTEST_ARGS)

proofs: $(VENV)/.ready engine images ## run the tests on the replica, one sabotage for each rule included
	@$(RUN) pytest -m "(contract or sabotage or torture) and not nightly" $(PYTEST_ARGS)

sabotage: $(VENV)/.ready engine images ## every sabotage, and the other tests that are for the night
	@$(RUN) pytest -m "sabotage or nightly" $(PYTEST_ARGS)

check: $(VENV)/.ready ## check types, lint and format
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

report: $(VENV)/.ready ## make one HTML file of the last drills' evidence
	@$(RUN) reports.site

heal: $(VENV)/.ready ## mend and clear up whatever dead runs left behind
	@$(RUN) fixtures.heal

torture: $(VENV)/.ready engine images ## kill N drills at random moments (N=30) and audit what is left
	@MUSTER_KILLS=$(N) $(RUN) pytest -m torture $(PYTEST_ARGS)

bench: $(VENV)/.ready engine ## print how fast everything is here
	@$(RUN) tests.bench.judging
	@$(RUN) tests.bench.replica
	@$(RUN) tests.bench.regions
	@$(RUN) tests.bench.load
	@$(RUN) tests.bench.restoring
	@$(RUN) tests.bench.scaling
	@$(RUN) tests.bench.changes
	@$(RUN) tests.bench.guarding

engine: ## make sure that a Docker engine answers
	@$(PYTHON) environments/replica/engine.py

images: $(VENV)/.ready engine ## build the replica's images that are missing
	@$(RUN) environments.replica.image_builder

lock: ## pin every Python dependency again, for every Python from 3.11 on
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--group dev --no-header pyproject.toml --output-file .requirements.lock

clean: ## remove the virtual environment, caches and recorded runs
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis reports/runs reports/allure-results reports/site

$(VENV)/.ready: .requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "muster: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory .venv-support
	@echo "muster: installing the locked Python packages into $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements.lock
	@touch $@

.PHONY: .venv-support
.venv-support:
	@{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; } || \
		{ echo "muster: $(PYTHON) cannot make virtual environments; install its venv module (Debian: python3-venv)"; exit 1; }
	@echo "muster: installing python3-venv"
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
