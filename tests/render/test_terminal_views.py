"""Terminal views: weights of the map, axes and scale in each."""

from __future__ import annotations

import re

import numpy as np
import pytest
from rich.cells import cell_len

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.lookup import normalize_name
from attnviz.render.terminal.lines import DOWN, LEFT, RIGHT, UP, route_links, top_links
from attnviz.render.views import VIEWS, find_view
from tests.conftest import HOSTILE, make_map
from tests.render.consoles import printed

NAMES = [view.name for view in VIEWS]
AXES = re.compile(r"quer(y|ies).*key", re.DOTALL)


def of(rows, **more):
    weights = np.array(rows, dtype=float)[None, None]
    tokens = [tuple(map(Token.of, "abcdefgh"[:n])) for n in weights.shape[-2:]]
    return AttentionMap(*tokens, weights, **more)


@pytest.mark.parametrize("view", NAMES)
@pytest.mark.parametrize("n_token", [1, 3, 40])
@pytest.mark.parametrize("width", [60, 80, 160])
def test_every_view_states_axes_and_scale_and_fits(view, n_token, width):
    amap = make_map([f"t{i}" for i in range(n_token)], n_layer=2, n_head=3)
    text = printed(amap, width, view=view)
    assert AXES.search("\n".join(text.splitlines()[:4]))
    assert re.search(r"^scale 0(–| .*)0\.\d+|^scale 0(–| .* )1", text, re.MULTILINE)
    assert max(map(cell_len, text.splitlines())) <= width
    for head in range(3):
        assert f"head {head}" in text


@pytest.mark.parametrize("view", NAMES)
def test_every_view_shows_hostile_tokens_and_two_sequences(view):
    text = printed(make_map(HOSTILE, ("[/b]", "\x1b[2J"), n_head=1), view=view, colour=None)
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize("view", NAMES)
def test_views_are_found_by_their_names(view):
    assert find_view(view.upper()).name == normalize_name(view)


def test_many_heads_are_an_overview():
    few, many = make_map(n_layer=4, n_head=4), make_map(n_layer=4, n_head=5)
    assert "queries  " in printed(few)
    assert printed(many) == printed(many, view="overview") != printed(many, view="matrix")


def test_an_overview_has_a_thumbnail_for_every_head():
    weights = np.zeros((2, 12, 4, 4))
    weights[..., 0] = 1.0
    tokens = tuple(map(Token.of, "abcd"))
    amap = AttentionMap(tokens, tokens, weights, layers=(3, 9))
    text = printed(amap, 80, view="overview")
    assert text[: text.index("scale")].count("█") == 2 * 12 * 4
    assert re.findall(r"head \d+", text) == [f"head {i}" for i in range(12)]
    assert text.count("layer 9") == text.count("layer 3") == 2  # heads go on below


def test_an_overview_states_its_pool_size():
    text = printed(make_map(["t"] * 64, n_head=12, n_layer=2), 160)
    assert re.search(r"max \|weight\| over \d+ queries × \d+ keys", text)


def test_text_shows_the_weights_of_the_requested_query():
    amap = of([[0.25, 0.75], [0.5, 0.5]])
    assert "attention from query 0 (a) to each key" in printed(amap, view="text", query=0)
    assert "a    b\n0.25 0.75\n" in printed(amap, view="text", query=0)
    assert "a    b\n0.50 0.50\n" in printed(amap, view="text")


def test_text_shows_masked_tokens_without_a_number():
    amap = of([[1.0, 0.0, 0.0]], visible=np.array([[True, True, False]]))
    assert "a    b c\n1.00 0 ·\n" in printed(amap, view="text")


def test_text_is_wrapped():
    amap = make_map([f"word{i}" for i in range(40)], n_head=1)
    text = printed(amap, 60, view="text")
    assert re.findall(r"word\d+", text)[1:] == [t.label for t in amap.keys]


