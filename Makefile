# Pixels to Panoptic. `make learn` is all that a learner needs, `make test` all that an author needs.

# The first Python that the course runs on; with none, the set-up says what to install.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$python" && exit; done; echo python3)

.PHONY: help setup learn test bench lock page

help:
	@echo 'make learn   start the course in JupyterLab (installs it first, if need be)'
	@echo 'make test    run every test'
	@echo 'make bench   measure what the course promises about speed'
	@echo 'make page    check and bundle the JavaScript of helpers/page (needs Node; its tools come with npm ci)'
	@echo 'make setup   only install, into .venv'
	@echo 'make lock    resolve the dependencies of pyproject.toml anew into requirements.lock'

setup:
	@command -v "$(PYTHON)" >/dev/null || { echo 'The course needs Python 3.11, 3.12 or 3.13: install one of them.' >&2; exit 1; }
	@"$(PYTHON)" helpers/bootstrap.py

learn: setup
	@.venv/bin/course learn

test: setup
	@.venv/bin/python -m pytest

bench: setup
	@.venv/bin/python benchmarks/run.py

lock: setup
	.venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --group dev --generate-hashes \
		--no-header --no-annotate --quiet --output-file requirements.lock

page:
	@test -d helpers/page/node_modules || npm ci --prefix helpers/page
	@npm run --silent --prefix helpers/page check
	@npm run --silent --prefix helpers/page build
