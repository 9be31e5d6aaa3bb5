# `make run` and `make test` are each enough on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: run test check bench crash checkpoints quality screenshots

run: $(VENV)/.app
	@echo "Autoencoder Lab: http://localhost:$(PORT)"
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: check $(VENV)/.browser
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/python -m aecore bench
	$(BIN)/python -m tests.bench_app
	$(BIN)/python -m tests.bench_denoise
	$(BIN)/python -m tests.bench_latent
	$(BIN)/python -m tests.bench_sweeps
	$(BIN)/python -m tests.bench_disentanglement
	$(BIN)/python -m tests.bench_anomalies
	$(BIN)/python -m tests.bench_runs
	$(BIN)/python -m tests.bench_rewind

# Kills the server again and again and looks whether anything was lost.
crash: $(VENV)/.dev
	$(BIN)/python -m tests.crash --times 50

# Needs the full MNIST: set AECORE_DATA to a folder that has it, or let it be downloaded.
checkpoints: $(VENV)/.app
	$(BIN)/python -m aecore checkpoints

# docs/denoising.md: every denoiser against the classical ones; docs/features.md: what features are good for;
# docs/anomalies.md: detectors against scikit-learn's. Needs the full MNIST too.
quality: $(VENV)/.app
	$(BIN)/python -m aecore denoise-table
	$(BIN)/python -m aecore picture-table
	$(BIN)/python -m aecore features-table --runs artifacts/features
	$(BIN)/python -m aecore anomaly-table --runs artifacts/anomalies

screenshots: $(VENV)/.browser
	$(BIN)/python -m tests.screenshots

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@ $(VENV)/.app

$(VENV)/.browser: $(VENV)/.dev
	$(BIN)/python -m tests.browser
	@touch $@
