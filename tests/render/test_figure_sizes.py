"""Figure sizes: panels have most of the figure, type shrinks first, refusals name a size."""

from __future__ import annotations

import re

import pytest

from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.render.figure.type_sizes import FLOOR, FULL, TypeSizes
from attnviz.render.figure_width import parse_width
from tests.render.pictures import SENTENCE, bar, draw, heads, spread, texts, words

MANY = spread(SENTENCE, n_head=8)
CAPTIONS = {(0, head): "max weight cat → sat 0.50" for head in range(8)}
quiet = pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")


def share(fig):
    """The part of the figure that the panels cover."""
    boxes = [image.get_window_extent() for axes in fig.axes for image in axes.images]
    bars = [image.get_window_extent() for image in bar(fig).images]
    area = sum(box.width * box.height for box in boxes) - sum(b.width * b.height for b in bars)
    return area / (fig.bbox.width * fig.bbox.height)


def omitted(amap, **style):
    """What a figure of this size states to be omitted."""
    with pytest.warns(AttnvizWarning, match="omitted at") as warned:
        draw(amap, captions=CAPTIONS, **style)
    (message,) = [str(warning.message) for warning in warned]
    return message.partition(": ")[2].partition(";")[0].split(", ")


@quiet
@pytest.mark.parametrize(
    ("amap", "style"),
    [
        (spread(SENTENCE[:6], n_head=1), {"size": (3.25, 2.6)}),
        (spread(SENTENCE[:6], n_head=1), {"width": 3.25}),
        (MANY, {"size": (5.5, 3.2)}),
        (MANY, {"width": 5.5}),
        (MANY, {"width": 6.75}),
        (MANY, {"size": (8, 4.5)}),
        (spread(SENTENCE, n_head=8, causal=True), {"width": 5.5}),
        (spread([*SENTENCE, "bank", "today"], n_head=12), {"width": 5.5}),
        (spread(SENTENCE, n_layer=6, n_head=12), {"width": 5.5}),
    ],
)
def test_half_of_a_figure_is_map(amap, style):
    assert share(draw(amap, captions=CAPTIONS, **style)) >= 0.5


@quiet
@pytest.mark.parametrize("size", [(8, 4.5), (7, 4), (4, 3), (4, 8)])
def test_sizes_that_a_slide_has_can_be_drawn(size):
    fig = draw(MANY, captions=CAPTIONS, size=size)
    assert tuple(fig.get_size_inches()) == size
    assert share(fig) >= 0.35


@quiet
@pytest.mark.parametrize("n_head", [1, 8])
@pytest.mark.parametrize("view", ["matrix", "lines", "text", "rows", "overview"])
@pytest.mark.parametrize("width", [3.25, 5.5, 9.0])
def test_a_width_is_enough(view, width, n_head):
    fig = draw(spread(SENTENCE[:6], n_head=n_head), view=view, width=width)
    assert fig.get_size_inches()[0] == width
    assert 0.1 * width < fig.get_size_inches()[1] <= max(11, width) + 1e-9


@quiet
@pytest.mark.parametrize("style", [{"size": (2.4, 1.6)}, {"width": 2.0}, {"size": (13, 8)}, {}])
def test_no_type_is_smaller_than_six_points(style):
    fig = draw(spread(SENTENCE[:6]), captions=CAPTIONS, **style)
    assert min(text.get_fontsize() for text in texts(fig)) >= 6.0 - 1e-9


def test_type_shrinks_before_anything_is_omitted():
    sizes = [(13, 8), (6, 4.5), (4.6, 3.6)]
    figs = [draw(spread(SENTENCE[:6]), captions=CAPTIONS, size=size) for size in sizes]
    smallest = [min(text.get_fontsize() for text in texts(fig)) for fig in figs]
    assert smallest == sorted(smallest, reverse=True)
    assert smallest[0] > smallest[-1]
    assert all("toy" in words(fig) and "head 0" in words(fig) for fig in figs)


