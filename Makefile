PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: test lint types layers check

test: lint types layers check

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $(READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

check: $(READY)
	$(BIN)/python -m pytest -n 2
