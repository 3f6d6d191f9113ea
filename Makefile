# make app: the app on http://127.0.0.1:8501      make test: every test      make lint: ruff and mypy
# PYTHON chooses the interpreter that makes .venv, e.g. `make app PYTHON=python3.12`. On Windows see the README.
PYTHON ?= python3
PORT ?= 8501
# Test files run side by side: many wait for a browser, a worker or a timer rather than for a core. Each has one thread
# for its sums: two threads on a core that others want too are several times slower than one.
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app test lint bench-feel bench-train bench-umap bench-metrics bench-disentanglement bench-claims screenshots clean

app: $(VENV)/.app-installed
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: $(VENV)/.dev-installed
	@chromium="$$($(BIN)/python scripts/find_chromium.py --install)" || exit 1; \
	OMP_NUM_THREADS=1 CHROMIUM="$$chromium" $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/mypy vae_core

bench-feel: $(VENV)/.dev-installed
	@chromium="$$($(BIN)/python scripts/find_chromium.py --install)" || exit 1; \
	CHROMIUM="$$chromium" $(BIN)/python -m benchmarks.feel $(ARGS)

# Both want MNIST in the data folder (python -m vae_core download mnist); bench-train also pythae:
# .venv/bin/pip install --no-deps pythae
bench-train: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks.training $(ARGS)

bench-umap: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks.umap_speed $(ARGS)

# Trains and scores the study of beta: hours on a processor; resumable, and two may run beside each other.
bench-disentanglement: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks.disentanglement $(ARGS)

bench-metrics: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks.metrics_speed $(ARGS)

# Published numbers: minutes to hours a training on a processor; resumable, and two may run beside each other.
bench-claims: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks.claims $(ARGS)

screenshots: $(VENV)/.dev-installed
	@chromium="$$($(BIN)/python scripts/find_chromium.py --install)"; \
	CHROMIUM="$$chromium" $(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Latentarium needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
	"name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps are newer than the requirements they were made from, so a second start installs nothing.
$(VENV)/.app-installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev-installed: requirements-dev.txt $(VENV)/.app-installed
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@
