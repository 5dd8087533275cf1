"""Hostile configs: each value is used rightly, or refused in one line that names its key."""

import json
import shutil
import time
import warnings

import numpy as np
import pytest

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.config_keys import CONFIG_KEYS
from attnviz.sources.checkpoint.config_ranges import FLOAT_RANGES, INT_RANGES
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.size_checks import count_layers
from tests.sources.reference import (
    FOLDERS,
    MODELS,
    attend_unrecorded,
    encoding_of_ids,
    open_model,
)

CONFIGS = {name: json.loads((MODELS / name / "config.json").read_text()) for name in FOLDERS}


@pytest.fixture
def edited(tmp_path):
    """A function that saves a checkpoint with a changed config and returns its folder."""

    def save(name: str, **changes) -> str:
        shutil.copytree(MODELS / name, tmp_path / name)
        (tmp_path / name / "config.json").write_text(json.dumps(CONFIGS[name] | changes))
        return str(tmp_path / name)

    return save


@pytest.mark.parametrize("name", INT_RANGES)
def test_integers_are_refused_outside_of_their_range(name):
    (low, high), key = INT_RANGES[name], Config({}).find(name)[0]
    assert [Config({key: n}).get_int(name) for n in (low, high)] == [low, high]
    for value in (low - 1, high + 1, 10**400):
        with pytest.raises(InvalidInputError, match=f"should be an integer from {low} to {high}"):
            Config({key: value}).get_int(name)


@pytest.mark.parametrize("name", FLOAT_RANGES)
def test_numbers_are_refused_outside_of_their_range(name):
    (low, high), key = FLOAT_RANGES[name], Config({}).find(name)[0]
    assert [Config({key: x}).get_float(name) for x in (low, high)] == [low, high]
    for value in (low - 1e-9, -1.0, 2 * high, float("inf"), float("nan"), 10**400):
        with pytest.raises(InvalidInputError, match=f"{key} = .* should be a number from "):
            Config({key: value}).get_float(name)


def test_every_name_with_a_range_is_a_setting_that_is_read():
    """A misspelt name would bound nothing."""
    source = "".join(
        path.read_text()
        for folder in ("checkpoint", "families", "model", "transformer")
        for path in (MODELS.parents[1] / "attnviz" / "sources" / folder).glob("*.py")
        if path.stem != "config_ranges"
    )
    for name in {**INT_RANGES, **FLOAT_RANGES}:
        assert name in CONFIG_KEYS or f'"{name}"' in source, name


@pytest.mark.parametrize("name", FOLDERS)
def test_a_billion_layers_are_refused_at_once(edited, name):
    model = open_model(name)
    key, _ = model.stacks.popitem()[1].config.find("n_layer")
    inner = model.family.text_config
    changes = {inner: CONFIGS[name][inner] | {key: 10**9}} if inner else {key: 10**9}
    start = time.process_time()
    with pytest.raises(InvalidInputError, match=f"{key} = 1000000000 should be an integer from 1"):
        open_checkpoint(edited(name, **changes))
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("bert", {"num_hidden_layers": 4}, "num_hidden_layers = 4, but .* are those of 3"),
        ("bart", {"decoder_layers": 3}, "decoder_layers = 3, but the tensors are those of 2"),
        ("albert", {"num_hidden_groups": 3}, "num_hidden_groups = 3, but .* are those of 2"),
        ("bert", {"vocab_size": 101}, "vocab_size = 101, but .*word_emb.* has 100 rows"),
        ("gpt2", {"n_positions": 41}, "n_positions = 41, but tensor 'wpe.weight' has 40 rows"),
        ("opt", {"max_position_embeddings": 42}, r"has 42 rows \(the first 2 are reserved\)"),
        ("roberta", {"max_position_embeddings": 39}, "= 39, but .* has 40 rows"),
        ("bert", {"type_vocab_size": 0}, "type_vocab_size = 0, but .* has 2 rows"),
    ],
)
def test_sizes_that_the_tensors_do_not_have_are_refused(edited, name, changes, message):
    with pytest.raises(InvalidInputError, match=message):
        open_checkpoint(edited(name, **changes))


def test_layers_that_do_not_run_are_stated(edited):
    with pytest.warns(AttnvizWarning, match="num_hidden_layers = 2, but .* of 3; the others do n"):
        assert open_checkpoint(edited("bert", num_hidden_layers=2)).n_layer == 2


