# Two commands matter: `make verify` and `make test`.  Everything runs in .venv, which is built on first use.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
PROFILE ?= quick
IDS     ?=
SEEDS   ?= 20
ARGS    ?=

BIN   := .venv/bin
READY := .venv/ready

# One BLAS thread per process: replicates are the unit of parallel work, and sums do not depend on the core count.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export RMTSYM_HOME ?= $(CURDIR)/.rmtsym

.PHONY: help install verify test test-unit test-notebooks notebooks bench alarms lint format clean

help:
	@echo "make verify     run every notebook, print the verdict table, write the HTML report"
	@echo "make test       unit tests, doctests, and nbval over the committed notebooks"
	@echo "make notebooks  regenerate the committed notebooks (byte-identical when nothing changed)"
	@echo "make bench      timings of the engine, the calculus, the solvers and the program itself"
	@echo "make alarms     simulate every theorem under $(SEEDS) seeds and count the false alarms (hours)"
	@echo "make lint       style and types"
	@echo "Variables: IDS='marchenko-pastur ...' PROFILE=quick|full JOBS=$(JOBS) PYTHON=$(PYTHON)"

install: $(READY)

$(READY): requirements.txt requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rmtsym needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt -c requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

verify: $(READY)
	$(BIN)/rmtsym verify $(IDS) --profile $(PROFILE) --jobs $(JOBS) $(ARGS)

test: test-unit test-notebooks

test-unit: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope $(ARGS)

# nbval compares outputs; warnings there belong to the kernel's own libraries.
test-notebooks: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope -o filterwarnings=default -o addopts= \
	  --nbval --nbval-cell-timeout=900 --nbval-current-env notebooks

notebooks: $(READY)
	$(BIN)/python -m rmtsym.report.build $(IDS) --jobs $(JOBS)

bench: $(READY)
	@for program in benchmarks/*.py; do echo "== $$program"; $(BIN)/python "$$program"; done

alarms: $(READY)
	$(BIN)/python -m rmtsym.report.alarms $(IDS) --jobs $(JOBS) --seeds $(SEEDS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy rmtsym theory

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .rmtsym
