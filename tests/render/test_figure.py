"""The matrix view: colors, limits, labels and values are those of the map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.render.colors import ColorScale, luminance
from attnviz.render.figure.fonts import FontSet, text_width
from attnviz.render.palette import PALETTES
from attnviz.render.style import SEPARATOR, Style
from tests.conftest import make_map
from tests.render.pictures import SENTENCE, bar, draw, heads, numbers, pixels, spread, words


def test_every_head_is_a_panel_in_the_colours_of_one_scale():
    amap = spread(SENTENCE, n_head=8)
    scale = ColorScale.of(amap.weights)
    panels = heads(draw(amap))
    assert [axes.get_title(loc="left") for axes in panels] == [f"head {n}" for n in range(8)]
    for axes, weights in zip(panels, amap.weights[0], strict=True):
        assert np.array_equal(pixels(axes), scale.rgb(weights))
        assert axes.get_ylim() == (11.5, -0.5)


def test_panels_have_the_original_numbers_of_layers_and_heads():
    amap = spread(SENTENCE[:3], n_layer=4, n_head=5).select(layers=[1, 3], heads=[4])
    titles = [axes.get_title(loc="left") for axes in heads(draw(amap, view="matrix"))]
    assert titles == ["layer 1 · head 4", "layer 3 · head 4"]


def test_heads_that_have_names_are_called_by_them():
    amap = replace(spread(SENTENCE), names=("softmax", "sparsemax − softmax"))
    titles = [axes.get_title(loc="left") for axes in heads(draw(amap))]
    assert titles == ["softmax", "sparsemax − softmax"]


def test_headings_are_short_where_panels_are_narrow():
    amap = spread(SENTENCE[:4], n_layer=2, n_head=9)
    fig = draw(amap, view="matrix", size=(8, 4))
    titles = [axes.get_title(loc="left") for axes in heads(fig)]
    assert titles[:2] == ["L0 H0", "L0 H1"]


def test_the_colour_bar_states_the_limits():
    amap = spread(SENTENCE, n_head=3)
    scale = bar(draw(amap))
    assert scale.get_ylim() == pytest.approx((0.0, amap.weights.max()))
    ticks = [text.get_text() for text in scale.get_yticklabels()]
    assert ticks[0] == "0"
    assert ticks[-1] == f"{amap.weights.max():.3g}"
    assert scale.get_ylabel() == "weight, all heads"


def test_rows_are_queries_and_columns_are_keys():
    fig = draw(spread(("Le", "chat"), ("The", "cat", "sat"), n_head=1))
    (axes,) = heads(fig)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Le", "chat"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["The", "cat", "sat"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("query", "key")
    assert pixels(axes).shape == (2, 3, 3)


def test_names_are_at_the_outer_edges_only():
    panels = heads(draw(spread(SENTENCE, n_head=8)))
    has_label = [bool(axes.get_ylabel()) for axes in panels]
    assert has_label == [True, False, False, False] * 2
    assert [bool(axes.get_xlabel()) for axes in panels] == [False] * 4 + [True] * 4


def test_a_panel_with_nothing_below_it_names_its_keys():
    panels = heads(draw(spread(SENTENCE, n_head=5), size=(9, 6)))
    assert [bool(axes.get_ylabel()) for axes in panels] == [True, False, False, True, False]
    assert [bool(axes.get_xlabel()) for axes in panels] == [False, False, True, True, True]


@pytest.mark.parametrize(("n_token", "every"), [(1, 1), (12, 1), (40, 1), (300, 5)])
def test_names_are_thinned_when_there_are_many(n_token, every):
    axes = heads(draw(spread([f"t{n}" for n in range(n_token)], n_head=2)))[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == [f"t{n}" for n in range(0, n_token, every)]
    assert axes.get_yticks().tolist() == list(range(0, n_token, every))


def test_numbers_are_those_of_the_cells():
    amap = spread(SENTENCE[:5], n_head=2)
    for axes, weights in zip(heads(draw(amap)), amap.weights[0], strict=True):
        labels = {at: text.text for at, text in numbers(axes).items()}
        assert labels == {(k, q): f"{weights[q, k]:.2f}" for q in range(5) for k in range(5)}


def test_precision_and_narrow_cells_change_the_form_of_numbers():
    amap = spread(SENTENCE[:5], n_head=1)
    assert f"{amap.weights[0, 0, 1, 1]:.3f}" in words(draw(amap, precision=3))
    narrow = words(draw(spread(SENTENCE, n_head=8)))
    assert f"{spread(SENTENCE, n_head=8).weights[0, 0, 1, 1]:.2f}"[1:] in narrow


def test_numbers_are_left_out_where_they_cannot_be_read():
    amap = spread([f"t{n}" for n in range(29)], n_head=2)
    assert not any(numbers(axes) for axes in heads(draw(amap)))
    assert not any(numbers(axes) for axes in heads(draw(spread(SENTENCE), annotate=False)))
    assert all(len(numbers(axes)) == 841 for axes in heads(draw(amap, annotate=True)))
    with pytest.warns(AttnvizWarning, match="values omitted"):
        draw(amap, annotate=True, size=(6, 4))


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_numbers_can_be_read_on_their_cells(palette):
    amap = spread(SENTENCE, n_head=2, signed=palette.is_diverging)
    axes = heads(draw(amap, palette=palette.name))[0]
    cells = {(k, q): text for (k, q), text in numbers(axes).items() if k < 12}
    assert len(cells) == 144
    for (k, q), text in cells.items():
        ground = luminance(tuple(pixels(axes)[int(q), int(k)].tolist()))
        ink = luminance(tuple(round(255 * part) for part in text.color))
        assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4.5


def test_masked_cells_are_hatched_and_have_no_number():
    fig = draw(spread(SENTENCE[:4], n_head=1, causal=True))
    (axes,) = heads(fig)
    (shade,) = [patch for patch in axes.patches if patch.get_label() == "masked"]
    assert shade.get_hatch()
    inside = [[shade.get_path().contains_point((k, q)) for k in range(4)] for q in range(4)]
    assert np.array_equal(inside, ~np.tril(np.ones((4, 4), bool)))
    assert set(numbers(axes)) == {(k, q) for q in range(4) for k in range(q + 1)}
    assert "masked" in words(fig)
    assert "masked" not in words(draw(spread(SENTENCE[:4])))


def test_weight_on_none_of_the_keys_has_a_column():
    amap = spread(SENTENCE[:4], n_head=1, row_sum="at most 1")
    fig = draw(amap)
    (axes,) = heads(fig)
    assert axes.get_xticklabels()[-1].get_text() == "∅"
    assert len(axes.images) == 1  # ∅ has no color
    assert [text.text for (x, _), text in numbers(axes).items() if x > 3] == ["0.25"] * 4
    assert "∅ = weight on none of these keys (1 − row sum), 0.25" in words(fig)


def test_weight_on_none_of_the_keys_does_not_stretch_the_scale_of_the_weights():
    amap = make_map(meta={"row_sum": "at most 1"})
    faint = spread(SENTENCE[:4], row_sum="at most 1")
    assert bar(draw(amap)).get_ylim()[1] == pytest.approx(amap.weights.max())
    few = type(faint)(faint.queries, faint.keys, faint.weights / 10, meta=faint.meta)
    assert bar(draw(few)).get_ylim()[1] == pytest.approx(few.weights.max())


def test_row_sums_have_a_column_of_numbers_or_bars():
    amap = spread(SENTENCE[:4], n_head=1, row_sum="any")
    fig = draw(amap)
    (axes,) = heads(fig)
    assert axes.get_xticklabels()[-1].get_text() == "Σ"
    assert [text.text for (x, _), text in numbers(axes).items() if x > 3] == ["2.50"] * 4
    assert "Σ = row sum, 2.5" in words(fig)
    (many,) = heads(draw(amap, annotate=False))
    assert [round(rect.get_width(), 6) for rect in many.containers[0]] == [1.25] * 4


def test_rows_that_do_not_sum_to_one_show_it_whatever_is_stated():
    amap = spread(SENTENCE[:4], n_head=1)
    broken = replace(amap, weights=amap.weights * 1.5)
    assert "Σ = row sum, 1.5" in words(draw(broken))
    assert not [word for word in words(draw(amap)) if "Σ" in word]


def test_signed_weights_have_a_diverging_scale_and_signs():
    amap = spread(SENTENCE[:4], n_head=1, signed=True, row_sum="any")
    fig = draw(amap)
    most = np.abs(amap.weights).max()
    assert bar(fig).get_ylim() == pytest.approx((-most, most))
    labels = {at: text.text for at, text in numbers(heads(fig)[0]).items() if at[0] <= 3}
    for (k, q), text in labels.items():
        weight = amap.weights[0, 0, q, k]
        assert text == f"{'+' if weight > 0 else '−'}{abs(weight):.2f}"
    assert "0" in [text.get_text() for text in bar(fig).get_yticklabels()]


def test_zero_has_no_sign():
    amap = spread(SENTENCE[:3], signed=True)
    still = type(amap)(amap.queries, amap.keys, amap.weights * 1e-9, meta=amap.meta)
    assert {text.text for text in numbers(heads(draw(still))[0]).values()} == {"0.00"}


def test_an_exact_zero_is_a_bare_zero():
    amap = replace(make_map(), weights=np.broadcast_to(np.eye(3), (1, 2, 3, 3)))
    assert {text.text for text in numbers(heads(draw(amap))[0]).values()} == {"1.00", "0"}


def test_a_map_of_zeros_has_a_scale():
    amap = spread(SENTENCE[:3])
    nothing = type(amap)(amap.queries, amap.keys, amap.weights * 0, meta=amap.meta)
    assert bar(draw(nothing)).get_ylim() == (0.0, 1.0)


def test_titles_and_captions():
    amap = spread(SENTENCE[:4])
    assert "toy" in words(draw(amap))
    assert "layer 2" in " ".join(words(draw(spread(SENTENCE[:4], n_layer=3).select(layers=[2]))))
    shown_words = words(draw(amap, title="$mine$\x1b", captions={(0, 1): "attends backwards"}))
    assert {"$mine$^[", "attends backwards", "head 1"} <= set(shown_words)


def test_long_titles_and_captions_are_cut_to_the_paper():
    fig = draw(spread(SENTENCE[:4]), title="word " * 99, captions={(0, 0): "word " * 99})
    truncated = [word for word in words(fig) if word.startswith("word word")]
    assert len(truncated) == 2
    assert all(word.endswith("…") for word in truncated)


def test_captions_lose_whole_parts_first():
    caption = "strongest cat → sat 0.50 · entropy 1.25 of 2.00 bits · " + "more " * 20
    shown_words = words(draw(spread(SENTENCE[:8]), captions={(0, 0): caption}))
    assert "strongest cat → sat 0.50 · entropy 1.25 of 2.00 bits" in shown_words


@pytest.mark.parametrize(
    ("caption", "number"),
    [
        ("max weight unbelievable → internationalization 0.53", " 0.53"),
        ("max change unbelievable → internationalization -0.53", " -0.53"),
        ("most of the weight attends to a sink 97%", " 97%"),
        ("mean entropy of all of the rows 1.25 of 2.00 bits", " 1.25 of 2.00 bits"),
        ("one mechanism − another mechanism · JS < 0.001 bits", " · JS < 0.001 bits"),
        ("previous token without sink 0.98", " 0.98"),
    ],
)
def test_the_number_at_the_end_of_a_caption_is_not_cut_off(caption, number):
    captions = {(0, 0): caption, (0, 1): "max weight a → b 0.51"}
    if SEPARATOR not in caption:  # else a heading
        shown_words = words(draw(spread(SENTENCE[:3], n_head=2), captions=captions))
        assert [word != caption for word in shown_words if word.endswith(number)] == [True]
    fonts = FontSet.of([caption])
    for width in np.arange(0.0, 3.0, 0.05):
        cut = fonts.shorten(caption, 7.0, width)
        assert cut == "" or (cut.endswith(number) and text_width(cut, 7.0) <= width)


def test_a_figure_has_the_requested_size():
    assert tuple(draw(spread(SENTENCE), size=(7, 5)).get_size_inches()) == (7, 5)
    assert draw(spread(SENTENCE), dpi=70).dpi == 70


def test_cells_smaller_than_pixels_show_the_strongest_with_a_note():
    amap = spread([f"t{n}" for n in range(200)], n_head=1)
    fig = draw(amap, dpi=20, norm="linear")
    (axes,) = heads(fig)
    (note,) = [word for word in words(fig) if word.startswith("each cell =")]
    high, wide = (int(n) for n in note.split() if n.isdigit())
    assert high == wide > 1
    strongest = amap.weights[0, 0][:high, :wide].max()
    assert np.array_equal(pixels(axes)[0, 0], ColorScale.of(amap.weights).rgb(strongest))
    assert axes.images[0].get_extent()[0] == -0.5
    assert not [word for word in words(draw(amap)) if word.startswith("each cell =")]


def test_names_that_no_table_has():
    with pytest.raises(UnknownNameError, match="viridis"):
        draw(spread(SENTENCE), palette="virids")
    with pytest.raises(UnknownNameError, match="matrix"):
        draw(spread(SENTENCE), view="matrx")


def test_a_map_without_weights_is_refused():
    with pytest.raises(MisuseError, match="no weights to draw"):
        draw(spread(()[:0], ("a",)))


@pytest.mark.parametrize(
    ("n_token", "style", "message"),
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
def test_invalid_options_are_refused_before_drawing(n_token, style, message, monkeypatch):
    monkeypatch.setattr("matplotlib.figure.Figure.__init__", None)
    with pytest.raises(MisuseError, match=message):
        draw(spread([f"t{n}" for n in range(n_token)], n_head=8), **vars(style))
