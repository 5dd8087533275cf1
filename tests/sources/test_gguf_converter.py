"""Metadata and tensors that llama.cpp's converter writes in some files only.

Checked against its conversion/*.py and src/models/*.cpp.
"""

import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.gguf_writer import write_gguf
from tests.sources.reference import (
    MODELS,
    cases,
    encoding_of_ids,
    max_difference,
    open_model,
)
from tests.sources.test_gguf_architectures import (
    IMPLIED,
    METADATA,
    TOLERANCE,
    recorded,
    with_settings,
)

YARN = {
    "llama.rope.scaling.type": "yarn",
    "llama.rope.scaling.factor": 4.0,
    "llama.rope.scaling.original_context_length": 16,
}
USUAL = 1.0 + 0.1 * float(np.log(4.0))  # attention_factor that the factor implies
YARN_CONFIG = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
YARN_CONFIG |= {"rope_theta": 10000.0, "attention_factor": 1.5}
TABLE = {"dec.blk.0.cross_attn_rel_b.weight": np.ones((8, 4), dtype=np.float32)}


def olmo3(**changes):
    """Metadata of an OLMo 3 file."""
    return METADATA["olmo3"] | {f"olmo2.rope.{key}": value for key, value in changes.items()}


# folder, architecture, metadata and tensors of the file, settings that the model has by them
CASES = {
    "stablelm, serial": ("stablelm", "stablelm", {}, {}, {}),
    "stablelm, parallel": ("stablelm-parallel", "stablelm", {}, {}, {}),
    "olmo 3, local base": ("olmo3", "olmo2", olmo3(freq_base_swa=500000.0), {}, {}),
    "olmo 3, attention factor": (
        "olmo3",
        "olmo2",
        METADATA["olmo3"] | {"olmo2.rope.scaling.yarn_attn_factor": USUAL},
        {},
        {},
    ),
    "olmo 3, attention factor until 2025": (
        "olmo3",
        "olmo2",
        METADATA["olmo3"] | {"olmo2.rope.scaling.attn_factor": USUAL},
        {},
        {},
    ),
    "yarn, another attention factor": (
        "llama",
        "llama",
        YARN | {"llama.rope.scaling.yarn_attn_factor": 1.5},
        {},
        {"rope_parameters": YARN_CONFIG},
    ),
    "yarn, other ramps": (
        "llama",
        "llama",
        YARN
        | {"llama.rope.scaling.yarn_beta_fast": 4.0, "llama.rope.scaling.yarn_beta_slow": 0.5}
        | {"llama.rope.scaling.yarn_attn_factor": 1.5},
        {},
        {"rope_parameters": YARN_CONFIG | {"beta_fast": 4.0, "beta_slow": 0.5}},
    ),
    "a factor without a type": (
        "llama",
        "llama",
        {"llama.rope.scaling.factor": 3.0},
        {},
        {"rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 10000.0}},
    ),
    "a factor of 0": ("llama", "llama", {"llama.rope.scaling.factor": 0.0}, {}, {}),
    "a type without a factor": ("llama", "llama", {"llama.rope.scaling.type": "linear"}, {}, {}),
    "a divisor of each frequency": (
        "llama",
        "llama",
        {},
        {"rope_freqs.weight": np.ones(4, dtype=np.float32)},
        {},
    ),
    "phi 4": (
        "phi3",
        "phi3",
        {"phi3.attention.sliding_window": 0},
        {},
        {"sliding_window": None},
    ),
    "gemma 3 without windows": (
        "gemma3_text",
        "gemma3",
        dict.fromkeys(
            ("gemma3.attention.sliding_window", "gemma3.attention.sliding_window_pattern")
        ),
        {},
        {"sliding_window": None, **IMPLIED["gemma3_text"]},
    ),
    "gemma 3, scaled full attention": (
        "gemma3_text",
        "gemma3",
        {"gemma3.rope.scaling.type": "linear", "gemma3.rope.scaling.factor": 8.0},
        {},
        {
            **IMPLIED["gemma3_text"],
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            },
        },
    ),
    "granite 4 without mamba": (
        "granite",
        "granite",
        {"granite.rope.scaling.finetuned": True},
        {},
        {},
    ),
    "nemotron": ("nemotron", "nemotron", {}, {}, {}),
    "bert with labels": (
        "bert",
        "bert",
        {"bert.classifier.output_labels": ["no", "yes"]},
        {},
        {},
    ),
    "t5 of 2020": ("t5", "t5", {}, TABLE, IMPLIED["t5"]),
    "modernbert with swiglu": (
        "modernbert",
        "modern-bert",
        {"modern-bert.hidden_activation": "silu"},
        {},
        {"hidden_activation": "silu"},
    ),
}


