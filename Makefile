# `make run` and `make test` need only Python 3.11 or newer: each sets up .venv first, once.
# Another interpreter: make run PYTHON=python3.12
# On Linux, PyPI's torch brings CUDA along; for the small CPU build:
#   PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make run

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: run test browser lint weights

run: $(INSTALLED)
	@$(BIN)/python -m harness run --vlm mini

test: lint
	@$(BIN)/python -m pytest -q

# Drives the pages in /usr/bin/chromium (Debian: apt-get install chromium).
browser: $(INSTALLED)
	@$(BIN)/python -m pytest -q -m browser

lint: $(INSTALLED)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || \
		{ echo "run $(BIN)/ruff format"; exit 1; }
	@$(BIN)/mypy

weights: $(INSTALLED)
	@$(BIN)/python -m harness train mini

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else \
		f"Python 3.11 or newer is needed, {sys.executable} is {v[0]}.{v[1]}; try make PYTHON=python3.12")'
	@echo "Installing into .venv (once; takes a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps 'latentlens==0.1.0'
	@touch $@
