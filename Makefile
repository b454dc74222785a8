# Every command does its own set-up: only Python >= 3.11, make and git are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help devenv browser demo test check fix recording bench lock docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

FRONT := src/zhiheng/web/static/vendor/.stamp

$(VENV)/.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Zhiheng needs Python 3.11 or newer; found $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(FRONT): $(VENV)/.stamp package-lock.json hatch_build.py src/zhiheng/web/icons.txt
	$(BIN)/python hatch_build.py
	@touch $@

devenv: $(VENV)/.stamp $(FRONT) ## Make the development environment in .venv
	@$(BIN)/python -m zhiheng.web.translations compile

browser: ## Install Chromium and a Chinese font for the tests, where missing
	@sh tests/install_browser.sh

demo: devenv ## Open a hospital that does not exist in the browser
	$(BIN)/zhiheng demo

test: devenv browser ## Run every test
	$(BIN)/pytest -n auto --dist loadfile

check: devenv ## Format, lint, types, import contracts, packs, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet src
	$(BIN)/python -m zhiheng.web.translations check
	$(BIN)/python -m zhiheng.site.manage makemigrations --check --dry-run
	$(BIN)/zhiheng pack check
	$(BIN)/python docs/generate.py --check

fix: devenv ## Format, and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: devenv ## Write the generated documentation again
	$(BIN)/python docs/generate.py

recording: devenv ## Run the demo and renew the picture of it in the README
	$(BIN)/python docs/record.py

bench: devenv ## Measure what is claimed to be fast
	$(BIN)/python -m benchmarks

lock: devenv ## Resolve requirements.lock again
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) node_modules src/zhiheng/web/static/vendor* .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks build dist
