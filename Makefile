# Run `make` to list the targets. Each works on a fresh machine by itself: the tools are installed into
# .venv, in exactly the versions that requirements-dev.txt locks.

IMAGE ?= bitbucket-environment
PYTEST = .venv/bin/pytest --numprocesses=auto --dist=loadgroup
# uv installs in seconds what takes pip a minute. Where uv can't (behind a proxy or an index that only pip's
# settings name), pip does, and says what is wrong.
LOCKED = --require-hashes --no-deps --only-binary=:all: --requirement
PIP = .venv/bin/python -m pip install -qq --disable-pip-version-check
install = .venv/bin/uv pip install --quiet --python .venv/bin/python $(LOCKED) $(1) 2>/dev/null || \
	$(PIP) $(LOCKED) $(1)
REVISION = $(shell git rev-parse HEAD)

# The tests start hundreds of processes: Python keeps the bytecode, even where it is told not to.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench image publish pin generate pictures lock prove mutate live audit

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/runtime ## run the pipe against a simulated Bitbucket, step by step
	@.venv/bin/python -m demo.run

test: .venv/clients ## run the tests; the container tests need a Docker engine
	@$(PYTEST) --cov -m 'not live'

lint: .venv/installed ## check style, types, layers and the Dockerfile
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/hadolint Dockerfile

bench: .venv/installed ## measure image size, start-up, requests and memory next to peers
	@.venv/bin/python -m bench

image: ## build the pipe's image
	docker build --tag $(IMAGE) --build-arg REVISION=$(REVISION) .

publish: ## push the image to your registry: make publish IMAGE=registry.example/team/NAME:1.0.0
	@.ci/publish '$(IMAGE)'

PINNED = BASE_IMAGE=debian:trixie-slim COSIGN_IMAGE=gcr.io/projectsigstore/cosign:v2.4.1

pin: ## pin by digest the images that a release trusts
	@.ci/pin $(PINNED)

generate: .venv/installed ## write what follows from pipe.yml and the models: names, version, schema
	@.venv/bin/python -m scripts.reference
	@.venv/bin/python -m scripts.publication
	@.venv/bin/python -m scripts.schema

pictures: .venv/installed ## draw the pictures of the documentation from new runs; needs Chromium
	@.venv/bin/python -m scripts.pictures

prove: .venv/installed ## try every fault at every request; update docs/reliability.md
	@PROVE=full PROVE_WRITE=1 $(PYTEST) tests/property tests/faults tests/integration tests/unit \
		tests/repository/test_benchmark.py

mutate: .venv/installed ## run mutation tests on the planner and the retry policy
	@$(call install,requirements-prove.txt)
	@.venv/bin/mutmut run && .venv/bin/mutmut results

live: .venv/installed ## run the main scenarios against the real Bitbucket (see CONTRIBUTING.md)
	@.venv/bin/pytest -m live tests/live

audit: .venv/installed ## check the locked dependencies for known vulnerabilities
	.venv/bin/pip-audit --require-hashes --disable-pip --requirement requirements.txt

LOCK = .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	--exclude-newer '7 days' --output-file

lock: .venv/installed ## update the locked dependencies to releases at least a week old
	$(LOCK) requirements.txt pyproject.toml
	$(LOCK) requirements-dev.txt pyproject.toml --group dev --constraints requirements.txt
	$(LOCK) requirements-install.txt --group install --constraints requirements-dev.txt
	$(LOCK) requirements-prove.txt pyproject.toml --group prove --constraints requirements-dev.txt
	$(LOCK) bench/requirements.txt bench/requirements.in
	$(LOCK) bench/official/requirements.txt bench/official/requirements.in
	$(LOCK) bench/plot/requirements.txt bench/plot/requirements.in
	$(LOCK) tests/simulator/clients/requirements-clients.txt tests/simulator/clients/requirements-clients.in

# What the pipe and the simulator need.
.venv/runtime: requirements.txt requirements-install.txt
	@.venv/bin/python -c '' 2>/dev/null || for python in python3.13 python3.12 python3.11 python3 none; do \
		if [ $$python = none ]; then \
			echo 'Python 3.11 or newer with its venv module is required, and was not found.' \
				'On Debian: apt-get install python3-venv' >&2; \
			exit 1; \
		fi; \
		if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			$$python -m venv --clear .venv && break; \
		fi; \
	done
	@echo 'Installing what the pipe and the simulator need into .venv (once) …'
	@$(PIP) $(LOCKED) requirements-install.txt || echo 'Continuing without uv.'
	@$(call install,requirements.txt)
	@touch $@

# What tests and checks need in addition.
.venv/installed: .venv/runtime requirements-dev.txt
	@echo 'Installing the tools of development into .venv (once) …'
	@$(call install,requirements-dev.txt)
	@touch $@

# Third-party clients that the tests run against the simulator; the one from npm only where npm is installed.
.venv/clients: .venv/installed tests/simulator/clients/requirements-clients.txt tests/simulator/clients/package-lock.json
	@echo 'Installing the clients that the tests run (once) …'
	@$(call install,tests/simulator/clients/requirements-clients.txt)
	@if command -v npm >/dev/null; then \
		npm ci --prefix tests/simulator/clients --ignore-scripts --no-audit --no-fund --loglevel=error; \
	fi
	@touch $@
