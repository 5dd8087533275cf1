"""Display options of Python act on each way to show a map, or one line states where they do."""

import builtins
import io
from functools import cache

import pytest

import attnviz
from attnviz.errors import MisuseError
from attnviz.render.figure.settings import matplotlib_settings
from attnviz.render.formats import FORMATS
from attnviz.style_options import StyleOptions

AMAP = attnviz.look("The cat saw", layers=2, heads=2)
OPTIONS = {  # a value that changes something where the option acts
    "view": "lines",
    "query": "cat",
    "palette": "Greys",
    "vmin": 0.2,
    "vmax": 0.4,
    "robust": True,
    "norm": "sqrt",
    "precision": 5,
    "title": "T $a^2$",
    "annotate": False,
    "size": (7.0, 5.0),
    "width": "page",
    "font_size": 7.0,
    "dpi": 60,
    "ascii": True,
    "highlight": "cat",
    "percent": True,
    "columns": 1,
    "math": True,
    "show_title": False,
    "show_captions": False,
    "show_colorbar": False,
    "show_metadata": False,
    "dark": True,
    "transparent": True,
    "font": "DejaVu Serif",
    "zoom": 2.0,
    "frames": "heads",
    "frame_time": 0.5,
}
KINDS = {row.kind: row.name for row in reversed(FORMATS) if row.name != "table"}
SAVED = {  # formats: the options that are tried; a Figure has the others of pictures
    **{name: tuple(OPTIONS) for kind, name in KINDS.items() if kind != "figure"},
    "png": ("dpi", "zoom", "show_metadata", "transparent", "frames", "frame_time", "ascii"),
}
STATED = " has no effect "


def show_table(**style):
    """What `show` prints in a terminal with colors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", stream := io.StringIO())
        for name, value in (("FORCE_COLOR", "1"), ("COLORTERM", "truecolor"), ("COLUMNS", "80")):
            patch.setenv(name, value)
        attnviz.show(AMAP, **style)
    return stream.getvalue()


def show_page(**style):
    """The page that `show` displays in a notebook."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attnviz.api.notebook.KINDS", {"text/html": "html"})
        patch.setattr(builtins, "display", lambda data, raw: shown.append(data), raising=False)
        attnviz.show(AMAP, **style)
    return shown[0]["text/html"]


def draw(**style):
    """The Figure, as SVG and its pixels per inch."""
    figure, svg = attnviz.figure(AMAP, **style), io.BytesIO()
    with matplotlib_settings():
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return svg.getvalue(), figure.dpi


def save(name, **style):
    """The bytes of a file."""
    stream = io.BytesIO()
    AMAP.save(stream, format=name, **style)
    return stream.getvalue()


WAYS = {"table": show_table, "page": show_page, "figure": draw}


@cache
def default(way):
    """What a way to show the map makes without options."""
    return WAYS[way]() if way in WAYS else save(way)


CASES = [(way, option) for way in WAYS for option in OPTIONS]
CASES += [(name, option) for name, options in SAVED.items() for option in options]


@pytest.mark.parametrize(("way", "option"), CASES)
def test_a_display_option_acts_or_is_refused_in_python(way, option):
    style = {option: OPTIONS[option]} | ({"title": "$a^2$"} if option == "math" else {})
    try:
        shown = WAYS[way](**style) if way in WAYS else save(way, **style)
    except MisuseError as refused:
        message = str(refused)
        assert message.startswith(tuple(name + STATED for name in style)) and "\n" not in message
        assert any(word in message for word in ("it acts on ", "its views are "))
    else:
        assert shown != default(way)


def test_all_display_options_are_tried_in_python():
    assert [*OPTIONS] == [*StyleOptions.__annotations__]


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ({"view": "lines", "annotate": True}, "annotate has no effect in the lines view of"),
        ({"view": "lines", "query": "cat"}, "query has no effect in the lines view of"),
        ({"view": "lines", "vmax": 0.5}, "vmax has no effect in the lines view of"),
        ({"math": True}, "math has no effect"),
    ],
)
@pytest.mark.parametrize("way", [show_table, draw])
def test_an_option_without_effect_in_the_requested_view_is_refused(way, style, message):
    with pytest.raises(MisuseError, match=message):
        way(**style)


@pytest.mark.parametrize("way", [attnviz.show, attnviz.figure])
def test_options_of_panels_are_stated_where_many_heads_are_an_overview(way, capsys):
    many = attnviz.look("a b", layers=5, heads=4)
    with pytest.warns(attnviz.AttnvizWarning, match=r"^precision: no effect in the overview of"):
        way(many, precision=3)
    way(many, view="overview")
