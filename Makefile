# The whole contract: each command works on a fresh clone with python3, make and the package registries.

SHELL := /bin/bash
TOOLS := .farflow/env/tools/bin
LOCAL := $(TOOLS)/python -m local
export DAGS KEEP

.PHONY: help demo up status logs down setup

help: ## Show this list.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: # The Python environments, in .farflow/; a fifth of a second when they are there.
	@python3 local/environments.py

demo: setup ## Boot everything on this machine, run DAGs, print a timeline, shut down. DAGS=<folder>, KEEP=1.
	@$(LOCAL) demo

up: setup ## Start Farflow on this machine and deploy the template to it.
	@$(LOCAL) up

status: setup ## Show each service, its tasks, the queue, addresses and the password.
	@$(LOCAL) status

logs: setup ## Follow the logs of everything that runs.
	@$(LOCAL) logs

down: setup ## End every process that `make up` started.
	@$(LOCAL) down
