# Everything a checkout can do. Each target makes its own virtual environment, .venv, when there is none.
#
#   PYTHON=/path/to/python3   which interpreter makes it; FOREWORD_PYTHON is read too
#   VENV=folder               where it is
#   ARGS='…'                  further arguments of the tool behind test, types, bench

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Where nothing may be kept compiled, each of the hundreds of daemons that tests start takes a quarter of a second longer.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= $(or $(FOREWORD_PYTHON),python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PROTO_FILES := $(shell find proto -name "*.proto" | LC_ALL=C sort)
# The only ones that gRPC has something to say of.
SERVICE_FILES := $(filter %_service.proto,$(PROTO_FILES))
# Tests wait for synced commits and for processes to start, so that two cores are busy with three workers; more than
# eight only contend for the disk.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 3 ? 3 : cores > 8 ? 8 : cores)))
# What `buf breaking` compares with: main as published, else as it is here.
MAIN ?= $(shell git rev-parse --quiet --verify origin/main >/dev/null 2>&1 && echo origin/main || echo main)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(VENV)/.runtime $(if $(MODEL),$(VENV)/.model-server) ## See forewords written from real activity: GIT=path of a repository, KEEP=1 to leave it up, MODEL=1 with a language model
	@$(BIN)/foreword demo $(if $(GIT),--git '$(GIT)') $(if $(KEEP),--keep) $(if $(MODEL),--model)

.PHONY: test
test: $(VENV)/.dev ## Run all tests in parallel; ARGS='-k name' to choose
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Check code and proto style, changing nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code
	@$(BIN)/buf format --diff --exit-code examples/product/proto

.PHONY: types
types: $(VENV)/.dev ## Check types, strictly
	@$(BIN)/mypy $(ARGS)
	@$(BIN)/mypy examples/*.py tests/typed/*.py clients/*.py

.PHONY: proto
proto: $(VENV)/.dev ## Generate code from proto/, check its style and that it breaks no client of main
	@$(BIN)/python -m grpc_tools.protoc -I proto --python_out=. --pyi_out=. $(PROTO_FILES)
	@$(BIN)/python -m grpc_tools.protoc -I proto --grpc_python_out=. $(SERVICE_FILES)
	@$(BIN)/buf format --write
	@$(BIN)/buf lint
	@if git cat-file -e '$(MAIN):proto' 2>/dev/null; then \
		git archive '$(MAIN)' buf.yaml proto | $(BIN)/buf breaking --against '-#format=tar'; \
	else \
		echo 'proto: $(MAIN) has no proto/ here, so nothing can break; buf breaking was left out'; \
	fi

.PHONY: native
native: $(VENV)/.dev ## Test what is in Rust, build it with cargo and install it; sidecar and readers in process use it from then on
	@command -v cargo >/dev/null || { echo 'native: cargo is not installed; reads are answered in Python' >&2; exit 1; }
	@cd native && cargo fmt --check && cargo test --locked --quiet
	@$(PIP) install --force-reinstall --no-deps ./native
	@$(BIN)/foreword-front --version
	@$(BIN)/python -c 'import foreword_native; print("foreword_native protocol", foreword_native.PROTOCOL)'

.PHONY: clients-proto
clients-proto: $(VENV)/.dev ## Generate the code of clients/ from proto/, with the generators that each pins
	@$(BIN)/python clients/generate.py $(ARGS)

.PHONY: clients-vectors
clients-vectors: $(VENV)/.dev ## Write clients/vectors and Node's words of corrections anew
	@$(BIN)/python clients/make_vectors.py
	@$(BIN)/python clients/make_corrections.py

.PHONY: test-clients
test-clients: $(VENV)/.dev ## Build and test the clients in other languages beside running daemons; ARGS='go rust' chooses
	@$(BIN)/python clients/run_tests.py $(ARGS)

# What mypy leaves out of `make types`, where the frameworks are not installed.
INTEGRATED := agent_framework claude_agent_sdk langchain litellm llama_index openai_agents pydantic_ai
.PHONY: test-integrations
test-integrations: .venv-integrations/.done ## Test and type-check foreword/integrations with the frameworks themselves; TYPES=no leaves types out
	@.venv-integrations/bin/python -m pytest -n $(WORKERS) $(or $(ARGS),tests/integrations)
	@[[ '$(TYPES)' == no ]] || .venv-integrations/bin/mypy $(INTEGRATED:%=foreword/integrations/%.py) benchmarks/integrations.py

.PHONY: bench
bench: $(VENV)/.dev ## Measure the figures in benchmarks/ and write their tables
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: docs
docs: $(VENV)/.runtime ## Write docs/configuration.md, docs/metrics.md and the dashboard anew from the code
	@$(BIN)/python docs/make_configuration.py
	@$(BIN)/python docs/make_metrics.py
	@$(BIN)/python docs/make_dashboard.py

.PHONY: forewords
forewords: $(VENV)/.dev ## Write docs/forewords.md anew: ten people's forewords beside their events
	@PYTHONPATH=tests $(BIN)/python docs/make_forewords.py

.PHONY: wrappers
wrappers: $(VENV)/.dev ## Write docs/wrappers.md anew: ten answers in the words of three kinds of user
	@PYTHONPATH=tests $(BIN)/python docs/make_wrappers.py

.PHONY: format
format: $(VENV)/.dev ## Bring code and proto into shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/buf format --write
	@$(BIN)/buf format --write examples/product/proto

.PHONY: venv
venv: $(VENV)/.dev ## Make the virtual environment with everything in it

.PHONY: rivals
rivals: .venv-rivals/.done ## Make .venv-rivals, with what `foreword evaluate answers` and `ranking` are compared with

.PHONY: bench-rivals
bench-rivals: .venv-bench/.done benchmarks/go/bin/reads native/target/release/examples/load ## Make what `make bench ARGS='rivals load'` compares with: .venv-bench, Go clients, the load client

.PHONY: constraints
constraints: ## Pin today's versions of all dependencies in constraints.txt and constraints-integrations.txt
	@$(MAKE) --no-print-directory .venv-constraints/bin/python VENV=.venv-constraints
	@.venv-constraints/bin/python -m pip --disable-pip-version-check --quiet install --upgrade --upgrade-strategy eager -e '.[dev]'
	@{ sed -n '/^#/p' constraints.txt; \
		.venv-constraints/bin/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' | LC_ALL=C sort -f; } > constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@rm -rf .venv-constraints
	@$(MAKE) --no-print-directory .venv-constraints/bin/python VENV=.venv-constraints
	@.venv-constraints/bin/python -m pip --disable-pip-version-check --quiet install --upgrade uv
	@.venv-constraints/bin/uv pip install --quiet --upgrade --system-certs --python .venv-constraints/bin/python -e '.[dev-integrations]'
	@{ sed -n '/^#/p' constraints-integrations.txt; \
		.venv-constraints/bin/python -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' | LC_ALL=C sort -f; } > constraints.txt.new
	@mv constraints.txt.new constraints-integrations.txt
	@rm -rf .venv-constraints

.PHONY: clean
clean: ## Remove the virtual environment, caches and builds; never a store
	rm -rf $(VENV) .venv-constraints .venv-integrations .venv-rivals .venv-bench benchmarks/go/bin build dist native/build native/target .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two steps, so that a first `make demo` does not wait for linters and compilers it never calls.
$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing Foreword into $(VENV)'
	@$(PIP) install --constraint constraints.txt --editable '.[server,ranking]'
	@touch $@

$(VENV)/.model-server: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing the model server into $(VENV)'
	@$(PIP) install --constraint constraints.txt --editable '.[server,ranking,model-server]'
	@touch $(VENV)/.runtime $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing Foreword and its development tools into $(VENV)'
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $(VENV)/.runtime $(VENV)/.model-server $@

# What they need is no dependency of ours: GPTCache would bring whatever it misses by itself, RedisVL wants a server.
.venv-rivals/.done: evaluations/rivals.txt
	@$(PYTHON) -m venv --clear .venv-rivals
	@echo 'Installing other caches and learners into .venv-rivals'
	@.venv-rivals/bin/python -m pip --disable-pip-version-check --quiet install --requirement $<
	@touch $@

.venv-bench/.done: benchmarks/rivals.txt
	@$(PYTHON) -m venv --clear .venv-bench
	@echo 'Installing clients of Redis and PostgreSQL, and Feast, into .venv-bench'
	@.venv-bench/bin/python -m pip --disable-pip-version-check --quiet install --requirement $<
	@touch $@

# Built anew by whoever can; without go or cargo the rows of what they build are left out.
benchmarks/go/bin/reads: $(wildcard benchmarks/go/*.go clients/go/*.go) benchmarks/go/go.mod
	@if command -v go >/dev/null; then cd benchmarks/go && go build -o bin/reads .; \
		else echo 'bench-rivals: go is not installed; its rows are left out' >&2; fi

native/target/release/examples/load: $(wildcard native/examples/load/*.rs) native/Cargo.toml
	@if command -v cargo >/dev/null; then cd native && cargo build --locked --quiet --release --example load; \
		else echo 'bench-rivals: cargo is not installed; `benchmarks load` is left out' >&2; fi

# By uv where it gets there: some 190 packages in half a minute. It does not read pip's own configuration, so pip is next.
.venv-integrations/.done: pyproject.toml constraints-integrations.txt
	@$(PYTHON) -m venv --clear .venv-integrations
	@echo 'Installing the frameworks of agents into .venv-integrations'
	@.venv-integrations/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints-integrations.txt uv
	@.venv-integrations/bin/uv pip install --quiet --system-certs --python .venv-integrations/bin/python \
		--constraint constraints-integrations.txt --editable '.[dev-integrations]' || \
		.venv-integrations/bin/python -m pip --disable-pip-version-check --quiet install \
		--constraint constraints-integrations.txt --editable '.[dev-integrations]'
	@touch $@

# A half-made environment is removed: Debian's python3 without python3-venv leaves one that has no pip.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Foreword needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3 …' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null || { rm -rf $(VENV); \
		echo 'No virtual environment could be made with $(PYTHON); on Debian and Ubuntu first run: apt install python3-venv' >&2; exit 1; }
