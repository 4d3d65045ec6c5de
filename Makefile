# Every task of the repository; `make` or `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
COMPOSE := docker compose --profile '*'

# Processors that the replica's services may use: all of a smaller machine.
export WEB_CPUS ?= $(shell n=$$(nproc); [ $$n -lt 2 ] && echo $$n || echo 2)
# The machine's own CA bundle, for pip inside the image build behind a TLS-inspecting proxy.
export SLIPSTREAM_CA_BUNDLE ?= $(firstword $(wildcard $(PIP_CERT) $(SSL_CERT_FILE) /etc/ssl/certs/ca-certificates.crt) ./services/web/ca/none.pem)

.PHONY: help setup up down clean logs seed shell rotate-secrets loadtest compare bench-timing bench-querycache bench-pages \
        test test-unit test-integration test-browser test-app test-django test-races test-rounds \
        test-combinations test-truth lint format lock

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make a bare machine ready: Docker Engine, Compose, base image, virtual environment
	@scripts/setup engine base venv

up: setup ## start the replica with the recommended set; PROFILES="a b" chooses, PROFILES= is the baseline
	@$(PYTHON) scripts/up.py $(if $(filter-out undefined,$(origin PROFILES)),"$(PROFILES)")

down: ## stop the replica and remove its containers and networks, of every profile; data stays
	@$(COMPOSE) down --remove-orphans --timeout 15

clean: ## like down, and remove the replica's data and secrets as well
	@$(COMPOSE) down --remove-orphans --timeout 15 --volumes

logs: ## follow the logs; SERVICE=web for one service
	@$(COMPOSE) logs --follow --tail 50 $(SERVICE)

seed: ## add sample students up to USERS (default 2000)
	@$(COMPOSE) run --rm --no-deps seed seed --users "$(or $(USERS),2000)"

shell: ## open a Django shell in the running web service
	@$(COMPOSE) exec web python manage.py shell

rotate-secrets: ## make new passwords and give them to every service (logs visitors out)
	@$(COMPOSE) run --rm --env ROTATE=1 secrets
	@$(COMPOSE) restart $$($(COMPOSE) ps --services --status running)

loadtest: setup ## measure what each optimization gives; MODE=quick ONLY=a,b BLOCKS=3 REVIEW=1 RESUME=1
	@$(PYTHON) -m loadtest run \
	  $(if $(MODE),--mode "$(MODE)") $(if $(BLOCKS),--blocks "$(BLOCKS)") $(if $(ONLY),--only "$(ONLY)") \
	  $(if $(USERS),--users "$(USERS)") $(if $(SEED),--seed "$(SEED)") $(if $(RESUME),--resume "$(RESUME)") \
	  $(if $(DB_RTT_MS),--db-rtt-ms "$(DB_RTT_MS)") $(if $(DB_TLS),--db-tls "$(DB_TLS)") \
	  $(if $(CAPACITY),--capacity "$(CAPACITY)") \
	  $(if $(LATENCY_SECONDS),--latency-seconds "$(LATENCY_SECONDS)") \
	  $(if $(P95_TARGET_MS),--p95-target-ms "$(P95_TARGET_MS)") \
	  $(if $(SAFETY),--safety "$(SAFETY)") $(if $(REVIEW),--review "$(REVIEW)") \
	  $(if $(KEEP),--keep) $(if $(BUDGET),--budget "$(BUDGET)")

test: lint test-unit test-app test-integration test-browser ## what CI runs

test-unit: ## minutes, no Docker; two processes
	@scripts/setup venv
	@$(PYTHON) -m pytest tests/unit --numprocesses 2 --dist loadfile $(ARGS)

test-app: setup ## the app's unit tests in the image (Python 3.13) on Django 5.2 and 6.1
	@scripts/test-app 5.2 $(ARGS) & scripts/test-app 6.1 $(ARGS) || failed=1; wait $$! && exit $${failed:-0}

test-integration: setup ## testcontainers over the real replica
	@$(PYTHON) -m pytest tests/integration -p no:randomly $(ARGS)

test-browser: setup ## headless Chromium against the real replica
	@scripts/setup browser
	@$(PYTHON) -m pytest tests/browser -p no:randomly $(ARGS)

test-django: setup ## Django's own tests with the query cache on; ARGS="--database sqlite --mode verify queries"
	@$(PYTHON) -m tests.django $(ARGS)

test-races: setup ## a million reads per cache server while writers are killed at every step; minutes
	@failed=0; for store in memcached redis; do \
	  $(PYTHON) -m tests.races --store $$store --reads 1000000 --every-step --calm-seconds 12 $(ARGS) || failed=1; \
	done; exit $$failed

test-rounds: setup ## 10,000 rounds of log-ins, log-outs and changed accounts across two workers; ARGS="--rounds 500"
	@$(PYTHON) -m tests.rounds $(ARGS)

test-combinations: setup ## every combination of optimizations serves the baseline's pages to every visitor; ARGS="--pairs"
	@$(PYTHON) -m tests.combinations $(ARGS)

test-truth: setup ## real runs of the load lab whose outcome is known: the baseline, and itself slowed down
	@$(PYTHON) -m tests.truth $(ARGS)

bench-timing: ## what Server-Timing costs, as a share of a request
	@scripts/setup venv
	@$(PYTHON) scripts/bench_timing.py

bench-querycache: setup ## the query cache beside django-cachalot and django-cacheops; ARGS="--blocks 3"
	@$(PYTHON) -m benchmarks.querycache $(ARGS)

bench-pages: setup ## the page with 100 items beside the baseline's, and beside one that says a name; ARGS="--blocks 6"
	@$(PYTHON) -m benchmarks.pages $(ARGS)

compare: ## two runs of the load lab, by their names: make compare A=RUN B=RUN
	@scripts/setup venv
	@$(PYTHON) -m loadtest compare "$(A)" "$(B)"

lint: ## ruff, mypy strict, shellcheck, hadolint
	@scripts/setup venv
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/shellcheck $$(git ls-files | xargs grep -lE '^#!/bin/(ba)?sh')
	@.venv/bin/hadolint $$(git ls-files '*Dockerfile')

format: ## rewrite the Python files as ruff wants them
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

lock: ## resolve the requirements anew, with hashes (needs uv)
	@scripts/lock
