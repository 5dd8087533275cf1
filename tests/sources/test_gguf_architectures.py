"""Every architecture of GGUF files: the attention is that of the checkpoint it was made from."""

import json
from dataclasses import replace

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from attnviz.core.positions.rope_scaling import LongRope
from attnviz.sources.checkpoint.gguf.config import find_architecture
from attnviz.sources.checkpoint.gguf.rows import ARCHITECTURES
from attnviz.sources.families import FAMILIES
from attnviz.sources.families.spec import Layer
from attnviz.sources.model.checkpoint import open_checkpoint
from tests.sources.gguf_writer import llama3_factors, write_gguf
from tests.sources.reference import MODELS, RecordingAttend, cases, max_difference, open_model

TOLERANCE = 1e-6
# Settings that a GGUF file cannot state, and what they are for llama.cpp.
IMPLIED = {
    "gemma2": {"query_pre_attn_scalar": 8},
    "t5": {"relative_attention_max_distance": 128},
}
BY_NAME = {row.name: row for row in ARCHITECTURES}


def with_settings(checkpoint, changes):
    """The same checkpoint with other settings."""
    values = {**checkpoint.config.values, **changes}
    return replace(checkpoint, config=replace(checkpoint.config, values=values))


def recorded(checkpoint, text, target):
    """All weights, by kind of attention.    -> each [layer, head, query, key]"""
    attend = RecordingAttend()
    checkpoint.run(text, attend, target=target)
    return {kind: np.stack(weights) for kind, weights in attend.weights.items()}


def differences(checkpoint, family, reference="reference"):
    """The largest difference from the reference, of each input and kind of attention."""
    implied = IMPLIED.get(family)
    other = with_settings(open_model(family), implied) if implied else None
    for _, text, target, case in cases(MODELS / family / f"{reference}.npz"):
        wanted = case if other is None else recorded(other, text, target)
        for kind, weights in recorded(checkpoint, text, target).items():
            yield max_difference(weights, wanted[kind])


@pytest.mark.parametrize("row", ARCHITECTURES, ids=lambda row: row.name)
def test_weights_are_those_of_the_checkpoint(row, tmp_path):
    path = write_gguf(tmp_path / "model.gguf", row.family, row.name)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.family.name == row.family
    assert max(differences(checkpoint, row.family)) <= TOLERANCE


@pytest.mark.parametrize(
    "name", [row.name for row in ARCHITECTURES if row.changes], ids=lambda name: name
)
def test_without_its_changes_the_weights_are_others(name, tmp_path, monkeypatch):
    bare = replace(BY_NAME[name], changes={})
    monkeypatch.setattr("attnviz.sources.checkpoint.gguf.config.ARCHITECTURES", (bare,))
    path = write_gguf(tmp_path / "model.gguf", bare.family, name)
    if name == "gpt2":  # matrices of other shapes
        with pytest.raises(Exception, match="should be"):
            list(differences(open_checkpoint(str(path)), bare.family))
    else:
        assert max(differences(open_checkpoint(str(path)), bare.family)) > 0.01


@pytest.mark.parametrize("row", ARCHITECTURES, ids=lambda row: row.name)
def test_names_are_those_of_the_format(row):
    (arch,) = (a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == row.name)
    known = {
        gguf.TENSOR_NAMES[tensor].replace("{bid}", "{i}") for tensor in gguf.MODEL_TENSORS[arch]
    }
    assert set(row.tensors) <= known | {"output"}  # Gemma's is that of its embeddings
    assert row.family in {family.name for family in FAMILIES}


def test_each_architecture_has_one_row():
    assert len(BY_NAME) == len(ARCHITECTURES)


