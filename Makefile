# make demo and make test set everything up by themselves; the second run needs no set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
AUDIT := .venv-audit
FLOWER := .venv-flower
# The npm wrappers of forge swallow exit codes: .bin holds links to the platform binaries instead.
export PATH := $(CURDIR)/.bin:$(CURDIR)/$(VENV)/bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/.solcx
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup build demo demo-learning test lint test-contracts test-python test-ape test-flower test-pytorch fuzz-relay bench bench-relay bench-25k bench-250k bench-clerk-250k figures-privacy side-by-side gas coverage slither prove fmt lock clean

help: ## what there is to make
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

setup: $(VENV)/.stamp node_modules/.stamp ## Python and Node packages, Anvil, solc

$(VENV)/.stamp: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
	  || { echo "Python 3.11 or 3.12 is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
	@echo "setting up Python packages (about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev,demo,bench,dask,relay,privacy,learning]'
	@touch $@

# package-lock.json must name the binaries of every platform, or npm ci refuses it; those that were not to be had
# where it was written carry no digest. No install script is needed: they would look for binaries on the network.
node_modules/.stamp: package.json package-lock.json tools/link-binaries
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node.js 20 or newer is needed"; exit 1; }
	@echo "setting up Anvil, forge, solc and contract libraries …"
	@npm ci --ignore-scripts --loglevel=error --no-audit --no-fund >/dev/null
	@tools/link-binaries
	@touch $@

build: setup ## compile the contracts into sda/chain/artifacts
	@$(RUN)/python tools/compile.py

demo: setup ## one verified, paid round of 1,000 contributors on a local chain
	@$(RUN)/sda demo

demo-learning: setup ## a model learned by 240 contributors in paid, verified rounds on a local chain: two minutes
	@$(RUN)/sda learn demo

test: lint test-contracts coverage slither prove test-python test-ape test-flower ## everything CI runs

lint: setup ## formatting, lint, strict types, artifacts match the sources
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	forge fmt --check
	forge lint --deny warnings
	node_modules/.bin/solhint --noPoster --disc --max-warnings 0 'contracts/**/*.sol'
	$(RUN)/python tools/compile.py --check

test-contracts: setup ## Foundry: unit, fuzz, invariants, gas
	@mkdir -p .build
	forge test
	$(RUN)/python tools/gas.py

test-python: setup ## unit, property and whole-round tests, on Anvil
	$(RUN)/pytest

test-flower: setup $(FLOWER)/.stamp ## Flower apps in private rounds, in Flower's simulation engine
	$(RUN)/mypy --python-executable $(FLOWER)/bin/python --follow-imports=silent -p sda.learning.flower
	PYTHONPATH=. $(FLOWER)/bin/pytest -o addopts= tests/flower

test-pytorch: setup ## a PyTorch model in private trainings; not part of make test: PyTorch is several gigabytes
	@test -d .venv-pytorch || $(PYTHON) -m venv .venv-pytorch
	@.venv-pytorch/bin/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[pytorch]' pytest
	PYTHONPATH=. .venv-pytorch/bin/pytest -o addopts= tests/pytorch

$(FLOWER)/.stamp: pyproject.toml requirements-flower.lock
	@echo "setting up Flower …"
	@$(PYTHON) -m venv $(FLOWER)
	@$(FLOWER)/bin/pip install --quiet --disable-pip-version-check -c requirements-flower.lock -e '.[flower]' pytest
	@touch $@

test-ape: setup ## the Ape scripts, as an Ape user runs them
	$(RUN)/python tools/test_ape.py

fuzz-relay: setup ## far more hostile requests and messages to a relay than the tests send: six minutes
	$(RUN)/pytest --hypothesis-profile=long tests/relay/test_openapi.py tests/relay/test_surface.py \
	  tests/relay/test_wire.py tests/relay/test_access.py tests/relay/test_door.py tests/test_messages.py

bench: setup ## measure; writes bench/results.json
	$(RUN)/python -m bench

bench-relay: setup ## contributions a second that a relay stores, on PostgreSQL and on SQLite
	$(RUN)/python -m bench relay

bench-25k: setup ## whole rounds of 1,000, 10,000 and 25,000 contributors: minutes; writes docs/scale.md
	$(RUN)/python -m bench.scale 1000 10000 25000

bench-250k: setup ## the same up to 250,000: hours the first time, goes on where it was
	$(RUN)/python -m bench.scale 1000 10000 100000 250000

bench-clerk-250k: setup ## a clerk's whole job for 250,000 contributors (minutes)
	$(RUN)/python -m bench clerk-250k

figures-privacy: setup ## noise from the clerks: audit, error, RAPPOR (minutes); writes docs/experiment.md and its figures
	$(RUN)/sda experiment rappor-vs-clerks --out docs
	$(RUN)/python -m bench privacy

side-by-side: .side-by-side/.stamp ## ours beside Flower, MPyC, Prio3 and sealed boxes (a quarter of an hour)
	.side-by-side/bin/python -m bench.side_by_side

.side-by-side/.stamp: pyproject.toml bench/side_by_side/requirements.lock bench/side_by_side/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node.js 20 or newer is needed"; exit 1; }
	@echo "setting up Flower, MPyC and Prio3 (about a minute) …"
	@$(PYTHON) -m venv .side-by-side
	@.side-by-side/bin/pip install --quiet --disable-pip-version-check \
	  -c bench/side_by_side/requirements.lock -e '.[side-by-side]'
	@cd bench/side_by_side && npm ci --ignore-scripts --loglevel=error --no-audit --no-fund >/dev/null
	@touch $@

gas: setup ## measure gas; rewrites the checked gas table
	@mkdir -p .build
	forge test --match-contract "RoundsGas|DisputesGas|WideGas"
	$(RUN)/python tools/gas.py --write

coverage: setup ## lines and branches that Foundry's tests reach, against the checked table
	@mkdir -p .build
	forge coverage --no-match-contract "Gas|Invariant|DrawLaw" --no-match-coverage "tests/|node_modules/" \
	  --report lcov --report-file .build/lcov.info
	$(RUN)/python tools/coverage.py

# Halmos needs a rich that eth-ape does not take: tools that look at the contracts from outside have packages of their own.
$(AUDIT)/.stamp: requirements-audit.lock
	@echo "setting up Slither and Halmos …"
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet --disable-pip-version-check -r requirements-audit.lock
	@touch $@

slither: setup $(AUDIT)/.stamp ## what Slither finds, against the answers in docs/SLITHER.md
	@mkdir -p .build
	PATH="$(CURDIR)/$(AUDIT)/bin:$$PATH" $(RUN)/python tools/slither.py

# Halmos reads whatever has been compiled, also what is gone.
prove: setup $(AUDIT)/.stamp ## what Halmos proves of the libraries, for all values: two minutes
	@rm -rf .build/prove .build/prove-cache
	PATH="$(CURDIR)/$(AUDIT)/bin:$$PATH" FOUNDRY_PROFILE=prove halmos --root .

fmt: setup ## format everything
	$(RUN)/ruff check --fix-only .
	$(RUN)/ruff format .
	forge fmt

lock: ## pin the newest Python packages that fit together
	@tools/lock $(PYTHON)

clean: ## remove what setup and tests made
	rm -rf $(VENV) $(AUDIT) $(FLOWER) .venv-pytorch .side-by-side bench/side_by_side/node_modules node_modules .bin .solcx .build .demo .hypothesis .pytest_cache .mypy_cache .ruff_cache *.egg-info
