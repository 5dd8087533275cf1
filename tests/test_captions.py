"""Captions: one line per head, whatever its rows sum to."""

from dataclasses import replace

import numpy as np
import pytest

from attnviz.api.captions import make_captions, make_row_captions
from attnviz.api.compare_maps import compare_maps
from attnviz.api.diff import diff
from attnviz.api.diff import make_captions as diff_captions
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import (
    ComparedHead,
    compared_heads,
    comparison_meta,
    without_divergence,
)
from attnviz.core.tokens import Token
from tests.cli.runner import run

WORDS = tuple(map(Token.of, ("The", "\x1bcat")))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0.9, 0.1], [0.5, 0.5]], "max weight The → The 0.90 · mean entropy 0.73 of 1.00 bits"),
        ([[0.0, 0.0], [0.0, 1.0]], "max weight ␛cat → ␛cat 1.00 · mean entropy 0.00 of 1.00 bits"),
        (
            [[0.9, 0.8], [0.1, 0.2]],
            "max weight The → The 0.90",
        ),  # gates: rows are not distributions
        ([[0.5, -0.75], [0.0, 0.0]], "max |weight| The → ␛cat -0.75"),
        ([[0.0, 0.0], [0.0, 0.0]], "no attention"),
    ],
)
def test_captions_are_true(rows, expected):
    amap = AttentionMap(WORDS, WORDS, np.array([[rows]]), layers=(3,), heads=(5,))
    assert make_captions(amap) == {(3, 5): expected}


SMALL = np.array([[[[1e-4, 0.0], [0.0, -2e-5]]]])


def test_a_small_value_does_not_read_as_zero():
    """Weights, changes, divergences and entropies: in captions, titles and messages."""
    words = tuple(map(Token.of, ("a", "b")))
    tiny = AttentionMap(words, words, abs(SMALL))
    assert make_captions(tiny)[0, 0].startswith(
        "max weight b → b < 0.01 · mean entropy < 0.01 of "
    )
    change = AttentionMap(words, words, SMALL, meta={"source": "difference"})
    assert make_captions(change)[0, 0] == "max change b → b > -0.01"
    assert diff_captions(change, {})[0, 0].endswith("largest decrease b → b > -0.01")
    assert make_row_captions(change, 0)[0, 0] == "max change a → a < 0.01"
    first = AttentionMap(words, words, np.array([[[[0.5, 0.5], [0.4, 0.6]]]]))
    near = replace(first, weights=first.weights + np.array([[1e-3, -1e-3], [0, 0]]))
    joined = compare_maps({"first": first, "near": near})
    assert joined.names[2] == "near − first · JS < 0.001 bits"
    assert without_divergence(joined).names[2] == "near − first"
    found = diff(first, near, max_js=1e-9)
    assert found.amap.meta["divergence"][0][0] > 0
    assert diff_captions(found.amap, {})[0, 0].startswith(
        "JS < 0.001 bits · of one row up to < 0.001"
    )
    same = compare_maps({"first": first, "same": first})
    assert same.names[2] == "same − first · JS 0.000 bits"


def test_captions_of_differences_are_about_changes():
    amap = AttentionMap(
        WORDS, WORDS, np.array([[[[0.5, -0.75], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    )
    expected = {(0, 0): "max change The → ␛cat -0.75", (0, 1): "identical"}
    assert make_captions(replace(amap, meta={"source": "difference"})) == expected
    heads = [ComparedHead("b − a", "difference", head) for head in (0, 1)]
    assert make_captions(replace(amap, meta=comparison_meta(heads))) == expected
    heads[1] = ComparedHead("a", "original", 0)
    assert make_captions(replace(amap, meta=comparison_meta(heads)))[0, 1] == "no attention"


@pytest.mark.parametrize(
    "entries",
    [3, [], [{}, {}], [{"name": "a", "kind": "x", "head": 0}] * 2, [{"name": 1}, None]],
)
def test_invalid_metadata_of_a_comparison_is_ignored(entries):
    amap = AttentionMap(WORDS, WORDS, np.zeros((1, 2, 2, 2)), meta={"comparison": entries})
    assert compared_heads(amap) == ()
    assert set(make_captions(amap).values()) == {"no attention"}


def test_repeated_words_have_their_position():
    words = tuple(map(Token.of, ("the", "cat", "the")))
    weights = np.array([[[[0.2, 0.1, 0.7], [0.6, 0.2, 0.2], [0.5, 0.2, 0.3]]]])
    amap = AttentionMap(words, words, weights)
    assert make_captions(amap)[0, 0].startswith("max weight the (0) → the (2) 0.70")
    assert make_row_captions(amap, 1)[0, 0].startswith("max weight cat → the (0) 0.60")


def test_captions_of_a_row():
    rows = [[0.25, 0.75], [1.0, 0.0]]
    amap = AttentionMap(WORDS, WORDS, np.array([[rows, [[0.0, 0.0], [0.0, 1.0]]]]))
    assert make_row_captions(amap, 0) == {
        (0, 0): "max weight The → ␛cat 0.75 · entropy 0.81 of 1.00 bits",
        (0, 1): "no attention",
    }
    signed = AttentionMap(WORDS, WORDS, np.array([[[[0.5, -0.75], [0.0, 0.0]]]]))
    assert make_row_captions(signed, 0) == {(0, 0): "max |weight| The → ␛cat -0.75"}
    change = replace(signed, meta={"source": "difference"})
    assert make_row_captions(change, 0) == {(0, 0): "max change The → ␛cat -0.75"}
    assert make_row_captions(change, 1) == {(0, 0): "identical"}
    for meta in ({"source": "mask"}, {"pooled": "to 2 × 2"}):
        assert make_row_captions(replace(amap, meta=meta), 0) == {}


@pytest.mark.parametrize("output", ["svg", "html", "table", "heads"])
def test_the_same_link_in_every_output(output, tmp_path):
    words = ("the cat sat on the mat", "-v", "causal", "--heads", "2")
    out = tmp_path / f"heads.{output}"
    if output in ("svg", "html"):
        assert run(*words, "-o", str(out)).status == 0
        made = out.read_text(encoding="utf-8").replace("\\u2192", "→")
    else:
        made = run(*(["heads"] if output == "heads" else []), *words, width=160).out
    for link in ("cat → cat 0.77", "cat → the (0) 0.66"):
        assert link in made


@pytest.mark.parametrize("ending", ["svg", "table"])
def test_the_text_view_is_about_its_row(ending, tmp_path):
    words, out = ("the cat sat", "--query", "cat", "--heads", "2"), tmp_path / "text.svg"
    made = run(*words, *(["-o", str(out)] if ending == "svg" else []), width=160).out
    made = out.read_text(encoding="utf-8") if ending == "svg" else made
    assert "max weight cat → cat 0.49 · entropy 1.45 of 1.58 bits" in made
    assert "mean entropy" not in made
