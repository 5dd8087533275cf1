"""Block maps: positions and colors of the weights, masked cells, pooling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.cell_pooling import Pool
from attnviz.render.colors import ColorScale
from attnviz.render.terminal.cell_colors import BARS, LETTERS, SHADES, GlyphRamp
from tests.conftest import make_map
from tests.render.consoles import printed, segments


def tokens(n):
    return tuple(Token.of(f"t{i}") for i in range(n))


def square(n, hot=(), **more):
    """A map of n tokens that is 0.25 everywhere, and 1 where it is hot."""
    weights = np.full((1, 1, n, n), 0.25)
    for q, k in hot:
        weights[0, 0, q, k] = 1.0
    return AttentionMap(tokens(n), tokens(n), weights, meta={"row_sum": "any"}, **more)


def body(text):
    """The lines with cells: those that begin with a position."""
    return [line for line in text.splitlines() if line.lstrip()[:1].isdigit()]


@pytest.mark.parametrize(("n_token", "numbers"), [(24, True), (25, False)])
def test_blocks_are_the_default_above_24_tokens(n_token, numbers):
    text = printed(make_map([f"t{i}" for i in range(n_token)], n_head=1), 160)
    assert text.splitlines()[5].startswith("queries") == numbers


@pytest.mark.parametrize(("n_token", "annotate"), [(5, False), (26, True)])
def test_annotate_chooses_numbers_or_blocks(n_token, annotate):
    text = printed(make_map(["t"] * n_token, n_head=1), 200, annotate=annotate)
    assert ("0.0" in text.partition("scale")[0]) == annotate


def test_a_long_other_side_is_enough_for_blocks():
    assert "queries  " not in printed(make_map("ab", "x" * 30, n_head=1))


def read_back(lines, n_row):
    """Colours of the half blocks, row by row; None where a cell has none."""
    found = []
    for gutter, *cells in filter(None, lines):
        if gutter.text.lstrip()[:1].isdigit():
            glyphs = [(glyph, cell.style) for cell in cells for glyph in cell.text]
            found.append([look.color if glyph == "▀" else None for glyph, look in glyphs])
            found.append([look.color if glyph == "▄" else look.bgcolor for glyph, look in glyphs])
    return [[c and tuple(c.get_truecolor()) for c in row] for row in found[:n_row]]


def test_half_blocks_have_the_colours_of_both_their_weights():
    rng = np.random.Generator(np.random.PCG64(3))
    weights = rng.random((1, 1, 27, 27))
    amap = AttentionMap(tokens(27), tokens(27), weights, meta={"row_sum": "any"})
    scale = ColorScale.of(weights)
    expect = scale.palette.rgb[scale.levels(weights[0, 0]) // 4 * 4]
    shown = np.array(read_back(segments(amap), 27))
    assert (shown == expect).all()


def test_half_blocks_leave_masked_cells_uncolored():
    visible = np.tril(np.ones((26, 26), bool))
    weights = np.where(visible, 0.5, 0.0)[None, None]
    amap = AttentionMap(tokens(26), tokens(26), weights, visible, meta={"row_sum": "any"})
    shown = read_back(segments(amap), 26)
    assert (np.array([[c is not None for c in row] for row in shown]) == visible).all()


@pytest.mark.parametrize("ascii_only", [False, True])
def test_glyphs_are_at_the_positions_of_their_weights(ascii_only):
    text = printed(square(30, hot=[(3, 7), (29, 0)]), ascii=ascii_only)
    cells = np.array([list(line[7:]) for line in body(text)])[:, ::2]  # two glyphs a weight
    most = "@" if ascii_only else "█"
    assert list(zip(*np.nonzero(cells == most), strict=True)) == [(3, 7), (29, 0)]
    assert text.isascii() == ascii_only


def test_axis_marks_name_their_positions():
    lines = printed(square(40)).splitlines()
    marks = next(line for line in lines if "|0 t0" in line)
    start = marks.index("|0 t0")
    assert marks[start + 12 : start + 24].strip() == "|12 t12"
    assert [line.split()[:2] for line in body("\n".join(lines))] == [
        [str(i), f"t{i}"] for i in range(40)
    ]


def test_masked_and_zero_are_distinct_without_colours():
    weights = np.zeros((1, 1, 25, 25))
    weights[..., 0] = 1.0
    visible = np.tril(np.ones((25, 25), bool))
    text = printed(AttentionMap(tokens(25), tokens(25), weights, visible))
    first = body(text)[0]
    assert first.endswith("··") and "· masked" in text
    assert body(text)[24].rstrip().endswith("██") and "blank = weight < 0.12" in text


def test_bars_mark_an_exact_zero_and_shades_leave_small_weights_blank():
    amap = square(30, hot=[(3, 7)], visible=None)
    weights = amap.weights.copy()
    weights[0, 0, 5] = 0.1
    small = AttentionMap(tokens(30), tokens(30), weights, meta={"row_sum": "any"})
    assert set(body(printed(small))[5][7:].strip()) == set()
    assert "▁" in body(printed(small, view="rows"))[5]


def test_signs_can_be_seen_without_colours():
    weights = np.zeros((1, 1, 25, 25))
    weights[0, 0, 0, 0], weights[0, 0, 1, 0] = 1.0, -1.0
    text = printed(AttentionMap(tokens(25), tokens(25), weights, meta={"row_sum": "any"}))
    assert [line[6:].strip() for line in body(text)[:2]] == ["██", "≡≡"]
    assert "scale -1 ≡=- ░▒▓█ +1" in text


@pytest.mark.parametrize("colour", [None, "standard", "256", "truecolor"])
@pytest.mark.parametrize("width", [60, 80, 160])
def test_300_tokens_fit_and_the_pooling_is_stated(width, colour):
    lines = segments(square(300), width, colour or None)
    assert max(sum(s.cell_length for s in line) for line in lines) <= width
    text = printed(square(300), width)
    size = -(-300 // (width - 9))
    assert f"each cell = max |weight| over {size} queries × {size} keys" in text


def test_pooling_preserves_the_strongest_weight():
    text = printed(square(300, hot=[(123, 217)]), 80, norm="linear")
    assert "".join(body(text)).count("█") == 1


def test_a_map_that_is_not_pooled_has_no_note():
    assert "each cell" not in printed(square(30))


def test_sixteen_colours_are_too_few_for_blocks():
    glyphs = {s.text for line in segments(square(30), colour="standard") for s in line}
    assert not any("▀" in text for text in glyphs)
    assert any("░" in text for text in glyphs)


def test_row_sums_are_stated_where_they_are_not_1():
    assert "rows sum to 7.50" in printed(square(30))


def test_labels_of_any_width_leave_the_columns_in_line():
    names = ["中文", "👩‍👩‍👧‍👦", "x" * 300, "é", "t"] * 6
    labelled = tuple(map(Token.of, names))
    lines = body(printed(replace(square(30), queries=labelled, keys=labelled)))
    assert len({cell_len(line) for line in lines}) == 1


def test_pooling_takes_the_largest_magnitude_with_its_sign():
    weights = np.array([[0.1, -0.7, 0.2], [0.3, 0.0, 0.0]])
    hidden = np.array([[False, False, True], [False, False, True]])
    pooled, unseen = Pool(queries=2, keys=2)(weights, hidden)
    assert pooled.tolist() == [[-0.7, 0.2]]
    assert unseen.tolist() == [[False, True]]


def test_the_note_states_the_pool_size():
    assert Pool().note(is_mask=False) == ""
    assert Pool(keys=3).note(is_mask=False) == "each cell = max |weight| over 3 keys"
    assert Pool(keys=3).note(is_mask=True) == "each cell = any allowed pair over 3 keys"
    assert Pool.to_size(100, 10, rows=30, columns=30) == Pool(4, 1)
    assert Pool.to_size(100, 10, rows=30, columns=30).uniform == Pool(4, 4)


@pytest.mark.parametrize("ramp", [*SHADES, *LETTERS, *BARS], ids=lambda r: r.all_glyphs)
def test_glyphs_are_monotone_and_small_weights_are_blank(ramp: GlyphRamp):
    low = -1.0 if ramp.negative else 0.0
    weights = np.linspace(low, 1.0, 201)
    glyphs = ramp.choose_glyphs(weights, 1.0, np.zeros(201, bool), "x").tolist()
    places = [ramp.all_glyphs.index(g) for g in glyphs]
    assert places == sorted(places)
    blank = [abs(w) for w, g in zip(weights, glyphs, strict=True) if g == " "]
    if ramp.marks_zero:
        assert blank == [0.0]
    else:
        least = min(abs(w) for w, g in zip(weights, glyphs, strict=True) if g != " ")
        assert max(blank) < ramp.blank_below(1.0) <= least <= 1 / 8 + 0.01
    assert set(glyphs) == set(ramp.all_glyphs)


def test_a_cell_is_masked_only_where_all_of_its_pairs_are():
    weights = np.array([[0.0, 0.0], [0.0, 0.5], [0.25, 0.0], [0.0, -0.75]])
    masked = np.array([[1, 1], [1, 0], [0, 1], [1, 0]], dtype=bool)
    pooled, hidden = Pool(queries=2)(weights, masked)
    assert pooled.tolist() == [[0.0, 0.5], [0.25, -0.75]]
    assert hidden.tolist() == [[True, False], [False, False]]
