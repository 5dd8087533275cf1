"""The table of what is measured."""

import io
import os
import tempfile
import time
from collections import deque
from functools import partial
from pathlib import Path

import numpy as np

from attnviz import attend, effect, head_stats, look_many
from attnviz.api.blas_threads import use_threads
from attnviz.api.look import look
from attnviz.cli.environment import Environment
from attnviz.cli.main import run
from attnviz.core.engine.collectors import FullCollector, run_layer
from attnviz.render.formats import find_format
from attnviz.sources.forward_pass import build_forward_pass
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.bench import page_jobs, tasks
from tests.bench.measure import Job, peak, process, program, taken
from tests.bench.other_programs import (
    GGUF_SCRIPT,
    PYTHON,
    SCRIPT,
    Rival,
    corpus_file,
    minilm,
    smollm2,
)
from tests.bench.references import IMPORTS, MATPLOTLIB, weights_by_hand
from tests.bench.sentences import sentences_of_lengths

SENTENCE = "The cat sat on the mat"

CORPUS = [f"sentence number {n} of a corpus sat on the mat" for n in range(300)]


def corpus():
    """Many sentences through the command line."""
    stdin = io.BytesIO("\n".join(CORPUS).encode())
    run(["-f", "jsonl"], Environment(stdin, io.BytesIO(), io.BytesIO(), {}, stdin_is_piped=True))


def corpus_by_hand():
    """The same in a loop: look, write."""
    render = find_format("json").render
    for text in CORPUS:
        render(look(text))


def layer(n_head, n_token, d):
    """Random arrays of one layer.    -> three of [head, token, d]"""
    numbers = np.random.default_rng(0)
    return [numbers.standard_normal((n_head, n_token, d), dtype=np.float32) for _ in range(3)]


SMALL, LARGE = layer(12, 128, 64), layer(12, 2048, 64)


def on(made, action, kept={}):  # noqa: B006
    """An action on what is made once, in its time alone."""
    given = kept.get(made) or kept.setdefault(made, made())
    start = time.perf_counter()
    action(given)
    return time.perf_counter() - start


def forward(n_token):
    """A forward pass of MiniLM with all maps."""

    model = open_checkpoint(minilm())
    given = model.encode(" ".join(["word"] * (n_token - 2)))

    @use_threads()
    def run():
        model.run(given, FullCollector().callback(), needs_output=False)

    return run


def run_times_heads():
    """The time of one run of SmolLM2 without maps, for each of its heads.    -> seconds"""
    forward = build_forward_pass(REPEATED, None, model=smollm2())

    @use_threads()
    def run():
        forward.model.run(
            forward.encoding, lambda call: run_layer(call.variant, call.inputs, call.value)
        )

    return N_HEAD * min(taken(run) for _ in range(3))


def measured_map():
    """All maps of MiniLM for 128 tokens."""
    return look(" ".join(["word"] * 126), model=minilm())


TWELVE = "The quick brown fox did not jump over the dog on mats"
PNG = str(Path(tempfile.gettempdir()) / f"attnviz-bench-{os.getpid()}.png")
JSONL = PNG.replace(".png", ".jsonl")
CORPUS_FILE = str(corpus_file())
NPZ = PNG.replace(".png", ".npz")
REPEATED = "apple river seven clock green paper apple river seven clock green paper"
N_HEAD = 270  # of SmolLM2
SIXTY_FOUR = " ".join(["cat"] * 64)  # tokens of SmolLM2, one a word
WINDOW = partial(tasks.layer, "sliding-window", window=256)

