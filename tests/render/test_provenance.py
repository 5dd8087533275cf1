"""Provenance: the note on untrained weights in every view, format and report."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from attnviz.api.explain import explain
from attnviz.api.head_report import ReportOptions, map_report
from attnviz.errors import MisuseError
from attnviz.render import figure
from attnviz.render.provenance import untrained_note
from attnviz.render.reports.terminal_heads import HeadsTable
from attnviz.render.reports.terminal_steps import ExplanationSteps
from attnviz.render.style import Style
from attnviz.render.views import VIEW_NAMES, VIEWS
from tests.conftest import make_map
from tests.render.consoles import console, printed
from tests.render.pictures import SENTENCE, bar, draw, spread, words
from tests.render.test_figure_files import FORMATS, chunks
from tests.render.test_figure_views import MAPS, require_clear_texts

NOTE = "untrained weights (seed 7): shows the mechanism, not learned attention"
UNTRAINED = {"trained": False, "seed": 7}
views = pytest.mark.parametrize("view", [view.name for view in VIEWS])


def untrained(amap):
    return replace(amap, meta={**amap.meta, **UNTRAINED})


def subtitle_of(fig):
    """The lines below the title, joined."""
    lines = [text.get_text() for text in fig.texts if text.get_text() in NOTE]
    assert all(lines)
    return " ".join(lines)


@pytest.mark.parametrize(
    ("meta", "note"),
    [
        (UNTRAINED, NOTE),
        ({"trained": False}, NOTE.replace(" (seed 7)", "")),
        ({"trained": True, "seed": 7}, None),
        ({"seed": 7}, None),
        ({}, None),
    ],
    ids=str,
)
def test_only_maps_of_untrained_weights_have_the_note(meta, note):
    assert untrained_note(make_map(meta=meta)) == note


def test_the_note_fits_one_line_for_every_seed():
    assert len(untrained_note(make_map(meta={"trained": False, "seed": 2**32 - 1}))) <= 80


@views
@pytest.mark.parametrize("width", [24, 40, 60, 80, 160])
@pytest.mark.parametrize("n_token", [3, 30])
def test_every_view_in_the_terminal_has_it_below_the_pipeline(view, width, n_token):
    meta = {**UNTRAINED, "algebra": "dot → softmax"}
    text = printed(make_map(["t"] * n_token, n_head=2, meta=meta), width, view=view)
    heading = text.split("\n\n")[0]
    assert f"dot → softmax {NOTE}" in " ".join(heading.split())
    assert max(map(cell_len, heading.splitlines())) <= width
    assert "untrained" not in printed(make_map(["t"] * n_token), width, view=view)


def test_a_terminal_of_80_columns_has_it_on_one_line():
    assert NOTE in printed(make_map(meta=UNTRAINED), 80).splitlines()


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
@pytest.mark.parametrize("view", VIEW_NAMES)  # auto is one of them
@pytest.mark.parametrize("name", MAPS)
def test_every_figure_has_it_as_subtitle_without_overlaps(view, name):
    captions = {(0, 0): "a long line about this head " * 5} if name == "captions" else {}
    fig = draw(untrained(MAPS[name]), view=view, captions=captions)
    assert subtitle_of(fig) == NOTE
    require_clear_texts(fig)


@views
def test_other_figures_have_none(view):
    fig = draw(spread(SENTENCE[:4]), view=view)
    assert not any("untrained" in word for word in words(fig))


def smallest(amap, view):
    """The lowest height, in inches, at which a figure 4 inches wide is drawn: as refusals say."""
    with pytest.raises(MisuseError) as refused:
        draw(amap, view=view, size=(4, 0.2))
    return float(re.search(r"smallest that works is size=4x([\d.]+)", str(refused.value))[1])


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
@views
def test_a_size_without_space_for_it_is_drawn_without_it(view):
    amap = untrained(spread(SENTENCE[:4], n_head=1))
    height = smallest(amap, view)
    assert subtitle_of(draw(amap, view=view, size=(4, height))) in ("", NOTE.partition(":")[0])
    assert subtitle_of(draw(amap, view=view, size=(4, height + 2))) == NOTE
    with pytest.raises(MisuseError):
        draw(amap, view=view, size=(4, height - 0.11))


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
def test_a_small_size_has_the_first_part_of_it():
    fig = draw(untrained(spread(SENTENCE[:6], causal=True)), size=(3, 2.1))
    assert subtitle_of(fig) == "untrained weights (seed 7)"


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
def test_the_smallest_figures_keep_it_in_their_metadata():
    amap = untrained(spread(SENTENCE[:4], n_head=1))
    style = Style(size=(4, smallest(amap, "matrix")))
    assert chunks(figure.png(amap, style))["Comment"] == NOTE
    assert NOTE.encode() in figure.svg(amap, style)
    assert NOTE.replace("(", r"\(").replace(")", r"\)").encode() in figure.pdf(amap, style)


@pytest.mark.parametrize("format", FORMATS)
def test_a_figure_of_a_trained_model_has_no_such_metadata(format):
    assert b"untrained" not in FORMATS[format](spread(SENTENCE[:4]), Style())


def test_the_scale_is_the_same_with_and_without_it():
    amap = spread(SENTENCE[:4])
    assert bar(draw(untrained(amap))).get_ylim() == bar(draw(amap)).get_ylim()


@pytest.mark.parametrize("width", [40, 80])
def test_the_heads_table_has_it(width):
    out = console(width)
    report = map_report(make_map(meta={**UNTRAINED, "variant": "toy"}), ReportOptions())
    out.print(HeadsTable(report))
    assert f"toy {NOTE} " in " ".join(out.file.getvalue().split())


@pytest.mark.parametrize("width", [40, 80])
def test_an_explanation_has_it(width):
    out = console(width)
    out.print(ExplanationSteps(explain("The cat", seed=7)))
    assert f"{NOTE} 1. tokens" in " ".join(out.file.getvalue().split())
