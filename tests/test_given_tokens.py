"""Tokens in place of a text, masks as arrays, and tunables as keywords of their own."""

import pickle

import numpy as np
import pandas as pd
import pytest

import attnviz
from attnviz.errors import AttnvizWarning, MisuseError, UnknownParameterError
from tests.cli.runner import run

TOKENS = ["The", "cat", "sat"]


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, pd.Index])
def test_tokens_take_the_place_of_a_tokenizer(kind):
    amap = attnviz.look(kind(TOKENS), variant="causal")
    assert amap.query_labels == tuple(TOKENS)
    assert np.array_equal(amap.weights, attnviz.look("The cat sat", variant="causal").weights)
    assert (amap.text, type(amap.text)) == ("The cat sat", str)
    assert amap.meta["tokenizer"] == "given"
    assert pickle.loads(pickle.dumps(amap)).equals(amap)


def test_tokens_are_not_split():
    assert attnviz.look(["don't", ",", " "], variant="dot").query_labels == ("don't", ",", " ")
    amap = attnviz.look(TOKENS, ["a", "b"], variant="cross")
    assert (amap.query_labels, amap.key_labels) == (tuple(TOKENS), ("a", "b"))
    assert attnviz.look("The cat", ["a", "b-c"], variant="cross").key_labels == ("a", "b-c")


def test_other_functions_take_tokens_too():
    assert attnviz.explain(["a-b", "c"], cell=("a-b", "c")).cell.query.label == "a-b"
    amap = attnviz.compare(TOKENS, variants=["dot", "hard"])
    assert amap.query_labels == tuple(TOKENS)
    amap = attnviz.compare(TOKENS, other_text=["The", "dog", "sat"])
    assert amap.meta["other_text"] == "The dog sat"


def test_entries_that_could_be_texts_are_stated():
    with pytest.warns(AttnvizWarning, match=r"the 2 entries of text .* look_many takes texts"):
        attnviz.look(["The cat", "a dog"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenizer": "bytes"}, "tokenizer has no effect on a list of tokens"),
        ({"model": "induction"}, "model makes tokens of the text itself"),
    ],
)
def test_options_that_tokens_exclude(options, message):
    with pytest.raises(MisuseError, match=message):
        attnviz.look(TOKENS, **options)


def test_no_token_is_no_text():
    with pytest.raises(MisuseError, match="text is an empty list"):
        attnviz.look([])


def test_an_array_is_a_mask():
    visible = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]], bool)
    amap = attnviz.look("a b c", variant="dot", heads=2, mask=visible)
    assert np.array_equal(amap.weights != 0, np.broadcast_to(visible, amap.shape))
    assert np.array_equal(amap.visible[0, 0], visible)
    for wrong in (visible[:2], visible[None, None], visible[0, 0]):
        with pytest.raises(MisuseError, match=r"does not broadcast|axes"):
            attnviz.look("a b c", mask=wrong)
    with pytest.raises(UnknownParameterError, match="mask of type float64 should be bool"):
        attnviz.look("a b c", mask=visible.astype(float))


def test_tunables_are_keywords():
    amap = attnviz.look("a b c d", variant="sliding-window", window=2)
    stated = attnviz.look("a b c d", variant="sliding-window", tunables={"window": 2})
    assert amap.equals(stated) and amap.meta == stated.meta
    assert amap.title == "sliding-window with window=2"
    made = run("show", "a b c d", "-v", "sliding-window", "--set", "window=2", "-f", "npz")
    assert amap.equals(attnviz.read(made.data))
    assert attnviz.look("a b", variant="dot", mask="window(4)", window=1).weights[0, 0, 1, 0] == 0
    assert attnviz.explain("a b c d", variant="sliding-window", window=2).meta["composed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "sliding-window", "windw": 2}, "Did you mean 'window'"),
        ({"variant": "dot", "window": 2}, "unknown parameter 'window'"),
        ({"model": "induction", "window": 2}, "unknown parameter 'window'"),
        ({"variant": "sliding-window", "window": 2, "tunables": {"window": 3}}, "in tunables too"),
        ({"variant": "sliding-window:window=3", "window": 2}, "sets window too"),
        ({"variant": "sliding-window", "window": "x"}, "window"),
    ],
)
def test_keywords_that_are_no_tunables(options, message):
    with pytest.raises(MisuseError, match=message):
        attnviz.look("a b c d", **options)
