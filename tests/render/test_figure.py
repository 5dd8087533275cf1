"""The matrix view: colors, limits, labels and values are those of the map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.render.colors import PALETTES, ColorScale, luminance
from attnviz.render.style import Style
from tests.conftest import make_map
from tests.render.pictures import SENTENCE, bar, drawn, heads, numbers, pixels, spread, words


def test_every_head_is_a_panel_in_the_colours_of_one_scale():
    amap = spread(SENTENCE, n_head=8)
    scale = ColorScale.of(amap.weights)
    panels = heads(drawn(amap))
    assert [axes.get_title(loc="left") for axes in panels] == [f"head {n}" for n in range(8)]
    for axes, weights in zip(panels, amap.weights[0], strict=True):
        assert np.array_equal(pixels(axes), scale.rgb(weights))
        assert axes.get_ylim() == (11.5, -0.5)


def test_panels_have_the_original_numbers_of_layers_and_heads():
    amap = spread(SENTENCE[:3], n_layer=4, n_head=5).select(layers=[1, 3], heads=[4])
    titles = [axes.get_title(loc="left") for axes in heads(drawn(amap, view="matrix"))]
    assert titles == ["layer 1 · head 4", "layer 3 · head 4"]


def test_heads_that_have_names_are_called_by_them():
    amap = replace(spread(SENTENCE), names=("softmax", "sparsemax − softmax"))
    titles = [axes.get_title(loc="left") for axes in heads(drawn(amap))]
    assert titles == ["softmax", "sparsemax − softmax"]


def test_headings_are_short_where_panels_are_narrow():
    amap = spread(SENTENCE[:4], n_layer=2, n_head=9)
    made = drawn(amap, view="matrix", size=(8, 4))
    titles = [axes.get_title(loc="left") for axes in heads(made)]
    assert titles[:2] == ["L0 H0", "L0 H1"]


def test_the_colour_bar_states_the_limits():
    amap = spread(SENTENCE, n_head=3)
    scale = bar(drawn(amap))
    assert scale.get_ylim() == pytest.approx((0.0, amap.weights.max()))
    ticks = [text.get_text() for text in scale.get_yticklabels()]
    assert ticks[0] == "0"
    assert ticks[-1] == f"{amap.weights.max():.3g}"
    assert scale.get_ylabel() == "weight, all heads"


def test_rows_are_queries_and_columns_are_keys():
    made = drawn(spread(("Le", "chat"), ("The", "cat", "sat"), n_head=1))
    (axes,) = heads(made)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Le", "chat"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["The", "cat", "sat"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("query", "key")
    assert pixels(axes).shape == (2, 3, 3)


def test_names_are_at_the_outer_edges_only():
    panels = heads(drawn(spread(SENTENCE, n_head=8)))
    named = [bool(axes.get_ylabel()) for axes in panels]
    assert named == [True, False, False, False] * 2
    assert [bool(axes.get_xlabel()) for axes in panels] == [False] * 4 + [True] * 4


def test_a_panel_with_nothing_below_it_names_its_keys():
    panels = heads(drawn(spread(SENTENCE, n_head=5), size=(9, 6)))
    assert [bool(axes.get_ylabel()) for axes in panels] == [True, False, False, True, False]
    assert [bool(axes.get_xlabel()) for axes in panels] == [False, False, True, True, True]


@pytest.mark.parametrize(("n_token", "every"), [(1, 1), (12, 1), (40, 1), (300, 10)])
def test_names_are_thinned_when_there_are_many(n_token, every):
    axes = heads(drawn(spread([f"t{n}" for n in range(n_token)], n_head=2)))[0]
    shown = [text.get_text() for text in axes.get_yticklabels()]
    assert shown == [f"t{n}" for n in range(0, n_token, every)]
    assert axes.get_yticks().tolist() == list(range(0, n_token, every))


def test_numbers_are_those_of_the_cells():
    amap = spread(SENTENCE[:5], n_head=2)
    for axes, weights in zip(heads(drawn(amap)), amap.weights[0], strict=True):
        said = {at: text.get_text() for at, text in numbers(axes).items()}
        assert said == {(k, q): f"{weights[q, k]:.2f}" for q in range(5) for k in range(5)}


def test_precision_and_narrow_cells_change_the_form_of_numbers():
    amap = spread(SENTENCE[:5], n_head=1)
    assert f"{amap.weights[0, 0, 1, 1]:.3f}" in words(drawn(amap, precision=3))
    narrow = words(drawn(spread(SENTENCE, n_head=8)))
    assert f"{spread(SENTENCE, n_head=8).weights[0, 0, 1, 1]:.2f}"[1:] in narrow


def test_numbers_are_left_out_where_they_cannot_be_read():
    amap = spread([f"t{n}" for n in range(29)], n_head=2)
    assert not any(numbers(axes) for axes in heads(drawn(amap)))
    assert not any(numbers(axes) for axes in heads(drawn(spread(SENTENCE), annotate=False)))
    assert all(len(numbers(axes)) == 841 for axes in heads(drawn(amap, annotate=True)))
    with pytest.warns(AttnvizWarning, match="values omitted"):
        drawn(amap, annotate=True, size=(6, 4))


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_numbers_can_be_read_on_their_cells(palette):
    amap = spread(SENTENCE, n_head=2, signed=palette.is_diverging)
    axes = heads(drawn(amap, palette=palette.name))[0]
    cells = {(k, q): text for (k, q), text in numbers(axes).items() if k < 12}
    assert len(cells) == 144
    for (k, q), text in cells.items():
        ground = luminance(tuple(pixels(axes)[int(q), int(k)].tolist()))
        ink = luminance(tuple(round(255 * part) for part in text.get_color()))
        assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4.5


def test_masked_cells_are_hatched_and_have_no_number():
    made = drawn(spread(SENTENCE[:4], n_head=1, causal=True))
    (axes,) = heads(made)
    (shade,) = [patch for patch in axes.patches if patch.get_label() == "masked"]
    assert shade.get_hatch()
    inside = [[shade.get_path().contains_point((k, q)) for k in range(4)] for q in range(4)]
    assert np.array_equal(inside, ~np.tril(np.ones((4, 4), bool)))
    assert set(numbers(axes)) == {(k, q) for q in range(4) for k in range(q + 1)}
    assert "masked" in words(made)
    assert "masked" not in words(drawn(spread(SENTENCE[:4])))


def test_weight_on_none_of_the_keys_has_a_column():
    amap = spread(SENTENCE[:4], n_head=1, row_sum="at most 1")
    made = drawn(amap)
    (axes,) = heads(made)
    assert axes.get_xticklabels()[-1].get_text() == "∅"
    kept = np.asarray(axes.images[1].get_array())
    scale = ColorScale.of(np.append(amap.weights, 0.25))
    assert np.array_equal(kept[:, 0], scale.rgb(np.full(4, 0.25)))
    assert [text.get_text() for (x, _), text in numbers(axes).items() if x > 3] == ["0.25"] * 4
    assert "∅ = weight on none of these keys (1 − row sum)" in words(made)


def test_weight_on_none_of_the_keys_is_on_the_scale_of_the_weights():
    amap = make_map(meta={"row_sum": "at most 1"})
    faint = spread(SENTENCE[:4], row_sum="at most 1")
    assert bar(drawn(amap)).get_ylim()[1] == pytest.approx(amap.weights.max())
    few = type(faint)(faint.queries, faint.keys, faint.weights / 10, meta=faint.meta)
    assert bar(drawn(few)).get_ylim()[1] == pytest.approx(1 - 0.075)


def test_row_sums_have_a_column_of_numbers_or_bars():
    amap = spread(SENTENCE[:4], n_head=1, row_sum="any")
    made = drawn(amap)
    (axes,) = heads(made)
    assert axes.get_xticklabels()[-1].get_text() == "Σ"
    assert [text.get_text() for (x, _), text in numbers(axes).items() if x > 3] == ["2.50"] * 4
    assert "Σ = row sum, 2.5" in words(made)
    (many,) = heads(drawn(amap, annotate=False))
    assert [round(rect.get_width(), 6) for rect in many.containers[0]] == [1.25] * 4


def test_rows_that_do_not_sum_to_one_show_it_whatever_is_stated():
    amap = spread(SENTENCE[:4], n_head=1)
    broken = replace(amap, weights=amap.weights * 1.5)
    assert "Σ = row sum, 1.5" in words(drawn(broken))
    assert not [word for word in words(drawn(amap)) if "Σ" in word]


def test_signed_weights_have_a_diverging_scale_and_signs():
    amap = spread(SENTENCE[:4], n_head=1, signed=True, row_sum="any")
    made = drawn(amap)
    most = np.abs(amap.weights).max()
    assert bar(made).get_ylim() == pytest.approx((-most, most))
    said = {at: text.get_text() for at, text in numbers(heads(made)[0]).items() if at[0] <= 3}
    for (k, q), text in said.items():
        weight = amap.weights[0, 0, q, k]
        assert text == f"{'+' if weight > 0 else '−'}{abs(weight):.2f}"
    assert "0" in [text.get_text() for text in bar(made).get_yticklabels()]


def test_zero_has_no_sign():
    amap = spread(SENTENCE[:3], signed=True)
    still = type(amap)(amap.queries, amap.keys, amap.weights * 1e-9, meta=amap.meta)
    assert {text.get_text() for text in numbers(heads(drawn(still))[0]).values()} == {"0.00"}


def test_a_map_of_zeros_has_a_scale():
    amap = spread(SENTENCE[:3])
    nothing = type(amap)(amap.queries, amap.keys, amap.weights * 0, meta=amap.meta)
    assert bar(drawn(nothing)).get_ylim() == (0.0, 1.0)


def test_titles_and_captions():
    amap = spread(SENTENCE[:4])
    assert "toy" in words(drawn(amap))
    assert "layer 2" in " ".join(words(drawn(spread(SENTENCE[:4], n_layer=3).select(layers=[2]))))
    made = words(drawn(amap, title="$mine$\x1b", captions={(0, 1): "attends backwards"}))
    assert {"$mine$^[", "attends backwards", "head 1"} <= set(made)


def test_long_titles_and_captions_are_cut_to_the_paper():
    made = drawn(spread(SENTENCE[:4]), title="word " * 99, captions={(0, 0): "word " * 99})
    cut = [word for word in words(made) if word.startswith("word word")]
    assert len(cut) == 2
    assert all(word.endswith("…") for word in cut)


def test_captions_lose_whole_parts_first():
    said = "strongest cat → sat 0.50 · entropy 1.25 of 2.00 bits · " + "more " * 20
    made = words(drawn(spread(SENTENCE[:8]), captions={(0, 0): said}))
    assert "strongest cat → sat 0.50 · entropy 1.25 of 2.00 bits" in made


def test_a_figure_has_the_requested_size():
    assert tuple(drawn(spread(SENTENCE), size=(7, 5)).get_size_inches()) == (7, 5)
    assert drawn(spread(SENTENCE), dpi=70).dpi == 70


def test_cells_smaller_than_pixels_show_the_strongest_with_a_note():
    amap = spread([f"t{n}" for n in range(200)], n_head=1)
    made = drawn(amap, dpi=20)
    (axes,) = heads(made)
    (note,) = [word for word in words(made) if word.startswith("each cell =")]
    high, wide = (int(n) for n in note.split() if n.isdigit())
    assert high == wide > 1
    strongest = amap.weights[0, 0][:high, :wide].max()
    assert np.array_equal(pixels(axes)[0, 0], ColorScale.of(amap.weights).rgb(strongest))
    assert axes.images[0].get_extent()[0] == -0.5
    assert not [word for word in words(drawn(amap)) if word.startswith("each cell =")]


def test_names_that_no_table_has():
    with pytest.raises(UnknownNameError, match="viridis"):
        drawn(spread(SENTENCE), palette="virids")
    with pytest.raises(UnknownNameError, match="matrix"):
        drawn(spread(SENTENCE), view="matrx")


def test_a_map_without_weights_is_refused():
    with pytest.raises(MisuseError, match="no weights to draw"):
        drawn(spread(()[:0], ("a",)))


@pytest.mark.parametrize(
    ("n_token", "style", "said"),
    [
        (1000, Style(dpi=300), "select_layers and select_heads"),
        (12, Style(dpi=2400), "lower dpi"),
        (3, Style(size=(500, 1)), "75,000 × 150"),
        (3, Style(size=(0.5, 0.5)), "too small for 8 panels"),
        (3, Style(size=(-1, 5)), "positive"),
        (3, Style(size=(float("nan"), 5)), "positive"),
        (3, Style(size=(1e308, 1e308)), "positive"),
        (3, Style(dpi=0), "positive"),
    ],
)
def test_invalid_options_are_refused_before_drawing(n_token, style, said, monkeypatch):
    monkeypatch.setattr("matplotlib.figure.Figure.__init__", None)
    with pytest.raises(MisuseError, match=said):
        drawn(spread([f"t{n}" for n in range(n_token)], n_head=8), **vars(style))
