# What can be done in a checkout. Each target does its own set-up; python3 (3.11 or newer) and make are enough.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Touched when their locked libraries are installed, so that the second time is quick.
RUNTIME := $(VENV)/.runtime-installed
TOOLS := $(VENV)/.tools-installed

# The first of these that is new enough and can make an environment.
CAN_BUILD := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$python" -c '$(CAN_BUILD)' 2>/dev/null && echo "$$python" && break; done)

LOCK = $(BIN)/uv pip compile pyproject.toml --group build --universal --generate-hashes --upgrade --quiet \
	--no-emit-index-url --no-emit-find-links --no-header

# The tag of the container's base image; without its digest.
BASE = $(shell sed -n 's/^ARG BASE=\([^@]*\).*/\1/p' deploy/Containerfile)

# Else each of the thousands of programs that the tests start would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test fuzz check docs pictures bench outcome soak audit release lock base clean

help:  ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(RUNTIME)  ## put the command at .venv/bin/labelwatch
	@echo "Installed: $(BIN)/labelwatch"

demo: $(RUNTIME)  ## play a day of two shops and print every alert; ARGS="--seconds 60"
	@$(BIN)/labelwatch demo $(ARGS)

test: $(TOOLS)  ## run the tests; ARGS="tests/core -k late"
	@$(BIN)/python -m pytest $(ARGS)

fuzz: $(TOOLS)  ## try what strangers may send and how a process may die, 300 times as often; ARGS="-k board"
	@LABELWATCH_LONG=1 $(BIN)/python -m pytest -m hypothesis --timeout 36000 $(ARGS)

check: $(TOOLS)  ## style, types, who may import whom, and the shell scripts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python .ci/limits
	@$(BIN)/shellcheck deploy/*.sh .ci/run

docs: $(TOOLS)  ## write the generated parts of the documentation
	@$(BIN)/python -m tests.docs.generate

pictures: $(TOOLS)  ## take the pictures of the documentation again, with Chromium
	@$(BIN)/python -m tests.docs.pictures

bench: $(TOOLS)  ## measure speed and memory against the goals
	@$(BIN)/python -m tests.bench $(ARGS)

outcome: $(TOOLS)  ## play days of orders with and without labelwatch: what was rescued; ARGS="--seed 4 --days 3"
	@$(BIN)/python -m tests.outcome $(ARGS)

soak: $(TOOLS)  ## run it under faults and kills for minutes, then hold it to its promises; ARGS="--minutes 10"
	@$(BIN)/python -m tests.soak $(ARGS)

audit: $(TOOLS)  ## ask for known weaknesses of the locked libraries, where that can be asked
	@$(BIN)/python .ci/audit

release: $(TOOLS)  ## wheel, sdist, the libraries with their hashes, bill of materials (CycloneDX) and checksums into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build --directory dist > /dev/null
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements deploy/requirements.txt --pyproject pyproject.toml --output-reproducible \
		--output-file dist/labelwatch-$$($(BIN)/python -m hatchling version).cdx.json
	@cp deploy/requirements.txt dist/constraints.txt
	@cd dist && sha256sum -- * > SHA256SUMS && cat SHA256SUMS

lock: $(TOOLS)  ## resolve all libraries anew and write the locks
	@$(LOCK) --extra postgres --extra labels --extra web --extra bench --extra dev --output-file .ci/requirements.txt > /dev/null
	@$(LOCK) --extra postgres --extra labels --extra web --constraint .ci/requirements.txt --output-file deploy/requirements.txt > /dev/null

base:  ## pin the container's base image to what its tag means now; needs docker with buildx
	@digest=$$(docker buildx imagetools inspect "$(BASE)" --format '{{.Manifest.Digest}}') && \
		expr "$$digest" : 'sha256:[0-9a-f]\{64\}$$' > /dev/null && \
		sed -i "s#^ARG BASE=.*#ARG BASE=$(BASE)@$$digest#" deploy/Containerfile && grep '^ARG BASE=' deploy/Containerfile

clean:  ## back to a fresh checkout
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "labelwatch needs Python 3.11 or newer with venv, and found none:" \
		"install it (Debian, Ubuntu: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python" >&2; \
		exit 1; }
	@echo "Installing into $(VENV) (this once, a minute or so) ..."
	@"$(PYTHON)" -m venv --clear $(VENV)

$(RUNTIME): deploy/requirements.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --quiet --require-hashes --requirement deploy/requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS): .ci/requirements.txt $(RUNTIME)
	@$(PIP) install --quiet --require-hashes --requirement .ci/requirements.txt
	@touch $@
