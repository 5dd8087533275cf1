"""Every architecture of GGUF files: the attention is that of the checkpoint it was made from."""

import json
from dataclasses import replace

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from attnviz.core.positions.rope_scaling import LongRope
from attnviz.errors import InvalidInputError
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
    "gemma3_text": {"query_pre_attn_scalar": 8},
    "gemma3-bidirectional": {"query_pre_attn_scalar": 8},
    "t5": {"relative_attention_max_distance": 128},
    "umt5": {"relative_attention_max_distance": 128},
    "mixtral": {"sliding_window": None},
    "smollm3": {"no_rope_layers": None, "no_rope_layer_interval": 4},
    "starcoder2": {"sliding_window": None},
    "phi": {"qk_layernorm": False},
    "gpt_oss": {"swiglu_limit": 7.0},
    "cohere2": {"layer_types": ["sliding_attention"] * 2},
    "qwen2_moe": {"layer_types": ["full_attention"] * 3},
}
# Metadata that do not follow from a config by name.
METADATA = {
    "gpt_oss": {
        "gpt-oss.rope.scaling.type": "yarn",
        "gpt-oss.rope.scaling.factor": 32.0,
        "gpt-oss.rope.scaling.original_context_length": 4096,
    },
    "olmo3": {
        "olmo2.rope.scaling.type": "yarn",
        "olmo2.rope.scaling.factor": 4.0,
        "olmo2.rope.scaling.original_context_length": 10,
    },
}
FOLDERS = {"gemma-embedding": "gemma3-bidirectional"}  # otherwise that of the family
BY_FAMILY = {row.family: row for row in reversed(ARCHITECTURES)}


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


WHOLE = [row for row in ARCHITECTURES if row.name != "t5encoder"]


@pytest.mark.parametrize("row", WHOLE, ids=lambda row: f"{row.name}-{row.family}")
def test_weights_are_those_of_the_checkpoint(row, tmp_path):
    folder = FOLDERS.get(row.name, row.family)
    metadata = METADATA.get(row.family)
    path = write_gguf(tmp_path / "model.gguf", folder, row.name, metadata=metadata)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.family.name == row.family
    assert max(differences(checkpoint, folder)) <= TOLERANCE


CHANGED = (
    *("llama", "olmo", "gemma", "gemma3_text", "nemotron"),
    *("gpt2", "gpt_neox", "bloom", "qwen2_moe"),
)


@pytest.mark.parametrize("family", CHANGED)
def test_without_its_changes_the_weights_are_others(family, tmp_path, monkeypatch):
    bare = replace(BY_FAMILY[family], changes={})
    monkeypatch.setattr("attnviz.sources.checkpoint.gguf.config.ARCHITECTURES", (bare,))
    path = write_gguf(tmp_path / "model.gguf", family, bare.name)
    if family in ("gpt2", "qwen2_moe"):  # matrices of other shapes
        with pytest.raises(InvalidInputError, match="should be"):
            list(differences(open_checkpoint(str(path)), family))
    else:
        assert max(differences(open_checkpoint(str(path)), family)) > 0.01


@pytest.mark.parametrize("row", ARCHITECTURES, ids=lambda row: row.name)
def test_names_are_those_of_the_format(row):
    (arch,) = (a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == row.name)
    known = {
        gguf.TENSOR_NAMES[tensor].replace("{bid}", "{i}") for tensor in gguf.MODEL_TENSORS[arch]
    }
    others = {"output", "blk.{i}.ffn_gate", "blk.{i}.ffn_up", "blk.{i}.ffn_down"}
    stems = (name.removesuffix(".weight").removesuffix(".bias") for name in row.tensors)
    own = {stem.replace("blk.0.", "blk.{i}.") for stem in stems}
    others |= {name for name in own if name.startswith("dec.") and row.name == "t5encoder"}
    assert own <= known | others  # tied matrices, and layers without experts
    assert row.family in {family.name for family in FAMILIES}


def test_a_row_of_a_name_that_others_have_requires_what_they_lack():
    for name in {row.name for row in ARCHITECTURES}:
        rows = [row for row in ARCHITECTURES if row.name == name]
        assert all(row.requires for row in rows[:-1]) and not rows[-1].requires


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


def test_the_encoder_of_t5_alone(tmp_path):
    path = write_gguf(tmp_path / "x.gguf", "t5", "t5encoder")
    checkpoint, whole = open_checkpoint(str(path)), with_settings(open_model("t5"), IMPLIED["t5"])
    assert not any(name.startswith("decoder") for name in checkpoint.tensors.by_name)
    for _, text, _, _ in cases(MODELS / "t5" / "reference.npz"):
        wanted = recorded(whole, text, None)["encoder"]
        assert max_difference(recorded(checkpoint, text, None)["encoder"], wanted) <= TOLERANCE


