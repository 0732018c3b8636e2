# One way in. `make demo` and `make test` set up everything they need; the machine runs the same lines.
# PYTHON=/path/to/python names the Python that builds .venv; LICET_VECTORS names third-party test data.

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fuzz soak model docs lock clean run-venv dev-venv model-venv

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

demo: run-venv  ## two minutes, offline: a permit, a refusal, a replay, a forgery
	@$(BIN)/licet demo

test: check  ## everything that runs on every change (needs no network once .venv stands)
	@echo 'licet: tests, on two cores' >&2
	@$(PYTEST) -q -n 2 --dist worksteal -m 'not soak' --hypothesis-profile=ci

check: dev-venv  ## lint, format, types, layers, the rules of the house
	@echo 'licet: ruff, format, types, layers, house' >&2
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@MYPYPATH=src:bench $(BIN)/mypy bench docs .ci/venv.py model/check.py
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(PYTEST) -q tests/test_house.py
	@$(BIN)/python docs/generate.py --check

bench: dev-venv  ## stages of one decision against the raw floors of this machine
	@$(BIN)/python bench/run.py

fuzz: dev-venv  ## the marked properties, twenty thousand examples each
	@$(PYTEST) -q -n 2 -m fuzz --hypothesis-profile=fuzz --timeout=0

soak: dev-venv  ## the long runs
	@$(PYTEST) -q -m soak --timeout=0

model: model-venv  ## the formal model: no run breaks a promise, without any one guard some run does (needs Java)
	@$(BIN)/python model/check.py

docs: dev-venv  ## regenerate what is generated: reference pages and schemas
	@$(BIN)/python docs/generate.py

lock:  ## renew requirements/*.txt from *.in (needs uv and a network)
	@for name in run dev model; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    --quiet --output-file requirements/$$name.txt requirements/$$name.in; done

clean:  ## remove .venv and every cache
	@rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

run-venv dev-venv model-venv:
	@python=$$(.ci/python) && "$$python" .ci/venv.py $(@:-venv=)
