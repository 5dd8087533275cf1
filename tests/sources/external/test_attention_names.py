"""Names of attention: several names of one kind are never overwritten in silence."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.errors import UnknownNameError
from attnviz.sources.external import read
from tests.sources.external.ramp import ramp

WEIGHTS, OTHER = ramp(1, 2, 3, 3), ramp(1, 2, 3, 3)[..., ::-1].copy()
LAYERS = ramp(2, 1, 2, 3, 3)


def guesses(amap):
    return "; ".join(amap.meta.get("guessed", ()))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["attn_scores", "attention_scores"])
def test_weights_come_before_scores(name, reverse):
    named = {"attn_weights": WEIGHTS, name: WEIGHTS * 9 - 1}
    named = dict(reversed(named.items())) if reverse else named
    assert np.array_equal(read(named).weights, WEIGHTS)
    scores = np.exp(WEIGHTS * 9 - 1)
    expected = scores / scores.sum(-1, keepdims=True)
    assert np.allclose(read({name: WEIGHTS * 9 - 1}, softmax=True).weights, expected, atol=1e-6)


def test_two_names_of_weights_are_chosen_by_name():
    named = {"attention": WEIGHTS, "weights": OTHER}
    assert np.array_equal(read(named).weights, WEIGHTS)
    assert "showing 'attention' (also: 'weights'); choose with --which" in guesses(read(named))
    assert np.array_equal(read(named, which="weights").weights, OTHER)
    with pytest.raises(UnknownNameError):
        read(named, which="attn")


@pytest.mark.parametrize("other", ["layer_{}", "arr_{}", "layers.{}"])
@pytest.mark.parametrize("reverse", [False, True])
def test_attention_of_layers_comes_before_other_arrays_of_layers(other, reverse):
    named = {f"attention_{i}": layer for i, layer in enumerate(LAYERS)}
    named |= {other.format(i): np.ones((1, 3, 8)) for i in range(2)}
    named = dict(reversed(named.items())) if reverse else named
    assert np.array_equal(read(named).weights, LAYERS[:, 0])


def test_scores_of_transformer_lens_are_read_where_there_are_no_patterns():
    scores = np.where(np.tri(3) > 0, LAYERS * 4, -np.inf)
    cache = {f"blocks.{i}.attn.hook_attn_scores": layer for i, layer in enumerate(scores)}
    made = read(cache, softmax=True)
    assert np.array_equal(made.masked[0, 0], np.tri(3) == 0)
    cache |= {f"blocks.{i}.attn.hook_pattern": layer for i, layer in enumerate(LAYERS)}
    assert np.array_equal(read(cache).weights, LAYERS[:, 0])


def test_steps_keep_the_numbers_of_their_layers():
    named = {
        f"step_{step}_layer_{layer}": np.tri(3)[None, None, 3 - n : 3, :]
        for step, n in ((0, 3), (1, 1))
        for layer in (3, 7)
    }
    assert read(named).layers == (3, 7)


def test_the_last_token_of_a_generation_may_be_given():
    full = np.tril(ramp(1, 1, 2, 4, 4))
    steps = [[layer[..., :3, :3] for layer in full], [layer[..., 3:, :] for layer in full]]
    for tokens in (list("abcd"), list("abcde")):
        made = read(steps, tokens)
        assert "".join(token.label for token in made.queries) == "abcd"