def worst_difference(folder, got, wanted):
    """The largest difference between the weights of two checkpoints, of all inputs."""
    return max(
        max_difference(weights, recorded(wanted, text, target)[kind])
        for _, text, target, _ in cases(MODELS / folder / "reference.npz")
        for kind, weights in recorded(got, text, target).items()
    )


def write_case(case, path, **metadata):
    """The file of a case, with other metadata."""
    folder, architecture, own, tensors, _ = CASES[case]
    return write_gguf(path, folder, architecture, metadata=own | metadata, tensors=tensors)


@pytest.mark.parametrize("case", CASES)
def test_weights_are_those_of_the_settings(case, tmp_path):
    folder, *_, settings = CASES[case]
    model = open_model(folder)
    wanted = with_settings(model, settings) if settings else model
    got = open_checkpoint(str(write_case(case, tmp_path / "x.gguf")))
    assert worst_difference(folder, got, wanted) <= TOLERANCE


OTHERS = {  # case, and metadata with which the weights are others
    "olmo 3, local base": {"olmo2.rope.freq_base_swa": 100.0},
    "olmo 3, attention factor": {"olmo2.rope.scaling.yarn_attn_factor": 1.5},
    "a factor without a type": {"llama.rope.scaling.type": "none"},
    "phi 4": {"phi3.attention.sliding_window": 3},
    "gemma 3 without windows": {"gemma3.attention.sliding_window": 3},
    "modernbert with swiglu": {"modern-bert.hidden_activation": "gelu"},
    "nemotron": {"nemotron.attention.layer_norm_epsilon": 0.5},
}


@pytest.mark.parametrize("case", OTHERS)
def test_weights_are_others_with_other_metadata(case, tmp_path):
    folder, *_, settings = CASES[case]
    model = open_model(folder)
    wanted = with_settings(model, settings) if settings else model
    got = open_checkpoint(str(write_case(case, tmp_path / "x.gguf", **OTHERS[case])))
    assert worst_difference(folder, got, wanted) > 1e-4


REFUSED = {
    "granite without positions": (
        "granite 4 without mamba",
        {"granite.rope.scaling.finetuned": False},
        r"granite\.rope\.scaling\.finetuned = false is not supported",
    ),
    "an attention factor of 1": (
        "yarn, another attention factor",
        {"llama.rope.scaling.yarn_attn_factor": 1.0},
        r"llama\.rope\.scaling\.yarn_attn_factor = 1\.0 should be 1\.13863, as the factor implies",
    ),
    "a second attention factor": (
        "yarn, another attention factor",
        {"llama.rope.scaling.attn_factor": 2.0},
        r"llama\.rope\.scaling\.attn_factor = 2\.0 should be 1 or 1\.13863",
    ),
    "an attention factor that is a string": (
        "yarn, another attention factor",
        {"llama.rope.scaling.attn_factor": "x"},
        r'llama\.rope\.scaling\.attn_factor = "x" should be a number',
    ),
    "yarn without a factor": (
        "yarn, another attention factor",
        {"llama.rope.scaling.factor": None},
        r"llama\.rope\.scaling\.factor is missing; it should be a number",
    ),
    "a factor of all frequencies and one of each": (
        "a divisor of each frequency",
        {"llama.rope.scaling.factor": 3.0},
        r"llama\.rope\.scaling\.factor = 3\.0 should be 1 with factors per pair",
    ),
    "an attention factor of linear scaling": (
        "a factor without a type",
        {"llama.rope.scaling.attn_factor": 2.0},
        r"attn_factor = 2\.0 should be 1 without YaRN and LongRoPE",
    ),
    "an unknown activation": (
        "modernbert with swiglu",
        {"modern-bert.hidden_activation": "new"},
        r"hidden_activation",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_metadata_that_are_refused(what, tmp_path):
    case, metadata, message = REFUSED[what]
    path = write_case(case, tmp_path / "x.gguf", **metadata)
    with pytest.raises(InvalidInputError, match=message) as caught:
        recorded(open_checkpoint(str(path)), encoding_of_ids([2, 9, 8, 3]), None)
    assert "\n" not in str(caught.value)


def test_biases_of_olmo_are_not_permuted(tmp_path):
    """Of OLMo, the converter changes the order of rows in the matrices only; of Llama in both."""
    rows = np.arange(32, dtype=np.float32)
    sizes = {"q": 32, "k": 16, "v": 16}
    biases = {f"blk.{i}.attn_{p}.bias": rows[:n] for i in range(2) for p, n in sizes.items()}
    for folder in ("olmo", "llama"):
        path = write_gguf(tmp_path / f"{folder}.gguf", folder, folder, tensors=biases)
        tensors = open_checkpoint(str(path)).tensors.by_name
        for part in "qk":
            got = tensors[f"layers.0.self_attn.{part}_proj.bias"].read()
            assert np.array_equal(got, rows[: sizes[part]]) == (folder == "olmo")
