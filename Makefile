# `make help` lists what there is. Everything is installed into .venv, nothing outside it.

VENV := .venv
BIN := $(VENV)/bin
# An interpreter to use instead of the first fitting one: make quickstart PYTHON=/path/to/python3.11
PYTHON ?=
# Further arguments for pytest: make test PYTEST_ARGS="-k digits"
PYTEST_ARGS ?=
# Further arguments of the benchmark: make bench BENCH_ARGS="--only training --data-dir DIR"
BENCH_ARGS ?=
UV ?= uv

LOCK := requirements.lock
# Built with the locked setuptools, whose remarks on editable installs help nobody here.
PIP_INSTALL := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --no-build-isolation --constraint $(LOCK)
SETUP_FILES := $(LOCK) setup.cfg pyproject.toml

# What `larqca export --target wasm32`, `larqca verify --target` and the tests need, by the
# names of Debian's packages; the browser in which tests open the page of `larqca report --html`
# among them.
TOOLCHAINS := gcc clang lld nodejs gcc-arm-none-eabi picolibc-arm-none-eabi \
	gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-arm qemu-system-misc \
	chromium chromium-driver libfaketime

.PHONY: help quickstart test bench toolchains clean lock
.DEFAULT_GOAL := help

help: ## list the targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' Makefile

quickstart: $(VENV)/.installed ## install, train the example grid on handwritten digits, print its table
	$(BIN)/larqca sweep sweeps/quickstart.yaml

test: $(VENV)/.installed-dev ## install the developers' tools too, run linter, type checker and tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

bench: $(VENV)/.installed-dev ## measure speed against peers (sets up environments for them), write reports/benchmark*.md
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

toolchains: ## install cross compilers, emulators, a browser for tests (Debian; as root)
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		$(if $(shell command -v node),$(filter-out nodejs,$(TOOLCHAINS)),$(TOOLCHAINS))

clean: ## remove the virtual environment and every cache, keep results
	rm -rf $(VENV) .bench build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find larqca tests -name __pycache__ -type d -prune -exec rm -rf {} +

# uv must be installed for this. It may choose newer versions within the bounds of setup.cfg.
lock: ## write requirements.lock anew (needs uv)
	printf 'pip\nsetuptools\nwheel\n' | $(UV) pip compile - setup.cfg --extra dev --extra figures --upgrade \
		--universal --python-version 3.10 --no-python-downloads --no-emit-index-url \
		--annotation-style line --custom-compile-command "make lock" --output-file $(LOCK)

# A stamp is written last, so that an interrupted set-up starts over, from an empty
# environment: pip may have left a package half written that it then takes for whole.
$(VENV)/.installed: $(SETUP_FILES)
	@$(CHECK_VENV)
	@$(FIND_PYTHON); \
	echo "Setting up $(VENV) with $$($$python --version) (about 800 MB to download, 3 GB on disk)"; \
	$$python -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --constraint $(LOCK) --upgrade pip setuptools wheel
	$(PIP_INSTALL) --editable .
	touch $@

# While the tools go in, the environment counts as unfinished altogether.
$(VENV)/.installed-dev: $(VENV)/.installed
	rm $(VENV)/.installed
	$(PIP_INSTALL) --quiet --editable '.[dev]'
	touch $(VENV)/.installed $@

# The first interpreter that larqca's dependencies have wheels for, in $$python.
define FIND_PYTHON
for python in $(or $(PYTHON),python3 python3.12 python3.11 python3.10) ''; do \
	if [ -z "$$python" ]; then \
		echo "larqca needs CPython 3.10, 3.11 or 3.12, and none is among:" \
			"$(or $(PYTHON),python3 python3.12 python3.11 python3.10). On Debian or Ubuntu:" \
			"apt-get install python3 python3-venv; elsewhere: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	if $$python -c 'import sys; sys.exit(sys.implementation.name != "cpython" or \
		not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then break; fi; \
done; \
if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	echo "$$python cannot create virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2; \
	exit 1; \
fi
endef

# --clear below empties the folder: only do that to a virtual environment.
define CHECK_VENV
if [ -e $(VENV) ] && [ ! -e $(VENV)/pyvenv.cfg ] && ! rmdir $(VENV) 2>/dev/null; then \
	echo "$(VENV) is in the way: it exists and is not a virtual environment; move it" >&2; \
	exit 1; \
fi
endef
