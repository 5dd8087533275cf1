"""Pretrained models: forward passes with all maps, cold programs, memory."""

from attnviz import effect, head_stats
from attnviz.api.blas_threads import use_threads
from attnviz.api.look import look
from attnviz.core.engine.collectors import run_layer
from attnviz.core.engine.full_collector import FullCollector
from attnviz.sources.forward_pass import build_forward_pass
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.bench import billion, tasks
from tests.bench.cold_jobs import SENTENCE
from tests.bench.layer_jobs import on
from tests.bench.measure import Job, peak, process, program, taken
from tests.bench.other_programs import (
    GGUF_SCRIPT,
    PYTHON,
    SCRIPT,
    Rival,
    minilm,
    smollm2,
    temporary,
)
from tests.bench.references import IMPORTS

NPZ = temporary(".npz")
REPEATED = "apple river seven clock green paper apple river seven clock green paper"
N_HEAD = 270  # of SmolLM2
SIXTY_FOUR = " ".join(["cat"] * 64)  # tokens of SmolLM2, one a word


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


def billion_to_npz():
    """All maps of 64 tokens of a model of 1.1 billion parameters, from the command line."""
    program(billion.TEXT, "-m", billion.folder(), "-o", NPZ)()


def billion_by_transformers():
    """The same in a script."""
    process("-c", billion.SCRIPT, billion.folder(), billion.TEXT, NPZ, python=str(PYTHON))()


MODELS = (
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
        0.2,
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
        on(measured_map, head_stats),
        forward(128),
        3.0,
        5,
    ),
    Job(
        "1.1 billion bfloat16, 64 tokens, all layers to npz, cold",
        "a script with transformers in bfloat16",
        billion_to_npz,
        billion_by_transformers,
        0.25,
        3,
        rival=True,
    ),
)
