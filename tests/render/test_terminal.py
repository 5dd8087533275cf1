"""Tables in the terminal: exact text, values, marks, wrapping, escaping."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.render.formats import find_format
from attnviz.render.style import Style
from attnviz.render.terminal import table
from attnviz.render.views import VIEWS
from tests.conftest import HOSTILE, make_map
from tests.render.consoles import console, printed
from tests.render.test_labels import ANY, harmless

GOLDEN = Path(__file__).with_name("golden")
META = {"variant": "scaled-dot", "algebra": "dot → root-d → softmax, 3 heads"}
UNTRAINED = {**META, "trained": False, "seed": 0}


def of(weights, keys=None, **more):
    """A map of one head with these weights, its queries a, b, c…"""
    weights = np.asarray(weights, dtype=np.float64)
    n_query, n_key = weights.shape
    return AttentionMap(
        queries=tuple(map(Token.of, "abcdefghij"[:n_query])),
        keys=tuple(map(Token.of, keys or "abcdefghij"[:n_key])),
        weights=weights[None, None],
        **more,
    )


def rows(text):
    """The lines of each table: the one with the keys, and those with numbers."""
    found = []
    for line in text.splitlines():
        if line.startswith("queries"):
            found.append([line])
        elif found and re.search(r"( ·| [-+]?\d\S*)$", line) and not line.startswith("scale"):
            found[-1].append(line)
    return found


def values(text):
    """The numbers of the first table, as printed."""
    return [line.split()[1:] for line in rows(text)[0][1:]]


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_exact_text(width):
    amap = make_map(("The", "cat", "sat", "still"), n_head=3, meta=UNTRAINED)
    captions = {(0, 0): "max weight sat → cat 0.53 · mean entropy 1.71 of 2.00 bits"}
    expect = (GOLDEN / f"table_{width}.txt").read_text(encoding="utf-8")
    assert printed(amap, width, captions=captions) == expect


@pytest.mark.parametrize("colour", [None, "standard", "256", "truecolor"])
def test_every_number_is_the_weight_of_its_cell(colour):
    amap = make_map(n_head=1)
    bare = re.sub(r"\x1b\[[\d;]*m", "", printed(amap, colour=colour))
    shown = np.array(values(bare), dtype=float)
    assert np.abs(shown - amap.weights[0, 0]).max() <= 0.005 + 1e-9


def test_two_sequences_have_their_own_labels():
    amap = make_map(("The", "cat"), ("Le", "chat", "est"), n_head=1)
    head, *body = rows(printed(amap))[0]
    assert head.split() == ["queries", "Le", "chat", "est"]
    assert [line.split()[0] for line in body] == ["The", "cat"]


def test_masked_zero_and_almost_zero_are_distinct():
    amap = of(
        [[1.0, 0.0, 0.0], [0.999, 0.0, 0.001], [0.5, 0.5, 0.0]],
        visible=np.array([[1, 1, 0], [1, 1, 1], [1, 1, 0]], bool),
    )
    text = printed(amap)
    assert values(text) == [["1.00", "0", "·"], ["1.00", "0", "0.00"], ["0.50", "0.50", "·"]]
    assert "· masked" in text and "0 = exact zero" in text


def test_marks_that_do_not_occur_are_not_explained():
    text = printed(make_map())
    assert "masked" not in text and "exact zero" not in text


def test_signed_weights_print_their_signs_where_they_have_digits():
    amap = of([[0.25, -0.5], [-0.0004, 0.125]], meta={"row_sum": "any"})
    text = printed(amap)
    assert values(text) == [["+0.25", "-0.50", "-0.25"], ["0.00", "+0.12", "+0.12"]]
    assert "scale -0.5 to +0.5" in text


def test_weight_on_none_of_the_keys_has_a_column():
    amap = of([[0.25, 0.25], [0.5, 0.5]], meta={"row_sum": "at most 1"})
    text = printed(amap)
    assert rows(text)[0][0].split() == ["queries", "a", "b", "∅"]
    assert values(text) == [["0.25", "0.25", "0.50"], ["0.50", "0.50", "0.00"]]
    assert "∅ = weight on none of these keys" in text


@pytest.mark.parametrize("row_sum", ["any", "1"])
def test_rows_that_do_not_sum_to_one_show_their_sums(row_sum):
    amap = of([[2.0, 0.25], [0.5, 0.5]], meta={"row_sum": row_sum})
    assert [row[-1] for row in values(printed(amap))] == ["2.25", "1.00"]
    assert "Σ" in printed(amap)


def test_rows_that_sum_to_one_need_no_column():
    hidden = np.array([[True, True], [False, False]])
    text = printed(of([[0.5, 0.5], [0.0, 0.0]], visible=hidden))
    assert "Σ" not in text and "∅" not in text
    assert values(text)[1] == ["·", "·"]


def test_heads_are_side_by_side_and_complete():
    amap = make_map(n_layer=2, n_head=3)
    for width in (30, 60, 80, 160):
        text = printed(amap, width)
        names = re.findall(r"layer \d · head \d", text)
        assert sorted(names) == sorted({f"layer {i} · head {j}" for i in (0, 1) for j in range(3)})
        assert max(map(cell_len, text.splitlines())) <= width
    assert "head 0" in text.splitlines()[3] and "head 2" in text.splitlines()[3]


def test_heads_keep_their_original_numbers():
    amap = make_map(n_head=2, layers=(7,), heads=(3, 11))
    assert re.findall(r"layer \d+ · head \d+", printed(amap)) == [
        "layer 7 · head 3",
        "layer 7 · head 11",
    ]


def test_more_keys_than_the_width_are_split_into_bands():
    amap = make_map([f"t{i}" for i in range(24)], n_head=1)
    text = printed(amap, 60)
    tables = rows(text)
    assert "keys 0–7 of 24 →" in text and "keys 16–23 of 24 →" in text
    keys = [key for band in tables for key in band[0].split()[1:]]
    assert keys == [t.label for t in amap.keys]
    for band in tables:
        assert [line.split()[0] for line in band[1:]] == [t.label for t in amap.queries]


def test_long_labels_are_truncated_with_an_ellipsis():
    head, body = rows(printed(of([[1.0]], keys=["attentionmechanisms"]), 40))[0]
    assert head.split() == ["queries", "attentionme…"]
    assert cell_len(head) == cell_len(body)


@pytest.mark.parametrize(
    ("weight", "shown"),
    [(1.0, "1.00"), (0.05, "0.050"), (0.0012, "1.2e-03"), (54321.0, "5.4e+04"), (123.4, "123.40")],
)
def test_small_and_large_weights_can_be_read(weight, shown):
    assert values(printed(of([[weight]], meta={"row_sum": "any"})))[0][0] == shown


def test_precision_is_a_number_of_decimals():
    assert values(printed(of([[0.25, 0.75]]), precision=4)) == [["0.2500", "0.7500"]]


def test_the_heading_names_map_and_pipeline():
    text = printed(make_map(meta=META), 40, title="My [bold]title[/] :cat:")
    assert text.startswith("My [bold]title[/] :cat:\ndot → root-d → softmax, 3 heads\n")
    assert "rows = queries, columns = keys" in text


def test_a_single_token_has_a_table():
    assert values(printed(of([[1.0]]))) == [["1.00"]]


def test_ascii_is_enough():
    visible = np.array([[True, False], [True, True]])
    amap = of([[1.0, 0.0], [0.5, 0.25]], ["é", "中"], visible=visible, meta=META)
    text = printed(amap, ascii=True)
    assert text.isascii()
    assert values(text)[0][:2] == ["1.00", "."]
    assert "\\xe9" in text and ". masked" in text


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
@pytest.mark.parametrize("n_token", [3, 30])
def test_a_stream_that_takes_ascii_only_gets_ascii(view, n_token):
    kept = io.BytesIO()
    stream = io.TextIOWrapper(kept, encoding="ascii")
    amap = make_map(["é"] * n_token, n_head=1, meta=META)
    Console(file=stream, width=80, height=30).print(table(amap, Style(view=view)))
    stream.flush()
    assert b"dot -> root-d -> softmax" in kept.getvalue()


def test_the_natural_width_of_a_head():
    amap = make_map([f"t{i}" for i in range(24)], n_head=2)
    out = console(80)
    picture = table(amap, Style())
    natural = out.measure(picture, options=out.options.update(max_width=10_000)).maximum
    assert len(rows(printed(amap, natural))) == 2
    assert len(rows(printed(amap, natural - 1))) > 2


def test_the_table_of_formats_has_this_renderer():
    amap = make_map()
    assert find_format("table").render(amap) == table(amap, Style())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ANY, min_size=1, max_size=3),
    st.lists(ANY, min_size=1, max_size=3),
    st.integers(24, 100),
    st.sampled_from([view.name for view in VIEWS]),
    st.booleans(),
)
def test_every_token_can_be_drawn(queries, keys, width, view, ascii_only):
    text = printed(make_map(queries, keys, n_head=1), width, view=view, ascii=ascii_only)
    assert harmless(text.replace("\n", ""))
    assert text.isascii() or not ascii_only
    text.encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ANY, min_size=1, max_size=3),
    st.lists(ANY, min_size=1, max_size=3),
    st.integers(24, 100),
)
def test_every_row_of_a_table_is_as_wide_as_the_others(queries, keys, width):
    text = printed(make_map(queries, keys, n_head=1), width)
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("queries"))
    body = lines[start : start + 1 + len(queries)]
    assert len({cell_len(line) for line in body}) == 1


def test_hostile_tokens_fit_in_one_table():
    text = printed(make_map(HOSTILE[:24], n_head=1), 160)
    assert harmless(text.replace("\n", ""))
    assert "[red]bold[/b]" in text and ":cat:" in text and "␛[31mESC␛[0m" in text


@pytest.mark.parametrize(
    ("style", "error", "says"),
    [
        ({"view": "matrx"}, UnknownNameError, "Did you mean 'matrix'"),
        ({"palette": "viridus"}, UnknownNameError, "Did you mean 'viridis'"),
        ({"query": 3}, MisuseError, "query 3 is out of range; the map has queries 0 to 2"),
        ({"query": -1}, MisuseError, "query -1 is out of range"),
    ],
    ids=str,
)
def test_invalid_options_are_refused_at_once(style, error, says):
    with pytest.raises(error, match=says):
        table(make_map(), Style(**style))