def test_rows_name_the_strongest_key_of_each_query():
    visible = np.array(
        [[True, True, True], [True, True, True], [False, False, False], [True, False, False]]
    )
    amap = of([[0.1, 0.9, 0.0], [0.6, 0.4, 0.0], [0.0] * 3, [0.0] * 3], visible=visible)
    lines = printed(amap, view="rows").splitlines()
    assert [line for line in lines if re.match(r"\d [a-d] ", line)] == [
        "0 a ▁█   → b 0.90",
        "1 b ▅▄   → a 0.60",
        "2 c ···  all masked",
        "3 d  ··  all zero",
    ]


def test_rows_of_signed_weights_and_of_several_heads_have_one_scale():
    lines = printed(of([[0.25, -1.0], [0.5, 0.0]]), view="rows").splitlines()
    strongest = [line.split("→ ")[1] for line in lines if re.match(r"\d [ab] .*→", line)]
    assert strongest == ["b -1.00", "a +0.50"]
    tokens = tuple(map(Token.of, "ab"))
    heads = np.array([[[[1.0, 0.0], [0.5, 0.5]], [[0.25, 0.0], [0.0, 0.25]]]])
    lines = printed(AttentionMap(tokens, tokens, heads), view="rows").splitlines()
    assert [line for line in lines if re.match(r"\d [ab] ", line)] == [
        "0 a █   → a 1.00   0 a ▂   → a 0.25",
        "1 b ▄▄  → a 0.50   1 b  ▂  → b 0.25",
    ]


def test_links_are_the_strongest_visible_ones():
    weights = np.array([[0.1, -0.9], [0.0, 0.5]])
    hidden = np.array([[False, False], [False, False]])
    links = [(k.query, k.key) for k in top_links(weights, hidden, 4)]
    assert links == [(0, 1), (1, 1), (0, 0)]
    hidden[0, 1] = True
    assert [(k.query, k.key) for k in top_links(weights, hidden, 1)] == [(1, 1)]


def test_of_equal_links_the_first_are_taken():
    links = top_links(np.full((3, 3), 0.5), np.zeros((3, 3), bool), 4)
    assert [(k.query, k.key) for k in links] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert top_links(np.zeros((2, 2)), np.zeros((2, 2), bool), 3) == []


STEPS = {LEFT: (0, -1), RIGHT: (0, 1), UP: (-1, 0), DOWN: (1, 0)}
BACK = {LEFT: RIGHT, RIGHT: LEFT, UP: DOWN, DOWN: UP}


def joined_up(grid):
    """Whether every line that leaves a cell enters the one it leads to."""
    for row, line in enumerate(grid):
        for column, directions in enumerate(line):
            for way, (down, right) in STEPS.items():
                at = row + down, column + right
                inside = 0 <= at[0] < len(grid) and 0 <= at[1] < len(line)
                if directions & way and inside and not grid[at[0]][at[1]] & BACK[way]:
                    return False
    return True


def test_every_line_connects_its_query_and_its_key():
    ways = [(0, 5), (0, 1), (4, 1), (2, 5)]
    grid = route_links(ways, 6)
    assert joined_up(grid)
    for lane, (start, stop) in enumerate(ways):
        column = 2 * lane + 1
        vertical = [r for r in range(6) if grid[r][column] & (UP | DOWN)]
        assert vertical == list(range(min(start, stop), max(start, stop) + 1))
    grid[3][1] = 0
    assert not joined_up(grid)


def test_lines_show_the_links_and_their_weights():
    amap = of([[0.0, 1.0], [0.75, 0.25]])
    assert printed(amap, view="lines").splitlines()[4:8] == [
        "0 a ─╮",
        "     │   ╭─→ 0 a  0.75 from 1",
        "1 b ─┼─┬─╯",
        "     ╰─┴───→ 1 b  1.00 from 0  0.25 from 1",
    ]


def test_lines_state_the_number_of_hidden_links():
    amap = of([[1.0, 0.0]] * 8, meta={"row_sum": "any"})
    assert re.search(r"from 0 .* \+[2-7]$", printed(amap, 60, view="lines"), re.MULTILINE)


def test_lines_in_ascii():
    text = printed(of([[0.0, 1.0], [1.0, 0.0]]), view="lines", ascii=True)
    assert text.isascii() and "-> 0 a  1.00 from 1" in text
