"""Grammar of parts: its meaning, round trips, and errors that point at the character."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.core.compose.compose import compose
from attnviz.core.compose.grammar import parse_biases, parse_mask, parse_part
from attnviz.core.grid import Grid
from attnviz.core.registry import SLOTS, parts_for
from attnviz.errors import AttnvizError, GrammarError, MisuseError

GRID = Grid.of(1, 7, 7)
Q, K = np.indices((7, 7))


def visible(text):
    return np.broadcast_to(parse_mask(text)(GRID), (1, 7, 7))[0]


@pytest.mark.parametrize(
    ("text", "as_numpy"),
    [
        ("causal", np.tril(np.ones((7, 7), bool))),
        ("~causal", ~np.tril(np.ones((7, 7), bool))),
        (
            "causal & window(2)",
            np.tril(np.ones((7, 7), bool)) & np.triu(np.ones((7, 7), bool), -1),
        ),
        ("window(1) | ~full", np.eye(7, dtype=bool)),
        ("~(causal | window(9))", np.zeros((7, 7), bool)),
        ("full & ~ ( causal & full )", ~np.tril(np.ones((7, 7), bool))),
        ("window(1) | causal & window(2)", np.tril(np.triu(np.ones((7, 7), bool), -1))),
        ("global(2)", (Q < 2) | (K < 2)),
        ("sinks(2)", K < 2),
        ("prefix(3)", K < 3),
        ("diagonal", Q == K),
        ("dilated(2, 2)", np.isin(Q - K, (-2, 0, 2))),
        ("same-block(3)", Q // 3 == K // 3),
        ("block-causal(3)", K // 3 <= Q // 3),
        ("neighborhood(3)", np.abs(np.clip(Q, 1, 5) - K) <= 1),
    ],
)
def test_masks_equal_their_numpy_expression(text, as_numpy):
    assert (visible(text) == as_numpy).all()


@pytest.mark.parametrize(
    "text", ["causal & window(4)", "causal | ~window(3)", "~(causal | padding) & full"]
)
def test_the_text_of_a_mask_parses_to_the_same_text(text):
    assert str(parse_mask(text)) == text


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("causal & windw(4)", 10, "Did you mean 'window'"),
        ("causal & (window(4)", 20, r"expected '\)'"),
        ("window(0)", 1, "window=0 should be at least 1"),
        ("window(1,2)", 10, "takes 1 value"),
        ("window(size=3)", 8, "has no tunable 'size'; its tunables: window"),
        ("window(x)", 8, "should be a whole number"),
        ("window(1e999)", 8, "should be a whole number"),
        ("causal(middle)", 1, "should be last or first"),
        ("", 1, "expected the name of a mask"),
        ("causal causal", 8, "unexpected text; masks are joined by & or"),
        ("causal; import os", 7, "unexpected text; masks are joined by & or"),
        ("__import__('os')", 1, "expected the name of a mask"),
        ("~" * 100 + "causal", 52, "levels deep"),
        ("(" * 100 + "causal" + ")" * 100, 52, "levels deep"),
    ],
)
def test_errors_point_at_the_character(text, at, message):
    with pytest.raises(GrammarError, match=rf"character {at}: .*{message}"):
        parse_mask(text)


def test_a_long_expression_is_an_error():
    with pytest.raises(GrammarError, match="1000 are allowed"):
        parse_mask("full & " * 1000 + "full")


@given(st.text(alphabet="causlwindo()&|~+,=0123456789. -\x1b\n", max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_is_an_error(text):
    try:
        parse_mask(text)
    except AttnvizError as error:
        assert "\x1b" not in str(error)


def test_biases_keep_their_order():
    assert [str(part) for part in parse_biases("alibi + softcap(cap=5)")] == [
        "alibi",
        "softcap(5)",
    ]


@pytest.mark.parametrize("slot", SLOTS)
def test_every_part_parses_from_its_name_and_its_text(slot):
    for kind in parts_for(slot):
        part = kind()
        assert type(parse_part(slot, kind.name)) is kind
        if slot != "heads":
            assert parse_part(slot, str(part)) == part


@pytest.mark.parametrize("slot", SLOTS)
def test_names_of_parts_are_unique_in_their_slot(slot):
    names = [name for kind in parts_for(slot) for name in (kind.name, *kind.aliases)]
    assert len(names) == len(set(names))


def test_composition_combines_masks_and_replaces_other_parts():
    row = compose("causal", mask="window(2)", score="additive", scale="unscaled", softcap=5)
    assert row.pipeline == (
        "sinusoidal(10000) → additive → softcap(5) → causal & window(2) → softmax, 1 head"
    )


def test_a_value_outside_the_limits_is_an_error():
    with pytest.raises(MisuseError, match="temperature=0 should be at least"):
        compose("dot", temperature=0)
    with pytest.raises(MisuseError, match="kv_heads=3 does not divide heads=4 evenly"):
        compose("multihead", tunables={"kv_heads": 3})