JOBS = (
    Job(
        'attnviz "…", a table, cold',
        "the imports alone",
        program(SENTENCE),
        process("-c", IMPORTS),
        1.15,
    ),
    Job(
        "attnviz --version, cold",
        "python -c pass",
        program("--version"),
        process("-c", "pass"),
        1.5,
        21,
    ),
    Job(
        "8 heads × 12 tokens as PNG, cold",
        "bare matplotlib, the same size",
        program(TWELVE, "--heads", "8", "-o", PNG, "--no-annotate"),
        process("-c", MATPLOTLIB, PNG),
        1.3,
        7,
    ),
    Job(
        "the same with a number on each cell, cold",
        "bare matplotlib with them",
        program(TWELVE, "--heads", "8", "-o", PNG),
        process("-c", MATPLOTLIB, PNG, "numbers"),
        1.3,
        7,
    ),
    Job("300 sentences to JSON Lines", "look and render in a loop", corpus, corpus_by_hand, 1.15),
    Job(
        "attend with weights [12, 128, 64] float32",
        "two products, exp, the map",
        lambda: attend(*SMALL),
        weights_by_hand(*SMALL),
        2.0,
        31,
    ),
    Job(
        "attend with weights [12, 2048, 64] float32",
        "two products, exp, the map",
        lambda: attend(*LARGE),
        weights_by_hand(*LARGE),
        1.4,
        31,
    ),
    Job(
        "attend with weights [12, 2048, 64] float32",
        "torch, eager, with weights",
        lambda: attend(*LARGE),
        Rival("eager"),
        0.7,
        21,
    ),
    Job(
        "a pooled map of 32,768 tokens, 4 heads",
        "torch, fused attention, no map",
        partial(on, partial(tasks.layer, "softmax"), tasks.pooled),
        Rival("fused"),
        2.5,
        5,
        warm=False,
    ),
    Job(
        "memory of a pooled map of 32,768 tokens",
        "300 MB",
        peak("pooled"),
        lambda: 300e6,
        1.0,
        5,
        "B",
        warm=False,
    ),
    Job(
        "a window of 256 of 32,768 tokens, pooled",
        "all of the past",
        partial(on, WINDOW, tasks.pooled),
        partial(on, partial(tasks.layer, "causal"), tasks.pooled),
        0.1,
        5,
        warm=False,
    ),
    Job(
        "MiniLM, 8 tokens to JSON, cold",
        "a script with transformers",
        program(SENTENCE, "-m", minilm(), "--json"),
        process("-c", SCRIPT, minilm(), python=str(PYTHON)),
        1 / 15,
        5,
        rival=True,
    ),
    Job(
        "MiniLM, 8 tokens to JSON, cold",
        "the imports alone",
        program(SENTENCE, "-m", minilm(), "--json"),
        process("-c", IMPORTS),
        1.5,
    ),
    Job(
        "MiniLM, 8 tokens, all maps",
        "transformers, eager",
        forward(8),
        Rival("maps 8"),
        1.0,
        31,
    ),
    Job(
        "MiniLM, 128 tokens, all maps",
        "transformers, eager",
        forward(128),
        Rival("maps 128"),
        1.0,
    ),
    Job(
        "MiniLM, 512 tokens, all maps",
        "transformers, eager",
        forward(512),
        Rival("maps 512"),
        1.0,
    ),
    Job(
        "400 sentences of 5 to 25 words through MiniLM, all maps",
        "transformers, batches of 32 sorted by length",
        lambda: deque(look_many(sentences_of_lengths(), model=minilm()), maxlen=0),
        Rival("batches"),
        0.8,
        5,
    ),
    Job(
        "1,000 sentences through MiniLM to JSON Lines, --jobs 2",
        "a loop over transformers",
        program("-i", CORPUS_FILE, "-m", minilm(), "--jobs", "2", "-o", JSONL),
        Rival("corpus"),
        0.7,
        5,
        warm=False,
    ),
    Job(
        "memory of one layer of 1.1 billion bfloat16",
        "its largest layer in float32, activations, map",
        peak("one layer"),
        tasks.one_layer_floor,
        1.3,
        5,
        "B",
        warm=False,
    ),
    Job(
        "SmolLM2 (GGUF), 6 tokens to a table, cold",
        "a script with transformers",
        program(SENTENCE, "-m", smollm2()),
        process("-c", GGUF_SCRIPT, smollm2(), SENTENCE, NPZ, python=str(PYTHON)),
        1 / 10,
        5,
        rival=True,
    ),
    Job(
        "SmolLM2 (GGUF), 6 tokens to a table, cold",
        "the imports alone",
        program(SENTENCE, "-m", smollm2()),
        process("-c", IMPORTS),
        4.0,
    ),
    Job(
        "SmolLM2 (GGUF), 64 tokens, all layers to npz, cold",
        "a script with transformers",
        program(SIXTY_FOUR, "-m", smollm2(), "-o", NPZ),
        process("-c", GGUF_SCRIPT, smollm2(), SIXTY_FOUR, NPZ, python=str(PYTHON)),
        1 / 10,
        5,
        rival=True,
    ),
    Job(
        "SmolLM2 (GGUF), 64 tokens, all layers to npz, cold",
        "the imports alone",
        program(SIXTY_FOUR, "-m", smollm2(), "-o", NPZ),
        process("-c", IMPORTS),
        5.0,
    ),
    Job(
        "memory of 64 tokens through SmolLM2 (GGUF)",
        "its largest layer in float32, activations, maps",
        peak("gguf"),
        tasks.gguf_floor,
        1.3,
        5,
        "B",
        warm=False,
    ),
    Job(
        "effect of 270 heads of SmolLM2, 12 words",
        "one run of all layers per head",
        lambda: effect(REPEATED, model=smollm2()),
        run_times_heads,
        0.2,
        3,
    ),
    Job(
        "all measures of 72 heads, 128 tokens",
        "the forward pass of MiniLM that has them",
        partial(on, measured_map, head_stats),
        forward(128),
        3.0,
        5,
    ),
    Job(
        "a page of 12 × 12 heads of 512 tokens",
        "numpy.savez_compressed",
        page_jobs.write_page,
        page_jobs.compress,
        0.5,
        3,
    ),
    Job(
        "patterns and measures of 144 heads of 512 tokens",
        "their entropies in NumPy, one expression",
        page_jobs.describe,
        page_jobs.entropies,
        1.5,
        5,
    ),
    Job(
        "heads over 200 sentences to JSON, from the command line",
        "look_many over them",
        program(
            *("heads", "-i", page_jobs.sentences_file(), "-m", minilm()),
            *("-o", page_jobs.HEADS),
        ),
        lambda: deque(look_many(page_jobs.SENTENCES, model=minilm()), maxlen=0),
        3.0,
        5,
    ),
    Job(
        "the first use of a late part, cold",
        "the import of its file",
        process("-c", page_jobs.PART),
        process("-c", page_jobs.FILE),
        1.1,
        11,
    ),
)
