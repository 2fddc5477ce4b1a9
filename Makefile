SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONFORMANCE := ../shared/conformance/run
WORKERS ?= 4
JAIL_TESTS = $(subst /conftest.py,,$(shell grep -rlF mark.jail tests --include=*.py))
# Without bytecode every worker rewrites the assertions of 400 files, and every process of an ordinary user, who may not
# write here, compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE
COMPILE = $(BIN)/python -m compileall -q -j 0 src tests/support
# The logins of whoever runs this have no part in it.
export CCPROXY_FIND_LOGINS := false
FUZZ_SECONDS ?= 60
# Real processes and sockets on a machine that others use too: what fails is tried once more, and told of.
AGAIN = --reruns 1 --rerun-show-tracebacks -raR

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-23s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(STAMP) ## build .venv from the lock

$(STAMP): requirements.txt pyproject.toml tools/venv
	@bash tools/venv $(VENV)
	@touch $@

.PHONY: demo
demo: $(STAMP) ## start a private daemon with the simulator and send a turn in each format
	@$(BIN)/ccproxy demo

.PHONY: test
test: $(STAMP) ## run the tests, those of the jail where this machine can; not the slow ones, nor real clients
	@$(COMPILE)
	$(BIN)/python -m pytest -n $(WORKERS) $(AGAIN)
	@if $(BIN)/python tools/jail_needs.py; then $(MAKE) test-jail; fi

.PHONY: test-jail
test-jail: $(STAMP) ## run the tests of the capture jail, which need namespaces and programs such as curl and tshark
	@$(COMPILE)
	$(BIN)/python tools/everybodys_tun.py $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(AGAIN) -m "jail and not slow" $(JAIL_TESTS)

.PHONY: test-all
test-all: $(STAMP) ## run the tests and the slow tests, the jail's as root too, and more examples of the properties
	EXAMPLES=all $(BIN)/python -m pytest -n $(WORKERS) -m "not clients and not jail"
	@if $(BIN)/python tools/jail_needs.py; then $(BIN)/python tools/everybodys_tun.py $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m jail $(JAIL_TESTS); fi

.PHONY: lint
lint: $(STAMP) ## ruff, formatting, strict types, and the import rules between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

.PHONY: format
format: $(STAMP) ## rewrite the sources as `make lint` wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: tables
tables: $(STAMP) ## make the tables of docs/formats.md again from the code
	PYTHONPATH=. $(BIN)/python tools/formats_page.py

.PHONY: bench
bench: $(STAMP) ## measure ccproxy beside mitmdump and a raw relay
	bash bench/run

.PHONY: bench-peers
bench-peers: $(STAMP) ## the same, beside other gateways
	bash bench/run --peers

.PHONY: conformance
conformance: $(STAMP) ## run the shared conformance suite, where it is checked out beside this repository
	@if [ -x $(CONFORMANCE) ]; then $(CONFORMANCE) --start "$(CURDIR)/$(BIN)/ccproxy start"; \
	else echo "$(CONFORMANCE) is not there: nothing to run"; fi

.PHONY: conformance-code-assist
conformance-code-assist: $(STAMP) ## run its cases of Gemini twice, with and without Code Assist between, and compare
	@if [ -x $(CONFORMANCE) ]; then \
	$(BIN)/python -m tools.code_assist.compare $(CONFORMANCE) .conformance/gemini "$(CURDIR)/$(BIN)/ccproxy" start; \
	else echo "$(CONFORMANCE) is not there: nothing to run"; fi

.PHONY: golden
golden: $(STAMP) ## run every flow command on 1,000 recorded flows and compare what it prints with what was kept
	@$(BIN)/python -m tests.golden

.PHONY: clients
clients: $(STAMP) ## install real clients (clients/versions.txt) and drive them through the daemon and in the jail
	bash clients/install
	$(BIN)/python tools/loopback.py $(BIN)/python tools/everybodys_tun.py $(BIN)/python -m pytest tests/clients -m clients --timeout 300

.PHONY: captures
captures: $(STAMP) ## install three of them, capture their shapes in the jail, and put requests of SDKs into these
	bash clients/install @anthropic-ai/claude-code @openai/codex @google/gemini-cli
	$(BIN)/python tools/loopback.py $(BIN)/python -m pytest tests/clients/test_captures.py -m clients --timeout 300

.PHONY: leaks
leaks: $(STAMP) ## try every way out of a jail, in a network without one, and print what became of it
	@$(BIN)/python -m tests.jail.leaks

.PHONY: faults
faults: $(STAMP) ## make everything go wrong on the way to a provider, kill what archives it, and print what is seen
	@$(BIN)/python -m tests.faults

.PHONY: fuzz
fuzz: $(STAMP) ## feed the translation layer and the hooks what a fuzzer makes up, FUZZ_SECONDS=60 a target
	@bash fuzz/run $(FUZZ_SECONDS)

.PHONY: lock
lock: ## resolve pyproject.toml again into requirements.txt
	@bash tools/lock

.PHONY: clean
clean: ## remove everything that these targets made
	rm -rf $(VENV) .venv-lock .bench .clients .conformance .fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