@pytest.mark.parametrize("name", FOLDERS)
def test_the_sizes_of_every_checkpoint_are_found(name):
    """Otherwise the checks above would compare nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkpoint = open_model(name)
    for stack in checkpoint.stacks.values():
        n_group = stack.config.get("num_hidden_groups")
        assert count_layers(stack.spec.layer, stack.tensors) == (n_group or stack.n_layer)


def run(path: str):
    """Run a checkpoint on a short text, with a target where it takes one."""
    checkpoint = open_checkpoint(path)
    text = encoding_of_ids([2, 9, 8, 3])
    target = text if len(checkpoint.stacks) > 1 else None
    return checkpoint.run(text, attend_unrecorded, target=target)


LONG = {"rope_type": "longrope", "long_factor": [1.0] * 4, "short_factor": [1.0] * 3}
YARN = {"rope_type": "yarn", "factor": 2.0}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("roberta", {"pad_token_id": -3}, "pad_token_id = -3 should be an integer from 0"),
        ("roberta", {"pad_token_id": True}, "pad_token_id = true should be an integer"),
        ("roberta", {"pad_token_id": 60}, "positions begin at row 61; check pad_token_id"),
        ("m2m_100", {"pad_token_id": 100}, "pad_token_id = 100 should be below the 100 rows"),
        ("llama", {"rope_scaling": [], "rope_parameters": None}, "rope_scaling = .. should be an"),
        ("llama", {"rope_scaling": YARN}, "rope_scaling and rope_parameters are both set and dif"),
        ("llama", {"rope_parameters": {"rope_type": []}}, r"rope_type = \[\] is not supported"),
        ("llama", {"rope_parameters": {"rope_type": ""}}, 'rope_type = "" is not supported'),
        ("llama", {"rope_parameters": {"rope_theta": 1}}, "rope_theta = 1 should be a number fr"),
        ("llama", {"rope_parameters": YARN | {"truncate": 1}}, "truncate = 1 should be true or"),
        (
            "llama",
            {"rope_parameters": YARN | {"attention_factor": "1"}},
            'attention_factor = "1" should be a number from',
        ),
        ("phi3", {"rope_parameters": LONG}, "short_factor = .* should be a list of . numbers"),
        (
            "gemma2",
            {"rope_parameters": {"full_attention": {}, "sliding_attention": 3}},
            "rope_parameters: sliding_attention = 3 should be an object",
        ),
        ("qwen2-sliding", {"layer_types": []}, r"layer_types = \[\] should be a list of 3"),
        (
            "qwen2-sliding",
            {"layer_types": [{}] * 3},
            "layer_types: layer 0 has type {}; supported: ",
        ),
        ("gpt_neo", {"attention_layers": [None] * 3}, "attention_layers: layer 0 has type null"),
        (
            "qwen2-sliding",
            {"use_sliding_window": 0},
            "use_sliding_window = 0 should be true or false",
        ),
        (
            "qwen2-sliding",
            {"max_window_layers": "1", "layer_types": None},
            'max_window_layers = "1" should be an integer from 0',
        ),
        (
            "gpt_neo",
            {"attention_layers": None, "attention_types": [[["global"], 1]]},
            "attention_types = .* with a type for each of 3 layers",
        ),
        ("deberta-v2", {"max_relative_positions": "9"}, 'max_relative_positions = "9" should be'),
        ("deberta-v2", {"max_relative_positions": 1}, "max_relative_positions = 1 should be at l"),
        ("deberta-v2-own", {"max_relative_positions": -1}, "rel_embeddings.* should be 80 × 32"),
        ("deberta-v2", {"position_buckets": 1}, "position_buckets = 1 should be -1 or an integer"),
        ("deberta-v2", {"pos_att_type": [["c2p"]]}, "pos_att_type = .* should list c2p, p2c"),
        ("deberta-v2", {"norm_rel_ebd": {}}, "norm_rel_ebd = {} is not supported"),
        ("deberta-v2", {"share_att_key": False}, "no tensor '.*pos_key_proj.weight'"),
        (
            "deberta-v2",
            {"share_att_key": False, "pos_att_type": ["p2c"]},
            "no tensor '.*pos_query_proj.weight'",
        ),
        ("deberta-v2-own", {"share_att_key": True}, "share_att_key = true, but .*pos_key_proj.w"),
        ("deberta-v2-own", {"pos_att_type": "p2c"}, "lacks its term, but .*pos_key_proj.weight"),
        ("deberta-v2-own", {"pos_att_type": "c2p"}, "lacks its term, but .*pos_query_proj.weight"),
        ("deberta-v2-conv", {"conv_groups": 3}, "conv_groups = 3 should be a divisor of .* = 32"),
        ("deberta-v2-conv", {"conv_kernel_size": 4}, "conv_kernel_size = 4 should be odd"),
        ("bert", {"hidden_act": "x" * 999}, "hidden_act = 'x{79} is not supported"),
        ("t5", {"relative_attention_max_distance": 2}, "max_distance = 2 should be above 2"),
        (
            "t5",
            {"relative_attention_num_buckets": 64},
            "num_buckets = 64 should be 8, the rows of",
        ),
        (
            "llama",
            {
                "rope_parameters": {"rope_type": "yarn", "original_max_position_embeddings": 1},
                "max_position_embeddings": 2_000_000,
            },
            r"max_position_embeddings = 2000000 is 2e\+06 times original_max_position",
        ),
        ("albert", {"inner_group_num": True}, "inner_group_num = true should be an integer"),
        ("bert", {"model_type": ["bert"]}, "model_type = .* should be a string"),
    ],
)
def test_a_hostile_value_is_refused_with_its_key(edited, name, changes, message):
    with pytest.raises(InvalidInputError, match=message) as caught:
        run(edited(name, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder_start_token_id": -1}, "decoder_start_token_id = -1 should be an integer from"),
        ({"decoder_start_token_id": True}, "decoder_start_token_id = true should be an integer"),
        ({"decoder_start_token_id": 100}, "decoder_start_token_id = 100 should be below the 100"),
        ({"eos_token_id": [1, "2"]}, 'eos_token_id = "2" should be an integer from 0'),
        ({"eos_token_id": {}}, "eos_token_id = {} should be an integer from 0"),
    ],
)
def test_a_hostile_token_id_is_refused_with_its_key(edited, changes, message):
    with pytest.raises(InvalidInputError, match=message):
        open_checkpoint(edited("t5", **changes)).encode_target("the cat")


def test_a_huge_number_of_repeated_layer_types_is_read_as_far_as_there_are_layers(edited):
    types = [[["global", "local"], 10**15]]
    path = edited("gpt_neo", attention_layers=None, attention_types=types)
    assert np.isfinite(run(path)).all()
