# Every command sets up its own environment in .venv; `make demo` and `make test` are all a newcomer needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
BACKEND := CueSegBackend
MANIFEST ?= runs/manifest.json
RECIPE ?= $(BACKEND)/recipes/compact-cm.toml

# Threads that wait do not spin: on a busy machine they would keep those from the cores that they wait for.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: setup demo test selftest test-slicer screenshots lint test-headless test-panels test-backend test-static \
	test-mrml fuzz bench accuracy train packages retrain clean

setup: $(READY)

$(READY): pyproject.toml $(BACKEND)/Resources/requirements.txt
	@echo "Setting up $(VENV), once: about 2.5 GB, a few minutes. pip says nothing meanwhile."
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

demo: setup          ## clicks, scribbles and boxes on real CT, through the Slicer modules' own code
	$(PY) Testing/demo/demo.py --output output/demo
	$(PY) Testing/demo/scribble_demo.py --output output/demo
	$(PY) Testing/demo/box_demo.py --output output/demo
	@$(PY) Testing/demo/report.py --output output/demo

test: lint           ## everything that runs without the Slicer application
	@echo "Two halves of the tests at once; each shows what it found at its end, after minutes."
	@$(MAKE) --no-print-directory -j2 --output-sync=target test-headless test-panels

test-headless: setup
	$(PY) -m pytest Testing/backend Testing/mrml

test-panels: setup
	$(PY) -m pytest Testing/static
	$(PY) -m pytest Testing/standin_tests Testing/selftests

selftest: setup      ## the modules' own self-tests, clicks and all, on a stand-in for Slicer's Qt half
	$(PY) -m pytest Testing/selftests

test-slicer: setup   ## the same self-tests in an installed Slicer: make test-slicer SLICER=/path/to/Slicer
	$(PY) Testing/application/run_tests.py --slicer "$(SLICER)"

screenshots: setup   ## panels and views as pictures, in Resources/Screenshots
	$(PY) Testing/selftests/screenshots.py
	$(PY) Testing/selftests/tutorial_pictures.py

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

test-backend test-static test-mrml: test-%: setup
	$(PY) -m pytest Testing/$*

fuzz: setup          ## 10,000 random images and clicks through the predictor
	$(PY) Testing/fuzz/fuzz_predictor.py --count 10000

bench: setup         ## speed of the confidence map, and click to mask
	$(PY) $(BACKEND)/benchmarks/confidence_map.py
	$(PY) $(BACKEND)/benchmarks/latency.py

accuracy: setup      ## Dice on the validation images of MANIFEST, beside three classical methods
	$(PY) $(BACKEND)/benchmarks/accuracy.py $(MANIFEST)

train: setup         ## train RECIPE; stops and goes on where it was
	$(PY) -m cueseg train $(RECIPE)

packages: setup      ## fetch the Python packages whose images anyone can train on, and list them in runs/packages.json
	$(PY) -m cueseg.training.packages

retrain: setup       ## train the default network on these packages alone, and write runs/compact-packages.pt
	$(PY) -m cueseg train $(BACKEND)/recipes/compact-packages.toml
	$(PY) -m cueseg train $(BACKEND)/recipes/compact-packages.toml --export runs/compact-packages.pt

clean:
	rm -rf $(VENV) build output .pytest_cache .ruff_cache
