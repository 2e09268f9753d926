# The whole contract: each command works on a fresh clone with python3, make and the package registries.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
TOOLS := .farflow/env/tools/bin
LOCAL := PYTHONPATH=layers/control_plane $(TOOLS)/python -m local
RELEASES := $(LOCAL).release_commands
WITH_SAM := env PATH="$(CURDIR)/$(TOOLS):$$PATH" SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/.farflow/sam" \
  PIP_CACHE_DIR="$(CURDIR)/.farflow/cache/pip"
SAM := $(WITH_SAM) sam
export DAGS KEEP ENGINE TAG CPU_ARCHITECTURE ENV RELEASE CONFIRM DATABASE_URL HISTORY DAYS FULL PROCESSES POLICIES SEED CONCURRENCY MAXIMUM COLD_START UPGRADE_FROM FROM TO IMAGE DRAIN_HOURS

.PHONY: help demo up status logs down image image-test deploy upgrade resume upgrade-check publish releases rollback confirm explain export-history replay lint-dags test test-defences test-upgrades soak check bench bench-tasks bench-delivery bench-lint bench-push bench-observing bench-workers bench-scaling setup setup-former setup-tools setup-plotting setup-benchmarks rule-pages locks

help: ## Show this list.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 26

demo: setup ## Boot everything on this machine, run DAGs, print a timeline, shut down. DAGS=<folder> KEEP=1 UPGRADE_FROM=3.2.2
	@case "$(UPGRADE_FROM)" in 3.3.1|3.2.2) python3 local/environments.py tools emulator lambda airflow airflow-$(UPGRADE_FROM);; esac
	@$(LOCAL) demo

up: setup ## Start Farflow on this machine and deploy the template to it.
	@$(LOCAL) up

status: setup ## Show each service, its tasks, the queue, addresses and the password.
	@$(LOCAL) status

logs: setup ## Follow the logs of everything that runs.
	@$(LOCAL) logs

down: ## End every process that `make up` started.
	@if [ -x $(TOOLS)/python ]; then $(LOCAL) down; else echo "nothing ran"; fi

image: setup ## Build airflow/ with a container engine of this machine. ENGINE=podman TAG=name:tag CPU_ARCHITECTURE=X86_64
	@$(TOOLS)/python -m local.image.build

image-test: setup ## Build airflow/ on a substitute base and run it: Linux, root, Debian's docker.io and debootstrap.
	@$(TOOLS)/python -m local.image.test

deploy: setup ## Deploy to AWS with samconfig.toml's environment ENV, for example ENV=dev.
	@test -n "$(ENV)" || { echo "deploy: say which environment of samconfig.toml, for example ENV=dev" >&2; exit 2; }
	@$(SAM) build --config-env "$(ENV)"
	@$(SAM) deploy --config-env "$(ENV)"

upgrade: setup ## Let running tasks end, then deploy to AWS. ENV=prod DRAIN_HOURS=8 CONFIRM=yes
	@test -n "$(ENV)" || { echo "upgrade: say which environment of samconfig.toml, for example ENV=prod" >&2; exit 2; }
	@$(LOCAL).drain_ahead before-upgrade
	@$(SAM) build --config-env "$(ENV)"
	@$(WITH_SAM) $(LOCAL).drain_ahead upgrade

resume: setup ## Start again what a drain, or an aborted upgrade, left stopped. ENV=prod
	@$(LOCAL).drain_ahead resume

upgrade-check: setup ## Try an upgrade and the way back on a copy of a database, and the DAGs. ENV=prod IMAGE=name:tag | DATABASE_URL=<url> | FROM=3.2.2; TO=3.3.2 DAGS=<folder>
	@for version in $(FROM) $(TO); do case "$$version" in 3.3.1|3.2.2) python3 local/environments.py airflow-$$version;; esac; done
	@PYTHONPATH=functions:layers/control_plane $(TOOLS)/python -m local.upgrade_check upgrade-check

publish: setup ## Make a folder of DAGs the newest release. DAGS=<folder> ENV=dev CONFIRM=yes
	@$(RELEASES) publish

releases: setup ## List the releases: id, commit, time, files, who; which is served, what is held. ENV=dev
	@$(RELEASES) releases

rollback: setup ## Bring an earlier release back. RELEASE=<id> ENV=dev CONFIRM=yes
	@$(RELEASES) rollback

confirm: setup ## Let a release be served that was held because it removes most of the files. RELEASE=<id> ENV=dev
	@$(RELEASES) confirm

explain: setup ## Say why the workers are as many as they are: the last decisions, each with its reason. ENV=dev
	@$(LOCAL).explain explain

export-history: setup-tools ## Write past DAG runs for the simulator of worker scaling. DATABASE_URL=postgresql://... DAYS=7 HISTORY=build/history.jsonl
	@PYTHONPATH=functions:layers/control_plane $(TOOLS)/python -m benchmarks.export_history

replay: setup-plotting ## Replay past DAG runs under each scaling policy. HISTORY=build/history.jsonl POLICIES=economy,MWAA CONCURRENCY=4 MAXIMUM=200 COLD_START=73.5 SEED=0 PROCESSES=2
	@PYTHONPATH=functions:layers/control_plane .farflow/env/benchmarks/bin/python -m benchmarks.scaling.replay_picture

lint-dags: setup ## Say of a folder of DAGs what the push gate would say. DAGS=<folder>
	@test -n "$(DAGS)" || { echo "lint-dags: say which folder, for example DAGS=dags" >&2; exit 2; }
	@PYTHONPATH=layers/dag_lint XDG_CACHE_HOME=$(CURDIR)/.farflow/cache $(TOOLS)/python -m dag_lint --python .farflow/env/airflow/bin/python "$(DAGS)"

