"""Tokens on the page: borders between segments, names of segments, cells of pooled maps."""

from __future__ import annotations

from dataclasses import replace

import pytest

import attnviz
from attnviz.api.look import look
from attnviz.core.tokens import Token
from attnviz.render.page.data_island import map_data
from attnviz.render.page.noscript import noscript_html
from attnviz.render.page.token_data import bin_ranges
from attnviz.render.style import Style
from tests.conftest import make_map


def data_of(amap):
    return map_data(amap, Style(), several=False)


def of_segments(*segments):
    return tuple(
        Token(letter, letter, segment=s) for letter, s in zip("abcdef", segments, strict=False)
    )


def map_of(queries, keys, **meta):
    amap = make_map("a" * len(queries), "a" * len(keys), meta=meta)
    return replace(amap, queries=queries, keys=keys)


def test_borders_are_where_a_segment_begins_on_either_side():
    data = data_of(map_of(of_segments(0, 0, 1), of_segments(0, 1, 1, 2, 0)))
    assert data["borders"] == {"queries": [2], "keys": [1, 3, 4]}
    assert data["border_kind"] == "segments"
    assert data["segments"] == {"0": "segment A", "1": "segment B", "2": "segment C"}
    assert data_of(make_map())["borders"] == {"queries": [], "keys": []}
    assert data_of(make_map())["border_kind"] == ""


def test_the_border_of_a_chat_is_between_turns():
    tokens = of_segments(0, 1, 1)
    data = data_of(map_of(tokens, tokens, roles=["user", "assistant"]))
    assert data["border_kind"] == "turns"
    assert data["segments"] == {"0": "A: user", "1": "B: assistant"}


def test_the_border_of_a_continued_text_is_between_the_prompt_and_what_was_generated():
    amap = look("a b c a", model="induction", generate=2)
    n = len(amap.keys)
    assert amap.meta["generated"] == 2
    data = data_of(amap)
    assert data["borders"] == {"queries": [n - 2], "keys": [n - 2]}
    assert data["border_kind"] == "generated"
    assert data["segments"] == {"0": "A: prompt", "1": "B: generated text"}
    assert "generated" not in look("a b c a", model="induction").meta


@pytest.mark.parametrize("pool", [3, 4, 7])
def test_pooled_cells_name_their_first_and_last_token(pool):
    words = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    amap = look(" ".join(words), variant="causal", pool=pool)
    data = data_of(amap)
    for side in ("queries", "keys"):
        for (first, last), label in zip(data["ranges"][side], data["shown"][side], strict=True):
            expected = words[first] if first == last else f"{words[first]}…{words[last]}"
            assert label == expected
    assert data["ranges"]["keys"][-1][1] == 9
    assert data_of(make_map())["ranges"] is None


@pytest.mark.parametrize(
    "pooled",
    [
        "",
        "something else",
        "a cell of 0 queries × 9 keys shows x; 5 × 5 tokens in all",
        "a cell of 1 queries × 1 keys shows x; 5 × 99999999999999999999 tokens in all",
        7,
    ],
)
def test_a_description_of_cells_that_does_not_fit_gives_no_ranges(pooled):
    assert data_of(make_map(meta={"pooled": pooled}))["ranges"] is None


def test_bins_cover_all_tokens():
    assert bin_ranges(7, 3, 3) == [(0, 2), (3, 5), (6, 6)]
    assert bin_ranges(7, 3, 2) == bin_ranges(7, 0, 3) == []


def test_layers_of_a_watched_program_are_named_by_their_modules():
    modules = ["encoder.layer.0.self", "encoder.layer.1.<self>", "encoder.layer.2.self"]
    amap = make_map(n_layer=3, meta={"modules": modules})
    data = data_of(amap)
    assert data["layer_names"] == modules
    assert data["lists"]["layer"][1] == (1, "layer 1: encoder.layer.1.<self>")
    assert data_of(amap.select(layers=[2]))["layer_names"] == modules[2:]


@pytest.mark.parametrize("modules", [None, "abc", ["a"], [1, 2, 3], 7])
def test_other_maps_name_layers_by_their_numbers(modules):
    data = data_of(make_map(n_layer=3, meta={"modules": modules}))
    assert data["layer_names"] is None
    assert data["lists"]["layer"][0] == (0, "layer 0")


def test_a_reduced_map_is_named_by_its_reduction():
    """The headline of the page is the name of the layer and of the head."""
    data = data_of(attnviz.reduce(make_map(n_layer=3, n_head=2), "layers:rollout"))
    assert data["lists"]["layer"] == [(0, "rollout of 3 layers")]
    assert data["head_names"] == ["mean of 2 heads"]


def test_without_scripts_tokens_have_their_labels():
    tokens = (Token("ĠThe", "The"), Token("Ġcat", "cat"))
    drawing = noscript_html(replace(make_map("ab"), queries=tokens, keys=tokens), Style())
    assert drawing.count(">The<") >= 2 and "Ġ" not in drawing