def test_gated_t5(tmp_path):
    path = write_gguf(tmp_path / "x.gguf", "mt5", "t5")
    with_gate = with_settings(open_model("mt5"), IMPLIED["t5"])
    for _, text, target, _ in cases(MODELS / "mt5" / "reference.npz"):
        wanted = recorded(with_gate, text, target)
        for kind, weights in recorded(open_checkpoint(str(path)), text, target).items():
            assert max_difference(weights, wanted[kind]) <= TOLERANCE


def test_the_scale_of_gemma_2_27b_is_that_of_its_hidden_size():
    sizes = {"hidden_size": 4608, "num_attention_heads": 32, "head_dim": 128}
    derive = BY_FAMILY["gemma2"].derive
    assert derive({**sizes, "num_hidden_layers": 46}) == {"query_pre_attn_scalar": 144}
    assert derive({**sizes, "num_hidden_layers": 42}) == {"query_pre_attn_scalar": 128}


def test_the_scale_of_gemma_3_27b_is_that_of_its_hidden_size():
    sizes = {"hidden_size": 5376, "num_attention_heads": 32, "head_dim": 128}
    derive = BY_FAMILY["gemma3_text"].derive
    assert derive({**sizes, "num_hidden_layers": 62}) == {"query_pre_attn_scalar": 168}
    assert derive({**sizes, "num_hidden_layers": 48}) == {"query_pre_attn_scalar": 128}


def test_the_windows_of_gemma_3_are_in_five_of_six_layers_without_a_pattern(tmp_path):
    key = "gemma3.attention.sliding_window_pattern"
    path = write_gguf(tmp_path / "x.gguf", "gemma3_text", "gemma3", metadata={key: None})
    every_sixth = {"layer_types": None, "sliding_window_pattern": None, **IMPLIED["gemma3_text"]}
    windows = with_settings(open_model("gemma3_text"), every_sixth)
    _, text, target, _ = next(iter(cases(MODELS / "gemma3_text" / "reference.npz")))
    wanted = recorded(windows, text, target)["self"]
    assert (
        max_difference(recorded(open_checkpoint(str(path)), text, target)["self"], wanted) < 1e-6
    )


def test_the_dense_layers_of_embedding_gemma_come_after_the_attention(tmp_path):
    tensors = {f"dense_{n}.weight": np.ones((8, 8), np.float32) for n in (2, 3)}
    path = write_gguf(
        tmp_path / "x.gguf", "gemma3-bidirectional", "gemma-embedding", tensors=tensors
    )
    checkpoint = open_checkpoint(str(path))
    assert max(differences(checkpoint, "gemma3-bidirectional")) <= TOLERANCE
    write_gguf(path, "gemma3_text", "gemma3", tensors=tensors)
    with pytest.raises(InvalidInputError, match="dense_2"):
        open_checkpoint(str(path))


def test_roberta_is_stored_as_bert(tmp_path):
    """Without the rows before the first position, and with one vector for all segments."""
    path = write_gguf(tmp_path / "x.gguf", "roberta", "bert")
    assert max(differences(open_checkpoint(str(path)), "roberta")) <= TOLERANCE


def test_alternating_rows_are_those_of_the_fused_matrix(tmp_path):
    path = write_gguf(tmp_path / "x.gguf", "gpt_oss", "gpt-oss", metadata=METADATA["gpt_oss"])
    tensors = open_checkpoint(str(path)).tensors.by_name
    fused = open_model("gpt_oss").tensors.by_name["model.layers.1.mlp.experts.gate_up_proj"]
    wanted, got = fused.read().swapaxes(1, 2), tensors["layers.1.mlp.experts.gate_up_proj_blocks"]
    np.testing.assert_array_equal(got.read(), wanted)
    np.testing.assert_array_equal(got.at(2).read(slice(3, 8)), wanted[2, 3:8])
    np.testing.assert_array_equal(got.at(2).read(np.array([5, 0])), wanted[2][[5, 0]])


def test_half_of_a_fused_matrix_is_refused(tmp_path):
    tensors = {"blk.0.ffn_up_exps.weight": None}
    path = write_gguf(tmp_path / "x.gguf", "gpt_oss", "gpt-oss", tensors=tensors)
    with pytest.raises(InvalidInputError, match=r"lacks half of the tensor 'layers\.0\.mlp\.exp"):
        open_checkpoint(str(path))


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
