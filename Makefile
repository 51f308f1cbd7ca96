# The connectivity pipeline. `make help` lists the targets; README.md says how to begin.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
JOBS ?= 2
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

AREA ?= sample
SNAPSHOT ?=
DATA ?=
CONFIG ?=
CLUSTER ?=
WORKERS ?=
PYTHON ?= python3
BENCH_DATA ?= ../shared/data/porto_alegre

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
OPTIONS := --area "$(AREA)"$(if $(DATA), --data "$(DATA)")$(if $(CONFIG), --config "$(CONFIG)")
MEANS := $(if $(CLUSTER), --cluster "$(CLUSTER)")$(if $(WORKERS), --workers "$(WORKERS)")
CLI := $(PY) -m pipeline
export CONNECTIVITY_JOBS := $(JOBS)
PYTEST := $(VENV)/bin/pytest -n $(JOBS) --dist loadfile
COVER := --cov --cov-report=
# A marker holds the SHA-256 of the lock that the installed packages satisfy. Times of files would say nothing: a clone or
# another checkout has times of its own.
HASH = $(firstword $(shell { sha256sum $(1) || shasum -a 256 $(1) || $(PYTHON) -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' $(1); } 2>/dev/null))
LOCK_HASH := $(call HASH,requirements.lock)
STALE := $(if $(filter $(LOCK_HASH),$(shell cat $(READY) 2>/dev/null)),,always)
LOCK_HASH_DEV = $(call HASH,requirements-dev.lock)
STALE_DEV = $(if $(filter $(LOCK_HASH_DEV),$(shell cat $(READY_DEV) 2>/dev/null)),,always)
STAGES := fetch timetables streets places network times service attribution sensitivity measures scores report publish

.PHONY: help setup setup-dev demo all refresh plan status verify check test test-quick test-rest test-slow coverage mutate bench bench-track bench-setup bench-national bench-timetables bench-scores docs docs-check graph profile serve clean clean-old $(STAGES)

help: ## list the targets
	@echo "make TARGET [AREA=sample] [SNAPSHOT=] [DATA=folder of inputs] [CONFIG=settings.yaml]"
	@echo "     [WORKERS=processes] [CLUSTER=tcp://host:8786]"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name text; do printf '  %-12s %s\n' "$$name" "$$text"; done

# What does not exist is refused with what was probably meant: targets, and variables that look like one of these.
TARGETS := $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST))) $(STAGES)
VARIABLES := AREA SNAPSHOT DATA CONFIG CLUSTER WORKERS JOBS PYTHON CODE PDF PORT KEEP DRY_RUN KILLS ROOM SAMPLE BENCH_DATA
GIVEN := $(foreach name,$(filter-out $(VARIABLES) HELD_RULES MAKE% GNUMAKEFLAGS,$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
$(foreach name,$(GIVEN),$(if $(shell $(PYTHON) -m pipeline.base.near variable $(name) $(VARIABLES) || echo bad),$(error nothing was done)))
UNKNOWN := $(foreach goal,$(filter-out $(TARGETS) %.ready %.ready-dev,$(MAKECMDGOALS)),$(if $(findstring /,$(goal)),,$(goal)))
ifneq ($(UNKNOWN),)
.PHONY: $(UNKNOWN)
$(UNKNOWN):
	@$(PYTHON) -m pipeline.base.near target $@ $(TARGETS)
endif

# --- installation ----------------------------------------------------------------------------------------------------
.PHONY: always
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
$(READY): $(STALE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which with PYTHON=python3.12"; exit 3; }
	@test -x $(PY) || { echo "Making $(VENV), which is not there yet ..."; $(PYTHON) -m venv $(VENV); } || { echo "python3 -m venv failed; on Debian install it with: apt-get install python3-venv"; exit 3; }
	@if $(PY) -m pipeline.base.locked requirements.lock; then echo "$(VENV) holds the packages of requirements.lock already: nothing to install."; \
	else echo "Installing the locked dependencies into $(VENV) (once for each requirements.lock) ..."; $(PIP) -r requirements.lock; fi
	@printf '%s\n' '#!/bin/sh' 'here=$$(CDPATH= cd -- "$$(dirname -- "$$0")/../.." && pwd) # the checkout, also where $(VENV) is a link' \
	  'test -f "$$here/pipeline/__main__.py" || here="$(CURDIR)"' \
	  'PYTHONPATH="$$here$${PYTHONPATH:+:$$PYTHONPATH}" exec "$$here/$(VENV)/bin/python" -m pipeline "$$@"' > $(VENV)/bin/connectivity
	@chmod +x $(VENV)/bin/connectivity
	@echo "Compiling the routing kernels (once) ..."
	@$(CLI) warm
	@echo $(LOCK_HASH) > $@

$(READY_DEV): $(STALE_DEV) | $(READY)
	@if $(PY) -m pipeline.base.locked requirements-dev.lock; then echo "$(VENV) holds the tools of requirements-dev.lock already: nothing to install."; \
	else echo "Installing the tools for tests and checks ..."; $(PIP) -r requirements-dev.lock; fi
	@echo $(LOCK_HASH_DEV) > $@

setup: $(READY) ## make .venv, install the locked dependencies, compile the kernels
	@echo "Ready. Try: make demo"

setup-dev: $(READY_DEV) ## the same with the tools for tests and checks

# --- the pipeline ----------------------------------------------------------------------------------------------------
all: ## run every stage for AREA, only what is out of date
fetch: ## fetch the live sources of AREA, archive its inputs with hashes and licences
timetables: ## read timetables
streets: ## read OpenStreetMap into a walking graph
places: ## read neighbourhoods, destinations and groups
network: ## pack timetables, streets and places for routing
times: ## compute travel times
service: ## measure bus service and its change
attribution: ## put lost services back, one by one, and measure what that does (pairs under `attribution:`)
sensitivity: ## compute travel times again under other parameters (variants under `settings: sensitivity:`)
measures: ## compute further measures (those under `settings: measures:`)
scores: ## compute scores and publish the tables
report: ## build the offline report
publish: ## copy report and tables to a folder, with a switch of `latest`

# A call of make for stages holds the area, decides what is out of date, and calls make again with the rules for that
# (`HELD_RULES`). `make -n`, `-q` and `-t` change nothing and hold nothing: they read rules of their own.
GOALS := $(filter all $(STAGES),$(MAKECMDGOALS))
FLAGS := $(filter-out --%,$(firstword -$(MAKEFLAGS)))
DRY := $(strip $(findstring n,$(FLAGS))$(findstring q,$(FLAGS))$(findstring t,$(FLAGS)))
ifneq ($(GOALS),)
ifeq ($(STALE),)
ifeq ($(origin HELD_RULES),command line)
RULES := $(HELD_RULES)
else ifneq ($(DRY),)
RULES := $(shell $(CLI) rules $(OPTIONS)$(MEANS) --command "$(CLI)")
$(if $(RULES),,$(error the configuration cannot be used, see the message above))
endif
endif
endif

ifneq ($(STALE),)
.PHONY: after-setup
after-setup: $(READY)
	@$(MAKE) --no-print-directory $(GOALS) AREA="$(AREA)" SNAPSHOT="$(SNAPSHOT)" DATA="$(DATA)" CONFIG="$(CONFIG)" CLUSTER="$(CLUSTER)" WORKERS="$(WORKERS)"

all $(STAGES): after-setup
	@:
else ifneq ($(RULES),)
include $(RULES)
all: $(MANIFESTS_fetch) $(MANIFESTS_report) $(MANIFESTS_publish)
ifeq ($(findstring q,$(DRY)),)
	@$(CLI) done $(OPTIONS)
endif

define STAGE_RULE
$(1): $(if $(SNAPSHOT),$(or $(MANIFEST_$(1)_$(SNAPSHOT)),$(MANIFESTS_$(1))),$(MANIFESTS_$(1)))
	$(if $(findstring q,$(DRY)),,@:)
endef
$(foreach stage,$(STAGES),$(eval $(call STAGE_RULE,$(stage))))
else
.PHONY: held-run
held-run:
	@$(CLI) hold $(OPTIONS)$(MEANS) --command "$(CLI)" --what "make $(GOALS)"$(if $(filter all,$(GOALS)), --tell) -- $(MAKE) --no-print-directory $(GOALS)

all $(STAGES): held-run
	@:
endif

demo: $(READY) ## install if need be, run every stage on the embedded sample, say where the report is
	@$(MAKE) --no-print-directory all AREA=sample DATA= CONFIG= SNAPSHOT=

refresh: $(READY) ## fetch new timetables; if anything that matters is new, register, run, check and publish it
	@$(CLI) refresh $(OPTIONS)$(MEANS)

plan: $(READY) ## say what would run, and why
	@$(CLI) plan $(OPTIONS)

status: $(READY) ## say what is there, how old it is, how many notices it carries
	@$(CLI) status $(OPTIONS)

verify: $(READY) ## compare inputs and outputs with the hashes in the manifests
	@$(CLI) verify $(OPTIONS)

graph: $(READY) ## write the walking graph and the transport graph as GraphML and GeoPackage
	@$(CLI) graph $(OPTIONS)

profile: $(READY) ## write the profile of the neighbourhood CODE of AREA as HTML (PDF=1: as PDF too)
	@test -n "$(CODE)" || { echo "Say which neighbourhood: make profile AREA=$(AREA) CODE=..." >&2; exit 2; }
	@$(CLI) profile "$(AREA)" "$(CODE)"$(if $(DATA), --data "$(DATA)")$(if $(CONFIG), --config "$(CONFIG)") --out "outputs/$(notdir $(basename $(AREA)))/profiles/$(CODE).html"
	@$(if $(PDF),$(CLI) profile "$(AREA)" "$(CODE)"$(if $(DATA), --data "$(DATA)")$(if $(CONFIG), --config "$(CONFIG)") --pdf --out "outputs/$(notdir $(basename $(AREA)))/profiles/$(CODE).pdf",:)

serve: $(READY) ## show the report of AREA to the browser of this machine (PORT=8000)
	@$(CLI) serve "$(AREA)"$(if $(DATA), --data "$(DATA)")$(if $(CONFIG), --config "$(CONFIG)") --port $(or $(PORT),8000)

clean-old: $(READY) ## delete old versions, archived inputs and leftovers that nothing needs (KEEP=3, DRY_RUN=1)
	@$(CLI) clean-old $(OPTIONS)$(if $(KEEP), --keep "$(KEEP)")$(if $(DRY_RUN), --dry-run)

clean: ## delete the outputs of AREA
	rm -rf "outputs/$(notdir $(basename $(AREA)))"

# --- the project's own checks ----------------------------------------------------------------------------------------
check: $(READY_DEV) ## lint, types, import contracts
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

test: $(READY_DEV) ## run the tests but for the slow ones: the quick ones, then the rest
	@$(MAKE) --no-print-directory test-quick
	@$(MAKE) --no-print-directory test-rest

test-quick: $(READY_DEV) ## run the unit tests, about two minutes on two cores
	@$(PYTEST) -m quick tests/unit

test-rest: $(READY_DEV) ## run all other tests but the slow ones
	@$(PYTEST) -m "not quick and not slow"

# Kernels are compiled, so that no line of them is seen: a second run, without compilation and with few examples, sees
# them. A third run sees what the rooms do in stages that tests start in processes of their own.
coverage: $(READY_DEV) ## measure which lines the tests run; at least 93 % of each pure room
	@rm -rf .cache/coverage && mkdir -p .cache/coverage
	@COVERAGE_FILE=.cache/coverage/compiled $(PYTEST) $(COVER) -m "not slow" tests/unit tests/property tests/worlds
	@COVERAGE_FILE=.cache/coverage/plain NUMBA_DISABLE_JIT=1 CONNECTIVITY_EXAMPLES=few $(PYTEST) $(COVER) \
	  -W ignore::RuntimeWarning tests/worlds tests/unit/test_routing_window.py tests/unit/test_streets_graph.py \
	  $(wildcard tests/property/test_routing_*.py tests/property/test_streets_*.py)
	@COVERAGE_FILE=.cache/coverage/stages $(PYTEST) $(COVER) \
	  tests/integration/test_scenarios.py tests/integration/test_measures.py tests/integration/test_pipeline_visits.py \
	  tests/integration/test_streets_export.py tests/integration/test_streets_overpass.py
	@$(VENV)/bin/coverage combine --quiet --data-file=.cache/coverage/all $(addprefix .cache/coverage/,compiled plain stages)
	@$(PY) -m bench.coverage --data .cache/coverage/all

mutate: $(READY_DEV) ## list small changes of routing, calendars and scores that no test notices (ROOM= SAMPLE=)
	@$(PY) -m bench.mutate $(if $(ROOM),--room $(ROOM)) $(if $(SAMPLE),--sample $(SAMPLE))

test-slow: $(READY_DEV) ## run the slow tests (20 minutes; KILLS=3 for fewer)
	@$(if $(KILLS),CONNECTIVITY_KILLS=$(KILLS) )$(VENV)/bin/pytest -n $(JOBS) --dist load --maxschedchunk 1 -m slow

bench: $(READY) ## time the engine beside its peers on Porto Alegre (without them: its two algorithms on AREA)
	@if [ -x .venv-bench/bin/python ] && [ -d "$(BENCH_DATA)" ]; then \
	  $(PY) -m bench.compare --data "$(BENCH_DATA)" && $(PY) -m bench.crosscheck; \
	else $(CLI) bench $(OPTIONS); fi

bench-track: $(READY) ## measure a few kernels against a reference kernel, add to bench/history.csv; fail if one is 1.5 times as slow
	@$(PY) -m bench.track

bench-setup: $(READY) ## install the peers into .venv-bench
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@for peer in $$(cat bench/requirements.txt); do \
	  .venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: "$$peer" || echo "Not installed: $$peer"; done

bench-national: $(READY) ## generate a country as large as Britain, and streets; measure parts of growing size
	@$(PY) -m bench.national

bench-timetables: $(READY) ## generate a feed of ten million stop times and read it
	@$(PY) -m bench.timetables

bench-scores: $(READY) ## compute the scores of a country: 33,755 neighbourhoods, 12 indicators, 1,000 draws
	@$(PY) -m bench.scores

docs: $(READY_DEV) ## write the generated documents, then build the documentation site: outputs/docs/index.html
	@$(CLI) config schema --write
	@$(CLI) docs
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet
	@echo "Open outputs/docs/index.html"

docs-check: $(READY_DEV) ## say which generated documents are out of date, and leave them alone
	@$(VENV)/bin/pytest -q -k generated tests/integration/test_pipeline_drift.py