LLAMA3 = json.loads(str(np.load(MODELS / "llama" / "llama3.npz")["config"]))["rope_scaling"]
SCALED = {
    "linear": ({"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 3.0}, {}),
    "yarn": (
        {
            "llama.rope.scaling.type": "yarn",
            "llama.rope.scaling.factor": 4.0,
            "llama.rope.scaling.original_context_length": 16,
        },
        {},
    ),
    "llama3": ({}, {"rope_freqs.weight": llama3_factors(10000.0, 8, LLAMA3)}),
}


@pytest.mark.parametrize("name", SCALED)
def test_scaled_rope(name, tmp_path):
    metadata, tensors = SCALED[name]
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", metadata=metadata, tensors=tensors)
    checkpoint = open_checkpoint(str(path))
    assert max(differences(checkpoint, "llama", name)) <= TOLERANCE
    assert max(differences(checkpoint, "llama")) > 0.001


def test_longrope(tmp_path):
    with np.load(MODELS / "phi3" / "longrope.npz") as file:
        settings = json.loads(str(file["config"]))
    scaling, length = settings["rope_scaling"], settings["original_max_position_embeddings"]
    growth = 1 + np.log(40 / length) / np.log(length)
    path = write_gguf(
        tmp_path / "x.gguf",
        "phi3",
        "phi3",
        metadata={
            "phi3.rope.scaling.original_context_length": length,
            "phi3.rope.scaling.attn_factor": float(np.sqrt(growth)),
        },
        tensors={
            f"rope_factors_{size}.weight": np.array(scaling[f"{size}_factor"])
            for size in ("short", "long")
        },
    )
    checkpoint = open_checkpoint(str(path))
    stack = checkpoint.stacks["decoder"]
    position = stack.spec.attention.slots.position(Layer(stack.config, 0))
    assert isinstance(position, LongRope)
    assert max(differences(checkpoint, "phi3", "longrope")) <= TOLERANCE


def test_partial_rope(tmp_path):
    metadata = {"phi3.rope.dimension_count": 4}
    path = write_gguf(tmp_path / "x.gguf", "phi3", "phi3", metadata=metadata)
    assert max(differences(open_checkpoint(str(path)), "phi3", "partial")) <= TOLERANCE


def test_gated_t5(tmp_path):
    path = write_gguf(tmp_path / "x.gguf", "mt5", "t5")
    with_gate = with_settings(open_model("mt5"), IMPLIED["t5"])
    for _, text, target, _ in cases(MODELS / "mt5" / "reference.npz"):
        wanted = recorded(with_gate, text, target)
        for kind, weights in recorded(open_checkpoint(str(path)), text, target).items():
            assert max_difference(weights, wanted[kind]) <= TOLERANCE


def test_the_scale_of_gemma_2_27b_is_that_of_its_hidden_size():
    sizes = {"hidden_size": 4608, "num_attention_heads": 32, "head_dim": 128}
    derive = BY_NAME["gemma2"].derive
    assert derive({**sizes, "num_hidden_layers": 46}) == {"query_pre_attn_scalar": 144}
    assert derive({**sizes, "num_hidden_layers": 42}) == {"query_pre_attn_scalar": 128}


@pytest.mark.parametrize("kind", [Kind.Q8_0, Kind.Q4_1, Kind.F16, Kind.BF16], ids=lambda k: k.name)
def test_quantized_weights_are_near(kind, tmp_path):
    """Rows of queries and keys are put back in quantized matrices as in others."""
    path = write_gguf(tmp_path / "x.gguf", "llama", "llama", kind=kind)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.tensors.dtype in (kind.name, "float16", "bfloat16")
    worst = max(differences(checkpoint, "llama"))
    limit = {Kind.Q8_0: 0.05, Kind.Q4_1: 0.4, Kind.F16: 0.003, Kind.BF16: 0.03}[kind]
    assert 1e-6 < worst < limit


def test_the_architecture_of_a_file_is_found_by_its_name(tmp_path):
    path = write_gguf(tmp_path / "x.gguf", "qwen3", "qwen3")
    checkpoint = open_checkpoint(str(path))
    assert find_architecture(checkpoint.files.header).family == "qwen3"
