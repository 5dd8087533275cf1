"""Masks of layers by their config: which layers have a window, and how many keys it shows."""

import pytest

from attnviz.core.masks import Causal, Full, Window
from attnviz.sources.families import find_family
from attnviz.sources.families.attention_config import (
    is_sliding,
    sliding_window_mask,
    symmetric_window_mask,
)
from attnviz.sources.families.slots import Layer

SIZES = {"num_hidden_layers": 4, "num_attention_heads": 2, "hidden_size": 8}


def layer(family, index=0, **values):
    return Layer(find_family(family).config({"model_type": family, **SIZES, **values}), index)


def windows(family, **values):
    return [is_sliding(layer(family, index, **values)) for index in range(4)]


def test_layers_with_a_window_by_each_rule():
    on = {"sliding_window": 5, "use_sliding_window": True}
    assert windows("qwen2", **on, max_window_layers=1) == [False, True, True, True]
    assert windows("qwen2", **on | {"use_sliding_window": False}) == [False] * 4
    assert windows("mistral", sliding_window=5) == [True] * 4
    assert windows("mistral", sliding_window=None) == [False] * 4
    assert windows("gemma3_text", sliding_window=5, sliding_window_pattern=2) == [True, False] * 2
    assert windows("gpt_neo", window_size=5) == [False, True] * 2
    assert windows("modernbert", local_attention=4, global_attn_every_n_layers=3) == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("is_causal", "expected"), [(True, Causal() & Window(5)), (False, Window(6))]
)
def test_a_window_shows_as_many_keys_as_its_config_states(is_causal, expected):
    """To each side where it is bidirectional, and the token itself."""
    assert sliding_window_mask(layer("mistral", sliding_window=5, is_causal=is_causal)) == expected


def test_half_a_window_is_to_each_side():
    options = {"local_attention": 4, "global_attn_every_n_layers": 3}
    assert symmetric_window_mask(layer("modernbert", 1, **options)) == Window(3)
    assert symmetric_window_mask(layer("modernbert", 0, **options)) == Full()
