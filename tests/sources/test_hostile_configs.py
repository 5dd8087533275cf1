"""Hostile configs: each value is used rightly, or refused in one line that names its key."""

import json
import shutil
import time
import warnings

import pytest

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.sources.checkpoint.config import CONFIG_KEYS, Config
from attnviz.sources.checkpoint.config_ranges import FLOAT_RANGES, INT_RANGES
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.size_checks import count_layers
from tests.sources.reference import FOLDERS, MODELS, open_model

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
    key, _ = open_model(name).stacks.popitem()[1].config.find("n_layer")
    start = time.process_time()
    with pytest.raises(InvalidInputError, match=f"{key} = 1000000000 should be an integer from 1"):
        open_checkpoint(edited(name, **{key: 10**9}))
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
