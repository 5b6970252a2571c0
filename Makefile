PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
BENCH_READY := .venv/bench-ready
LAB_READY := .venv/lab-ready
COVERAGE_READY := .venv/coverage-ready
BROWSER_READY := .venv/browser-ready
OUT ?= out

# The lowest Python of pyproject.toml, with the lowest releases of everything else.
LOWEST := .venv-lowest
LOWEST_PYTHON ?= python3.11

# How long `make fuzz` explores, and which fuzzers of tests/fuzz/fuzzers.py; all by default.
MINUTES ?= 10
ONLY ?=

# Where the tests are that look at pages in a browser.
PAGES := tests/views tests/command tests/lab

.PHONY: pictures demo test test-all test-lowest test-browser coverage fuzz lint types layers check pages docs bench lab help

help:
	@echo "make demo   train on real data and draw pictures (sets everything up)"
	@echo "make test   lint, types, layers, documentation and tests (sets everything up)"
	@echo "make test-all   the same, and the exhaustive tests"
	@echo "make test-browser   the pages of the explorer, the race and the play ground, in Chromium"
	@echo "make test-lowest   a part of the tests, with the lowest releases of everything"
	@echo "make coverage   which statements the tests run, by room"
	@echo "make fuzz MINUTES=10   random programs and wrong arguments; a script for each failure"
	@echo "make bench  speed beside the peers (installs them: about 1 GB)"
	@echo "make docs   the manual with the notebooks run, into docs/_build"
	@echo "make pictures   the pictures of the README and of the play ground"
	@echo "make lab    the notebooks in JupyterLab (installs it)"

demo: $(READY)
	@echo "Training on real data, checking the gradient, drawing pictures into $(OUT): about half a minute"
	$(BIN)/dragongrad demo --out $(OUT) --force

# The manual and its notebooks in their quick form; they are made beside the tests.
# Bytecode is kept, or each process that a test starts compiles the library anew.
test: export DRAGONGRAD_SMALL := 1
test: export PYTHONDONTWRITEBYTECODE :=
test: lint types layers pages
	$(MAKE) --no-print-directory -j 2 docs check

test-all: test
	$(BIN)/python -m pytest -n 2 -m slow tests

fuzz: $(READY)
	cd tests && ../$(BIN)/python -m fuzz --minutes $(MINUTES) $(if $(ONLY),--only $(ONLY))

# Playwright drives the Chromium of the system, it downloads none. AGAIN=--last-failed tries only what has failed.
test-browser: $(BROWSER_READY)
	@$(BIN)/python -c "import sys; sys.path.insert(0, 'tools'); import chromium as c; sys.exit(c.NO_CHROMIUM)"
	$(BIN)/python -m pytest -n 2 -m browser -rs $(AGAIN) $(PAGES)

coverage: pages $(COVERAGE_READY)
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n 2
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python tests/coverage_by_room.py

# Old releases warn of each other; elsewhere a warning is an error.
test-lowest: $(LOWEST)/ready
	$(LOWEST)/bin/python -m pytest -n 2 -p no:cacheprovider -W default -m "smoke and not slow" tests

$(LOWEST)/ready: pyproject.toml tests/lowest.py
	rm -rf $(LOWEST)
	$(LOWEST_PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python tests/lowest.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --upgrade pip
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/lowest.txt \
		--editable '.[test,demo,plot,docs,lab]'
	touch $(LOWEST)/ready

$(READY): pyproject.toml
	@echo "Setting up .venv, once: NumPy, SciPy, llvmlite and what the demo, tests and manual need (1 to 2 minutes)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,demo,docs]'
	@touch $(READY)
	@echo "Ready"

$(BENCH_READY): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $(BENCH_READY)

$(BROWSER_READY): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[browser]'
	touch $(BROWSER_READY)

$(COVERAGE_READY): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[coverage]'
	touch $(COVERAGE_READY)

$(LAB_READY): $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	touch $(LAB_READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

check: pages
	$(BIN)/python -m pytest -n 2

# The pages of the manual that are generated; their examples are tested as those of the others.
pages: $(READY)
	$(BIN)/python docs/conf.py

# The film of the README, drawn by the library itself, and the pictures of the play ground, where there is Chromium.
pictures: $(BROWSER_READY)
	$(BIN)/python tools/explorer_picture.py
	$(BIN)/python tools/playground_pictures.py

bench: $(BENCH_READY)
	$(BIN)/python benchmarks/eager.py
	$(BIN)/python benchmarks/optimize.py
	$(BIN)/python benchmarks/compiled.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/loops.py
	$(BIN)/python benchmarks/likelihoods.py

lab: $(LAB_READY)
	$(BIN)/python -m jupyterlab notebooks
