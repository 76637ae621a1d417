# Latchkey. `make` lists the commands; each installs what it needs on Debian or Ubuntu.

SHELL := /bin/bash
VENV := .venv/.installed
PYTHON := .venv/bin/python

.PHONY: help demo run build test check fmt bench microbench soak upgrade-test screenshots schema clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-12s %s\n", $$1, $$2}'

demo: build ## See the whole story: server, demo API and demo app on this machine
	bin/latchkey demo

run: build ## Run the server; pass its options in ARGS
	bin/latchkey serve $(ARGS)

build: ## Build the release executable, bin/latchkey
	@scripts/need build
	swift build -c release --product latchkey
	@mkdir -p bin && install -m 755 "$$(swift build -c release --show-bin-path)/latchkey" bin/latchkey

test: build $(VENV) ## Run every test
	@scripts/need tests
	swift format lint --strict --recursive Sources Tests Examples Package.swift
	LATCHKEY_TEST_POSTGRES_FSYNC=off scripts/postgres run bash -c 'swift test && LATCHKEY_TEST_DRIVER=postgres swift test --skip-build --filter StorageTests'
	LATCHKEY_TEST_POSTGRES_FSYNC=off scripts/postgres run scripts/test

check: test ## What CI runs

fmt: ## Format the sources
	swift format --in-place --recursive Sources Tests Examples Package.swift

schema: build $(VENV) ## Write docs/schema anew, after a migration was added
	@scripts/need tests
	LATCHKEY_TEST_DRIVER=postgres LATCHKEY_BIN=bin/latchkey scripts/postgres run $(PYTHON) Tests/blackbox/schema_dumps.py

bench: build $(VENV) ## Measure the server, pinned to one core, loaded from the other
	@scripts/need bench
	$(PYTHON) Benchmarks/bench.py $(ARGS)

microbench: ## Hold the allocations of the pure parts against what is committed
	@scripts/need build
	swift build -c release --product microbench
	"$$(swift build -c release --show-bin-path)/microbench" Benchmarks/Micro/allocations.json

soak: build $(VENV) ## The faults that take minutes; what was seen is kept in docs/soak
	@scripts/need tests
	@mkdir -p docs/soak
	set -o pipefail; LATCHKEY_TEST_PAUSE=30 scripts/postgres run $(PYTHON) -m pytest -q -s -p no:cacheprovider Tests/soak \
		--ignore Tests/soak/test_upgrade.py Tests/blackbox/faults/test_postgresql.py | tee docs/soak/faults.txt

upgrade-test: build $(VENV) ## The release before and this one together on one database, under load
	@mkdir -p docs/soak
	set -o pipefail; LATCHKEY_PREVIOUS=$$(scripts/previous-release) $(PYTHON) -m pytest -q -s -p no:cacheprovider Tests/soak/test_upgrade.py | tee docs/soak/upgrade.txt

screenshots: build $(VENV) ## Take the pictures in docs/screenshots again
	@scripts/need screenshots
	$(PYTHON) Tests/browser/screenshots.py

clean: ## Remove everything that was built
	rm -rf .build bin .venv demo-data

$(VENV): Tests/requirements.txt
	@scripts/need python
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement Tests/requirements.txt
	@touch $(VENV)
