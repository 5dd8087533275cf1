"""The small language: what is written means what it says, and errors point at the character."""

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


def seen(text):
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
    ],
)
def test_masks_mean_what_they_say(text, as_numpy):
    assert (seen(text) == as_numpy).all()


@pytest.mark.parametrize(
    "text", ["causal & window(4)", "causal | ~window(3)", "~(causal | padding) & full"]
)
def test_a_mask_reads_back_as_it_is_written(text):
    assert str(parse_mask(text)) == text


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("causal & windw(4)", 10, "Did you mean 'window'"),
        ("causal & (window(4)", 20, r"here should be '\)'"),
        ("window(0)", 1, "window=0 should be at least 1"),
        ("window(1,2)", 10, "takes 1 values"),
        ("window(size=3)", 8, "has no field 'size'; it has window"),
        ("window(x)", 8, "should be a whole number"),
        ("window(1e999)", 8, "should be a whole number"),
        ("causal(middle)", 1, "should be last or first"),
        ("", 1, "a mask by name"),
        ("causal causal", 8, "left over"),
        ("causal; import os", 7, "left over"),
        ("__import__('os')", 1, "a mask by name"),
        ("~" * 100 + "causal", 52, "levels deep"),
        ("(" * 100 + "causal" + ")" * 100, 52, "levels deep"),
    ],
)
def test_errors_point_at_the_character(text, at, says):
    with pytest.raises(GrammarError, match=rf"character {at}: .*{says}"):
        parse_mask(text)


def test_what_is_too_long_is_not_read():
    with pytest.raises(GrammarError, match="1000 are allowed"):
        parse_mask("full & " * 1000 + "full")


@given(st.text(alphabet="causlwindo()&|~+,=0123456789. -\x1b\n", max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        parse_mask(text)
    except AttnvizError as error:
        assert "\x1b" not in str(error)


def test_biases_act_in_the_order_in_which_they_are_written():
    assert [str(part) for part in parse_biases("alibi + softcap(cap=5)")] == [
        "alibi",
        "softcap(5)",
    ]


@pytest.mark.parametrize("slot", SLOTS)
def test_every_part_is_read_by_its_name_and_reads_back(slot):
    for kind in parts_for(slot):
        part = kind()
        assert type(parse_part(slot, kind.name)) is kind
        if slot != "heads":
            assert parse_part(slot, str(part)) == part


@pytest.mark.parametrize("slot", SLOTS)
def test_names_of_parts_are_unique_in_their_slot(slot):
    names = [name for kind in parts_for(slot) for name in (kind.name, *kind.aliases)]
    assert len(names) == len(set(names))


def test_composition_adds_masks_and_replaces_the_rest():
    made = compose("causal", mask="window(2)", score="additive", scale="unscaled", softcap=5)
    assert made.algebra == (
        "sinusoidal(10000) → additive → softcap(5) → causal & window(2) → softmax, 1 head"
    )


def test_a_value_out_of_bounds_is_refused():
    with pytest.raises(MisuseError, match="temperature=0 should be at least"):
        compose("dot", temperature=0)
    with pytest.raises(MisuseError, match="kv-heads=3 does not divide heads=4 evenly"):
        compose("multihead", tunables={"kv_heads": 3})
