# make run     see a failover on this machine (make run ARGS=--once: the short form)
# make venv    all that the commands need, in .venv
# make test    the tests, with representatives of the long ones; as root on Debian it installs the tools that tests use
# make quick   most of them, in less than two minutes
# (make test WORKERS=0: one test after the other)
# make coverage which branches of the decisions and of what reads text their own tests take: 98 % at least
# make lab     those on a real IPVS kernel; make e2e: packages, the walks of the documents
# make all     everything: make test, and make rest, which is what that leaves out
# make check   lint, types, and make test
# make docs    rewrite the generated parts of the documents
# make bench   figures, beside those of Debian's mon
# make lock    resolve the dependencies again

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
WORKERS ?= auto
COVERED := $(addprefix tests/,core config protocol timeline access ipvs cli/test_check.py)
READY := $(VENV)/.ready

.PHONY: run venv quick test lab e2e rest all coverage check lint types bench docs lock clean peers

run: $(READY)
	$(BIN)/pymon demo $(ARGS)

venv: $(READY)

quick test lab e2e rest: $(READY) peers
	$(BIN)/pytest --lane $@ -n $(WORKERS) $(ARGS)

all: test rest

# The tests of these rooms, but for those that need a guest; the gate is in pyproject.toml.
coverage: $(READY)
	$(BIN)/pytest -q -n $(WORKERS) -m "not uml and not ahead and not peer" --cov --cov-report=term $(COVERED) $(ARGS)

check: lint types test

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy
	set -e; for plugin in monitors/*.monitor alerts/*.alert; do $(BIN)/mypy $$plugin; done

bench: $(READY) peers
	$(BIN)/python -m bench $(ARGS)

docs: $(READY)
	$(BIN)/python -m docs.generate

# Debian's mon, a user-mode-linux kernel and their like: installed when that is possible, else tests say what they miss.
peers:
	@.ci/peers

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --group dev -o requirements.lock pyproject.toml

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q pymon
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
