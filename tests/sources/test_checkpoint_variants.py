"""Variants of checkpoints: an encoder alone, other names of tensors, limits of length."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.describe import describe
from attnviz.sources.model.feature_checks import check_features
from tests.sources.reference import (
    MODELS,
    RecordingAttend,
    attend_unrecorded,
    cases,
    encoding_of_ids,
    max_difference,
    open_model,
)
from tests.sources.test_families import TOLERANCE, assert_agrees


def test_an_encoder_without_its_decoder_runs_alone():
    whole = open_model("t5")
    by_name = {name: t for name, t in whole.tensors.by_name.items() if "decoder." not in name}
    alone = replace(whole, tensors=replace(whole.tensors, by_name=by_name))
    assert alone.kind == "encoder" and alone.attentions == {"encoder": 2}
    _, text, _, wanted = next(cases(MODELS / "t5" / "reference.npz"))
    seen = RecordingAttend()
    alone.run(text, seen)
    assert max_difference(np.stack(seen.weights["encoder"]), wanted["encoder"]) <= TOLERANCE
    with pytest.raises(MisuseError, match="no encoder-decoder"):
        alone.run(text, seen, target=text)


def test_t5_has_no_limit_of_positions():
    checkpoint = open_model("t5")
    values = {**checkpoint.config.values, "n_positions": 5}
    limited = replace(checkpoint, config=replace(checkpoint.config, values=values))
    assert limited.n_position is None
    assert open_model("gpt2").n_position == 40


def test_big_bird_is_limited_to_the_tokens_that_all_attend_to_each_other():
    checkpoint = open_model("big_bird")
    values = {**checkpoint.config.values, "attention_type": "block_sparse", "block_size": 3}
    sparse = replace(checkpoint, config=replace(checkpoint.config, values=values))
    assert (checkpoint.n_position, sparse.n_position) == (40, 33)
    with pytest.raises(MisuseError, match="accepts at most 33 tokens"):
        sparse.run(encoding_of_ids(range(5, 39)), attend_unrecorded)


NEW_NAMES = {
    "emb_ln": "embeddings.LayerNorm",
    "attn.out_proj": "self_attn.o_proj",
    "fc11": "up_proj",
    "fc12": "gate_proj",
    "fc2": "down_proj",
    "norm1": "post_attention_layernorm",
    "norm2": "post_mlp_layernorm",
    "encoder.layers": "layers",
}


def new_name(name):
    """The name that transformers 5 has for a tensor of Nomic BERT."""
    for old, new in NEW_NAMES.items():
        name = name.replace(old, new)
    return name


def test_nomic_bert_has_the_names_of_its_own_code_and_those_of_transformers(tmp_path):
    folder = MODELS / "nomic_bert"
    stored = load_file(folder / "model.safetensors")
    arrays = {new_name(name): array for name, array in stored.items()}
    for name in [name for name in arrays if "Wqkv" in name]:
        for x, part in zip("qkv", np.split(arrays.pop(name), 3), strict=True):
            arrays[name.replace("attn.Wqkv", f"self_attn.{x}_proj")] = part
    assert "nomic_bert.layers.1.self_attn.k_proj.weight" in arrays
    for file in ("config.json", "tokenizer.json"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    save_file(arrays, tmp_path / "model.safetensors")
    assert_agrees(open_checkpoint(str(tmp_path)), folder / "reference.npz")


def test_nomic_bert_has_the_config_of_its_own_code():
    checkpoint = open_model("nomic_bert")
    values = {"model_type": "nomic_bert", "n_embd": 32, "n_layer": 2, "n_head": 4, "n_inner": 48}
    values |= {"activation_function": "swiglu", "layer_norm_epsilon": 1e-12, "n_positions": 40}
    values |= {"rotary_emb_base": 1000, "rotary_emb_fraction": 1.0, "type_vocab_size": 2}
    original = replace(checkpoint, config=checkpoint.family.config(values))
    assert_agrees(original, MODELS / "nomic_bert" / "reference.npz")


def test_a_setting_within_an_object_is_refused_by_both_names():
    checkpoint = open_model("mpt")
    values = dict(checkpoint.config.values)
    values["attn_config"] = {**values["attn_config"], "qk_ln": True}
    with pytest.raises(InvalidInputError, match=r"attn_config\.qk_ln = true is not supported"):
        check_features(checkpoint.family.config(values), checkpoint.family)


def test_a_layer_has_all_its_parameters_where_they_are_stored_apart():
    checkpoint = open_model("xlm")
    stack = checkpoint.stacks["encoder"]
    d = checkpoint.config.get_int("d_model")
    n_attention, n_feed_forward = 4 * d * d + 4 * d, 8 * d * d + 5 * d
    assert stack.largest_layer == n_attention + n_feed_forward + 4 * d


def test_relative_keys_replace_the_position_embeddings_of_bert():
    checkpoint = open_model("bert-relative-key")
    assert "relative-keys(39)" in describe(checkpoint)["attention"][0]["algebra"]
    _, text, *_ = next(cases(MODELS / "bert-relative-key" / "reference.npz"))
    values = {**checkpoint.config.values, "position_embedding_type": "absolute"}
    absolute = replace(checkpoint, config=checkpoint.family.config(values))
    assert (
        max_difference(
            absolute.run(text, attend_unrecorded), checkpoint.run(text, attend_unrecorded)
        )
        > 0.1
    )


def test_each_side_of_led_has_its_own_maximum_length():
    checkpoint = open_model("led")
    assert (checkpoint.n_position, checkpoint.max_length("decoder")) == (40, 36)
    long, longer = (encoding_of_ids(range(4, 4 + n)) for n in (40, 41))
    checkpoint.run(long, attend_unrecorded, target=encoding_of_ids([2, 9]))
    with pytest.raises(MisuseError, match="accepts at most 40 tokens"):
        checkpoint.run(longer, attend_unrecorded)
    with pytest.raises(MisuseError, match="accepts at most 36 tokens"):
        checkpoint.run(long, attend_unrecorded, target=long)
    assert len(checkpoint.fit_to_positions(longer, "decoder", truncate=True).ids) == 36
