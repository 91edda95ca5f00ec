# make run, make test and make check need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LLM ?= --latency 0.2
NAMES ?=

# For make image, make deploy and make destroy, which need Docker, or the AWS CLI with an account.
IMAGE ?= query-generator
BASE_IMAGE ?= python:3.11-slim
STACK ?= query-generator
TEMPLATE ?= infrastructure/template.yaml
PARAMETERS ?=

.PHONY: help run test crash eval bench bench-quick llm check rooms format lock reference image sbom deploy destroy clean

help:
	@echo "make run     run the job on examples/products.json, with an embedded PostgreSQL and folders"
	@echo "make test    run the whole test suite"
	@echo "make crash   break jobs in every way for 20 minutes; count what is lost, doubled, paid twice"
	@echo "make eval    write questions for the shipped examples and hard catalogs, and hold their figures against a baseline"
	@echo "make bench   measure the job; write the tables and plots of docs/performance.md (bench-quick: print only)"
	@echo "make llm     a Gemini stand-in on port 8080 to try settings with: make llm LLM='--latency 0.2 --limit 20/1'"
	@echo "make check   what is stale (locks, reference), lint, types, walls between modules, shell script, job definition, template"
	@echo "make rooms   figures of the code: rooms, arrows between them, lines, names in the wrong room"
	@echo "make format  format the code"
	@echo "make lock    make the requirement files again from pyproject.toml"
	@echo "make reference  make docs/reference/configuration.md again from the declared settings"
	@echo "make image   build the image (BASE_IMAGE=python:3.11-slim@sha256:... pins its base)"
	@echo "make sbom    write sbom.json: what the image brings, from the locked requirements"
	@echo "make deploy  make or change the stack in AWS (PARAMETERS=\"VpcId=... SubnetIds=...\"), see docs/how-to/deploy.md"
	@echo "make destroy take the stack away; bucket and database snapshot stay"
	@echo "make clean   remove .venv, .venv.log and local-run"

run: $(VENV)/.local
	$(BIN)/python batch_job.py --local --products-file examples/products.json --job-id example

# Four processes import the tests, whose asserts pytest rewrites each time unless it may keep what it has written.
test: $(VENV)/.dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 --dist worksteal --cov --cov-report=term:skip-covered

crash: $(VENV)/.dev
	$(BIN)/python -m tests.crash

eval: $(VENV)/.local
	$(BIN)/python -m benchmarks.evaluation

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks --write $(NAMES)

bench-quick: $(VENV)/.dev
	$(BIN)/python -m benchmarks --quick $(NAMES)

llm: $(VENV)/.local
	$(BIN)/python -m benchmarks.llm_server --port 8080 $(LLM)

check: $(VENV)/.dev
	$(BIN)/python -m infrastructure.lock --check
	$(BIN)/python -m infrastructure.reference --check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck submit_batch_job.sh
	$(BIN)/python -m infrastructure.validate job-definition.json
	$(BIN)/cfn-lint infrastructure/template.yaml

rooms: $(VENV)/.dev
	$(BIN)/python -m infrastructure.rooms

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.dev
	$(BIN)/python -m infrastructure.lock

reference: $(VENV)/.dev
	$(BIN)/python -m infrastructure.reference

image:
	docker build --build-arg BASE_IMAGE=$(BASE_IMAGE) -t $(IMAGE) .

sbom: $(VENV)/.dev
	$(BIN)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o sbom.json

deploy:
	aws cloudformation deploy --stack-name $(STACK) --template-file $(TEMPLATE) --capabilities CAPABILITY_IAM \
		--no-fail-on-empty-changeset $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))
	@aws cloudformation describe-stacks --stack-name $(STACK) --output text \
		--query 'Stacks[0].Outputs[].[OutputKey, OutputValue]'

destroy:
	aws cloudformation delete-stack --stack-name $(STACK)
	aws cloudformation wait stack-delete-complete --stack-name $(STACK)
	@echo "The stack is gone. What it keeps: the bucket, and a snapshot of its database if it had one."

clean:
	rm -rf $(VENV) $(VENV).log local-run

# infrastructure/install.py does the rest; it is not read by an older Python.
define install
	@"$(PYTHON)" -Ec 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@"$(PYTHON)" -I infrastructure/install.py
endef

# Without its Python .venv is made anew, whatever its stamps say.
GONE := $(if $(wildcard $(BIN)/python),,gone)
.PHONY: gone
gone:

$(VENV)/.local: requirements-local.txt $(GONE)
	$(install) $< $@

$(VENV)/.dev: requirements-dev.txt $(GONE)
	$(install) $< $@ $(VENV)/.local
