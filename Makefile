# Everything a newcomer or CI runs. Each target makes the environment first if it is not there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODEL ?= notebooks/models/resnet50.py

.PHONY: run test lint types accuracy accuracy-cluster corpus suites bench bench-render bench-learning bench-history load bench-report queueing calibrate checkov clean

run: $(READY)  ## estimate the sample model: YAML on stdout, the summary on stderr
	$(BIN)/paddle-estimate $(MODEL) $(ARGS)

test: lint types $(READY)  ## everything CI runs; ends with pytest's own summary
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

accuracy: $(READY)  ## peak memory against Paddle's CPU allocator, and against published runs
	$(BIN)/python -m tests.accuracy.compare
	$(BIN)/python -m tests.accuracy.published

accuracy-cluster: $(READY)  ## memory of every rank and tokens/s against published runs on 8 GPUs
	$(BIN)/python -m tests.accuracy.published_cluster

corpus: $(READY)  ## the same on architectures of real suites (PyPI, or checkouts in CORPUS_DIR)
	$(BIN)/python -m tests.corpus.run --json corpus.json $(ARGS)

suites: $(READY)  ## a training script of each suite as it is, to YAML (checkouts in CORPUS_DIR)
	$(BIN)/python -m tests.suites.run $(ARGS)

bench: $(READY)  ## speed as ratios: to `python -c "import paddle"`, and of a step to its Python alone
	$(BIN)/python -m tests.accuracy.bench
	$(BIN)/python -m tests.accuracy.python_time

bench-render: $(READY)  ## how long 1,000 manifests take
	$(BIN)/python -m tests.manifest.bench

bench-learning: $(READY)  ## learning from a million records: times as figures and ratios
	$(BIN)/python -m tests.learning.bench

bench-history: $(READY)  ## a million job records imported and read
	$(BIN)/python -m tests.records.bench

load: $(READY)  ## what the service bears; ARGS='--only cached' for a part
	$(BIN)/python -m tests.service.load $(ARGS)

bench-report: $(READY)  ## a capacity report on a million jobs: seconds, memory, size
	$(BIN)/python -m tests.report.bench

queueing: $(READY)  ## the replay of what-ifs against M/M/c, with an interval
	$(BIN)/python -m tests.report.queueing

calibrate: $(READY)  ## step times fitted on published throughput, every row; ARGS=--write keeps it
	$(BIN)/python -m estimator.throughput.fit tests/throughput/data $(ARGS)

checkov: $(READY)  ## lint the pods of every kind; checkov gets an environment of its own (290 MB)
	test -x $(VENV)/checkov/bin/checkov || $(PYTHON) -m venv $(VENV)/checkov
	$(VENV)/checkov/bin/pip install --quiet 'checkov>=3.3'
	$(BIN)/python -m tests.manifest.checkov $(VENV)/checkov/bin/checkov

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[cpu,dev]'
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