def test_captions_give_way_first_then_the_title():
    amap = spread(SENTENCE[:6], n_head=1)
    assert omitted(amap, size=(3.25, 2.6)) == ["captions"]
    assert omitted(amap, size=(3.25, 1.2)) == ["captions", "title", "names of axes"]


@pytest.mark.parametrize("n_head", [2, 8])
def test_a_figure_of_a_width_alone_is_higher_by_its_title(n_head):
    amap = spread(SENTENCE[:6], n_head=n_head)
    assert "title" not in omitted(amap, width=3.25)
    assert "title" in omitted(amap, size=(3.25, 1.8))
    with pytest.warns(AttnvizWarning, match="omitted at"):
        fig = draw(amap, captions=CAPTIONS, width=3.25)
    assert any(word.startswith("toy") for word in words(fig))


@quiet
def test_a_requested_size_is_filled():
    assert share(draw(MANY, captions=CAPTIONS, size=(5.5, 2.5))) >= 0.45
    fig = draw(spread(SENTENCE[:6], n_head=1), size=(5.5, 2.0))
    assert share(fig) >= 0.45
    assert {"query", "key"}.isdisjoint(words(draw(spread(SENTENCE[:6]), size=(3.25, 1.2))))


def test_the_heading_of_an_only_head_is_in_the_title():
    amap = spread(SENTENCE[:6], n_head=3).select(heads=[2])
    fig = draw(amap)
    assert "toy · head 2" in words(fig)
    assert "head 2" not in words(fig)


@quiet
@pytest.mark.parametrize("view", ["matrix", "lines", "text", "rows", "overview"])
@pytest.mark.parametrize("size", [(5, 0.3), (0.3, 5), (0.4, 0.3)])
def test_refusals_name_the_smallest_size_that_works(view, size):
    amap = spread(SENTENCE[:6], n_head=3)
    with pytest.raises(MisuseError, match="select fewer heads") as refused:
        draw(amap, view=view, size=size)
    found = re.search(r"smallest that works is size=([\d.]+)x([\d.]+)", str(refused.value))
    width, height = map(float, found.groups())
    draw(amap, view=view, size=(width, height))
    with pytest.raises(MisuseError):
        draw(amap, view=view, size=(width - 0.11 * (width > size[0]), height - 0.11))


def test_a_refusal_of_one_head_does_not_speak_of_selecting():
    with pytest.raises(MisuseError, match="smallest that works is width=") as refused:
        draw(spread(SENTENCE[:6], n_head=1), width=0.3)
    assert "select" not in str(refused.value)


def test_a_size_and_a_width_are_refused():
    with pytest.raises(MisuseError, match="either"):
        draw(MANY, size=(5, 5), width=5)


def test_very_unequal_maps_name_the_tokens_of_the_short_side():
    amap = spread([f"q{n}" for n in range(22)], [f"k{n}" for n in range(700)], n_head=1)
    (axes,) = heads(draw(amap))
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"q{n}" for n in range(22)]
    assert share(draw(amap, size=(12, 6))) > 0.35


@pytest.mark.parametrize(
    ("text", "inches"),
    [("3.25in", 3.25), ("3.25", 3.25), ("8.3cm", 3.268), ("83 mm", 3.268), ("236pt", 3.278)],
)
def test_widths_have_units(text, inches):
    assert parse_width(text) == pytest.approx(inches, abs=1e-3)


@pytest.mark.parametrize("text", ["", "0", "-1", "wide", "1e9", "201", "3.25 miles", "3x2"])
def test_other_widths_are_refused(text):
    with pytest.raises(MisuseError, match=r"8\.3cm.*column, page"):
        parse_width(text)


@pytest.mark.parametrize("factor", [0.01, 0.5, 0.7, 1.0])
def test_type_has_a_floor(factor):
    sizes = TypeSizes.scaled(factor)
    assert all(getattr(sizes, name) >= FLOOR[name] >= 6.0 for name in FULL)