# The end-to-end tests share one stack and mostly wait; what needs no stack runs beside them.
test: setup-former ## Run all tests: unit, integration, contract, end to end. TESTS=tests/unit for a part.
ifdef TESTS
	@$(TOOLS)/pytest $(TESTS)
else
	@$(TOOLS)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile tests/unit tests/integration tests/contract > .farflow/stackless-tests.log 2>&1 & \
	stackless=$$!; status=0; \
	$(TOOLS)/pytest tests/e2e || status=$$?; \
	echo "tests that need no stack, which ran meanwhile:"; \
	wait $$stackless || status=$$?; \
	cat .farflow/stackless-tests.log; exit $$status
endif

test-defences: setup ## Take out each defence of the push gate, in a copy: a test must notice (about 6 minutes).
	@$(TOOLS)/python -m tests.defences

test-upgrades: setup-former ## Break upgrades on real parts, each in another way: the version before must work on; then one in the demo (about 50 minutes).
	@python3 local/environments.py airflow-3.3.1
	@$(TOOLS)/pytest -rP tests/upgrades
	@$(MAKE) demo UPGRADE_FROM=3.2.2

soak: setup ## Hundreds of tasks while workers drain, are rolled out, told to stop, and killed (about half an hour).
	@$(TOOLS)/pytest -rP tests/soak

check: setup ## Check format, lint, types, templates and shell scripts.
	@$(TOOLS)/ruff format --check .
	@$(TOOLS)/ruff check .
	@$(TOOLS)/mypy functions layers/control_plane layers/dag_lint local benchmarks
	@$(TOOLS)/mypy --python-executable .farflow/env/airflow/bin/python airflow/farflow
	@for template in template.yaml stacks/*.yaml; do \
	  AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template "$$template"; done
	@$(TOOLS)/shellcheck .ci/run

bench: bench-tasks bench-delivery bench-lint bench-push bench-observing bench-workers bench-scaling ## Run every benchmark; each writes build/bench/NAME.json and docs/benchmarks/.

bench-tasks: setup-benchmarks ## Measure what a task takes besides its work, against Airflow's defaults (about 10 minutes).
	@PYTHONPATH=layers/control_plane .farflow/env/benchmarks/bin/python -m benchmarks.tasks

bench-delivery: setup-benchmarks ## Measure how DAGs come from S3 to Airflow, against aws s3 sync, s5cmd, rclone, S3DagBundle (about 25 minutes).
	@PYTHONPATH=functions:layers/control_plane:airflow .farflow/env/benchmarks/bin/python -m benchmarks.delivery

bench-lint: setup-benchmarks ## Measure how long linters take over DAGs and what they find: flake8, pylint, Ruff, DagBag (about 25 minutes).
	@PYTHONPATH=layers/dag_lint .farflow/env/benchmarks/bin/python -m benchmarks.lint

bench-push: setup-benchmarks ## Measure from git push to the verdict, and to the pushed code running (about 8 minutes).
	@PYTHONPATH=layers/control_plane .farflow/env/benchmarks/bin/python -m benchmarks.pushes

bench-observing: setup-benchmarks ## Measure a look at a metadata database with a million task instances (about 2 minutes).
	@PYTHONPATH=functions:layers/control_plane .farflow/env/benchmarks/bin/python -m benchmarks.observing

bench-workers: setup-benchmarks ## Watch real workers: 200 tasks from zero, and a schedule foreseen by a cold start (about 35 minutes).
	@PYTHONPATH=layers/control_plane .farflow/env/benchmarks/bin/python -m benchmarks.workers

bench-scaling: setup-plotting ## Simulate days of work under the deployed scaling decision and under others' (about 5 minutes). FULL=1 for 20 unseen seeds (about 20 minutes)
	@PYTHONPATH=functions:layers/control_plane .farflow/env/benchmarks/bin/python -m benchmarks.scaling

setup: # The Python environments, in .farflow/; a fifth of a second when they are there.
	@python3 local/environments.py

setup-former: setup # Also an Airflow before the present one, to upgrade from.
	@python3 local/environments.py airflow-3.2.2

setup-tools: # All that a command needs which runs nothing of Airflow's, AWS's or the functions'.
	@python3 local/environments.py tools

setup-plotting: # The tools once more, with what draws.
	@python3 local/environments.py benchmarks

setup-benchmarks: setup
	@python3 local/environments.py benchmarks rivals lint_rivals

rule-pages: setup # Write docs/rules/ anew, after an edit of the lint's rules.
	@PYTHONPATH=layers/dag_lint $(TOOLS)/python -m dag_lint.pages docs/rules

locks: setup # Pin requirements anew, with hashes, after an edit of a requirements .in file.
	@for file in requirements/uv requirements/tools requirements/emulator requirements/lambda requirements/benchmarks requirements/rivals requirements/lint_rivals airflow/requirements layers/control_plane/requirements layers/dag_lint/requirements; do \
	  .farflow/env/uv/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	    --no-header --no-annotate "$$file.in" -o "$$file.txt"; done
	@for former in 3.3.1:2026-08-20 3.2.2:2026-06-20; do file="requirements/airflow-$${former%:*}"; \
	  .farflow/env/uv/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	    --no-header --no-annotate --exclude-newer "$${former#*:}" \
	    $(foreach package,apache-airflow-providers-celery celery kombu amqp packaging vine,--exclude-newer-package $(package)=2026-11-28) \
	    "$$file.in" -o "$$file.txt"; done
