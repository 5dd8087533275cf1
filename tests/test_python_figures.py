"""Figures that Python writes: those of the command line, from any number of threads."""

import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

import attnviz
from attnviz.api import complete_style
from attnviz.api.option_effects import view_kinds
from attnviz.cli.options.shared import DISPLAY
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.settings import RC_PARAMS, matplotlib_settings
from attnviz.render.formats import FORMATS
from attnviz.render.style import Style
from attnviz.style_options import ACTS_IN, RANGES, StyleOptions
from tests.cli.runner import run
from tests.conftest import HOSTILE, make_map

TEXT = "The cat saw the dog"
AMAP = attnviz.look(TEXT, variant="causal", heads=2)
FILES = [row.name for row in FORMATS if row.suffixes and row.name != "parquet"]
IMAGES = ("png", "svg", "pdf")
OF_STYLE = {  # completed, not given
    "captions",
    "row_captions",
    "patterns",
    "pattern_summaries",
    "measures",
    "made_by",
    "source_name",
    "row_id",
    "names_text",
}


def written(amap, format, **style):
    """The bytes of a map in a format."""
    stream = io.BytesIO()
    attnviz.write(amap, stream, format=format, **style)
    return stream.getvalue()


@pytest.fixture
def without_command(monkeypatch):
    """The command line does not write itself into the metadata, which Python has none of."""
    provenance = complete_style.provenance
    monkeypatch.setattr(complete_style, "provenance", lambda amap, command: provenance(amap))


@pytest.mark.usefixtures("without_command")
@pytest.mark.parametrize("format", FILES)
def test_python_writes_the_bytes_of_the_command(format):
    made = run("show", TEXT, "-v", "causal", "--heads", "2", "-f", format)
    assert made.status == 0
    assert written(AMAP, format) == made.data


@pytest.mark.usefixtures("without_command")
@pytest.mark.parametrize(
    ("words", "selection"),
    [
        ([], {}),
        (["--layer", "1"], {"select_layers": 1}),
        (["--head", "1.2"], {"select_heads": "1.2"}),
    ],
    ids=["model", "layer", "head"],
)
@pytest.mark.parametrize("format", ["svg", "html"])
def test_python_writes_the_figures_of_a_model_as_the_command_does(words, selection, format):
    amap = attnviz.look(TEXT, model="induction", **selection)
    made = run("show", TEXT, "-m", "induction", *words, "-f", format)
    assert written(amap, format) == made.data


@pytest.mark.usefixtures("without_command")
@pytest.mark.parametrize(
    ("words", "style"),
    [
        (["--view", "text", "--query", "saw"], {"view": "text", "query": "saw"}),
        (["--view", "text", "--query", "1"], {"view": "text", "query": 1}),
        (["--palette", "Greys", "--vmax", "0.5"], {"palette": "Greys", "vmax": 0.5}),
        (["--size", "6x5"], {"size": (6, 5)}),
        (["--width", "page"], {"width": "page"}),
        (["--dpi", "80"], {"dpi": 80}),  # of pixels
        (["--title", "T", "--precision", "3"], {"title": "T", "precision": 3}),
        (["--no-annotate"], {"annotate": False}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_display_options_do_what_those_of_the_command_do(words, style):
    name = "png" if "dpi" in style else "svg"
    made = run("show", TEXT, "-v", "causal", "--heads", "2", *words, "-f", name)
    assert written(AMAP, name, **style) == made.data
    assert written(AMAP, name) != made.data


@pytest.mark.usefixtures("without_command")
def test_dpi_without_effect_is_stated_as_by_the_command():
    made = run("show", TEXT, "-v", "causal", "--heads", "2", "--dpi", "80", "-f", "svg")
    stated = " has no effect on this svg: its cells are shapes"
    with pytest.warns(attnviz.AttnvizWarning, match=f"^dpi{stated}$"):
        assert written(AMAP, "svg", dpi=80) == made.data
    assert f"--dpi{stated}" in made.err


@pytest.mark.parametrize("name", RANGES)
def test_python_and_the_command_have_the_same_limits_of_numbers(name):
    low, high = RANGES[name]
    wrong = [low - 1 if name == "columns" else low / 2 - 0.01] + [high * 2] * (high < 1e9)
    for value in wrong:
        is_real = name in ("zoom", "frame_time")
        number = f"{value:g}" if is_real else int(value) - 1 * (value < low)
        with pytest.raises(MisuseError, match=f"{name}={number} must be") as caught:
            AMAP.figure(**{name: value if is_real else number})
        made_as = "gif" if name == "frame_time" else "svg"
        made = run("show", "a b", f"--{name.replace('_', '-')}", str(number), "-f", made_as)
        assert made.status == 2
        limits = str(caught.value).partition(" must be ")[2]
        assert limits in made.err


def test_options_act_in_the_formats_of_the_command():
    shown = {
        f"show_{name.removeprefix('no_')}": name for name in DISPLAY.options if name[:3] == "no_"
    }
    shown["show_captions"] = shown.pop("show_caption")
    for name in StyleOptions.__annotations__:
        option = DISPLAY.options.get(shown.get(name, name))
        if option is not None:
            acts_in = view_kinds() if name == "view" else ACTS_IN[name]
            for kind, views in option.effect.views.items():
                assert views.split() == acts_in[kind].removeprefix("auto ").split(), name
        else:
            assert name == "ascii"


@pytest.mark.parametrize(
    ("format", "style", "message"),
    [
        ("json", {"palette": "Greys"}, "palette has no effect on json; it acts on png, svg"),
        ("npz", {"precision": 3}, "precision has no effect on npz"),
        ("md", {"dpi": 100}, "dpi has no effect on md"),
        ("csv", {"query": "cat"}, "query has no effect on csv"),
        ("html", {"highlight": "cat"}, "highlight has no effect on html"),
        ("png", {"frames": "heads"}, "frames has no effect on png; it acts on gif, apng"),
        ("svg", {"ascii": True}, "ascii has no effect on svg: it acts on tables in the terminal"),
    ],
)
def test_an_option_without_effect_is_refused(format, style, message):
    with pytest.raises(MisuseError, match=message):
        written(AMAP, format, **style)


@pytest.mark.parametrize("style", [{"frames": "heads"}, {"frame_time": 2.0}, {"ascii": True}])
def test_a_figure_refuses_options_that_a_still_picture_does_not_have(style):
    with pytest.raises(MisuseError, match=f"{next(iter(style))} has no effect on png"):
        AMAP.figure(**style)


def test_a_query_implies_the_text_view():
    assert written(AMAP, "svg", query="saw") == written(AMAP, "svg", view="text", query="saw")


def test_highlights_are_texts_or_positions():
    texts = written(AMAP, "svg", highlight=["saw", "dog,cat"])
    assert texts == written(AMAP, "svg", highlight=[(2, None), (4, 1)])
    assert written(AMAP, "svg", highlight="saw") == written(AMAP, "svg", highlight=[(2, None)])
    assert texts != written(AMAP, "svg")


def test_a_figure_is_the_image_that_is_written():
    figure = AMAP.figure(dpi=100)
    assert isinstance(figure, Figure)
    image = io.BytesIO()
    with matplotlib_settings():
        figure.savefig(image, format="png", metadata={"Title": "causal", **made_by(AMAP)})
    assert image.getvalue() == written(AMAP, "png", dpi=100)
    restored = pickle.loads(pickle.dumps(figure))  # cells and numbers are artists of attnviz
    assert [type(a) for a in restored.findobj()] == [type(a) for a in figure.findobj()]
    texts = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    assert any(text.startswith("max weight") for text in texts)


def made_by(amap):
    """The metadata that image files have."""
    note = "untrained weights (seed 0): shows the mechanism, not learned attention"
    return complete_style.provenance(amap) | {"Comment": note}


USER = {"font.size": 21, "lines.linewidth": 7, "svg.fonttype": "path", "svg.hashsalt": "user"}
USER |= {"text.parse_math": True, "axes.grid": True, "figure.facecolor": "red"}


def own_figure(format):
    """What a program draws with its own settings."""
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    figure.suptitle(r"$\alpha$ 1")
    data = io.BytesIO()
    figure.savefig(data, format=format, metadata={"Date": None} if format == "svg" else {})
    return data.getvalue()


def fewer_dots(format):
    """A lower resolution for images of dots: less to compress."""
    return {} if format in ("svg", "pdf", "eps", "html") else {"dpi": 60}


def test_threads_write_the_bytes_of_one_while_another_draws_with_its_own_settings():
    jobs = [*((name, "matrix") for name in (*IMAGES, "eps", "jpg", "webp", "gif", "apng"))]
    jobs += [("svg", "lines"), ("html", "matrix")]
    jobs = [(name, {"view": view, **fewer_dots(name)}) for name, view in jobs]
    alone = [written(AMAP, format, **style) for format, style in jobs]
    with matplotlib.rc_context(USER), ThreadPoolExecutor(8) as pool:
        before, own = matplotlib.rcParams.copy(), [own_figure(name) for name in ("svg", "png")]
        made = [pool.submit(written, AMAP, name, **style) for name, style in jobs]
        drawn = [own_figure(name) for _ in range(3) for name in ("svg", "png")]
        assert [job.result() for job in made] == alone
        assert drawn == own * 3
        assert matplotlib.rcParams.copy() == before
    assert own_figure("svg") != own[0]


def test_settings_that_interleave_would_stay():
    """Why settings are read by context: matplotlib's restores what it found, in its order."""
    before = matplotlib.rcParams["text.parse_math"]
    try:
        first, second = (matplotlib.rc_context(RC_PARAMS) for _ in range(2))
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        second.__exit__(None, None, None)
        assert matplotlib.rcParams["text.parse_math"] is not before
    finally:
        matplotlib.rcParams["text.parse_math"] = before


def test_math_of_the_user_is_typeset_after_a_figure():
    AMAP.figure()
    written(AMAP, "svg")
    assert Figure().text(0, 0, r"$\alpha$").get_parse_math()
    assert FontProperties().get_family() == matplotlib.rcParamsDefault["font.family"]


def test_each_display_option_has_a_type_and_a_field():
    public = {field.name for field in fields(Style)} - OF_STYLE
    assert set(StyleOptions.__annotations__) == public
    for name in StyleOptions.__annotations__:
        assert name in StyleOptions.__doc__


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ({"cmap": "viridis"}, "Did you mean 'palette'"),
        ({"pallete": "viridis"}, "Did you mean 'palette'"),
        ({"figsize": (3, 2)}, "Did you mean 'size'"),
        ({"size": "5x5"}, "size='5x5' should be (width, height) in inches"),
        ({"size": 5}, "size=5 should be (width, height) in inches"),
        ({"size": (5, "5")}, "size='5' should be a number"),
        ({"size": (5, -1)}, "size=(5, -1) should be inches"),
        ({"size": (5, float("nan"))}, "should be inches"),
        ({"title": 3}, "title=3 should be a text"),
        ({"precision": "x"}, "precision='x' should be a whole number"),
        ({"precision": -1}, "precision=-1 must be between 0 and 17"),
        ({"dpi": 3}, "dpi=3 must be between 10 and 2400"),
        ({"annotate": 1}, "annotate=1 should be True or False"),
        ({"vmax": "1"}, "vmax='1' should be a number"),
        ({"highlight": 3}, "highlight=3 should be a text, or a list"),
        ({"highlight": [(0.5, 1)]}, "(0.5, 1) should be a text"),
        ({"highlight": (9, None)}, "highlight (9, None) is not in this map"),
        ({"highlight": "dig"}, "there is no query 'dig'"),
        ({"highlight": [(9, None)]}, "highlight (9, None) is not in this map"),
        ({"query": 1.5}, "query=1.5 should be a whole number or a text"),
        ({"query": "dig"}, "there is no query 'dig'"),
        ({"view": "matix"}, "Did you mean 'matrix'"),
        ({"palette": "hot-pink"}, "unknown palette 'hot-pink'"),
        ({"width": "wide"}, "width='wide' must be a length"),
        ({"width": 0.0}, "width=0 must be a length"),
        ({"frames": "words"}, "frames='words' must be one of layers, heads, steps"),
    ],
)
def test_what_is_no_display_option(style, message, tmp_path):
    for call in (lambda **s: attnviz.write(AMAP, tmp_path / "x.svg", **s), AMAP.figure):
        with pytest.raises(MisuseError) as caught:
            call(**style)
        assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", [io.StringIO(), 3, None, ["x.png"]])
def test_what_is_no_target(target):
    with pytest.raises(UnknownParameterError, match=r"target=.* (binary mode|should be a path)"):
        attnviz.write(AMAP, target, format="json")


def test_a_head_on_an_axes_of_the_user():
    figure = Figure(figsize=(4, 3))
    left, right = figure.subplots(1, 2)
    assert AMAP.plot(left, head=1) is left
    (image,) = left.images
    assert (image.get_array() == AMAP.weights[0, 1]).all()
    assert image.cmap(0.0)[:3] == pytest.approx((0.267, 0.005, 0.329), abs=2e-3)  # viridis
    assert image.get_clim() == (0.0, 1.0)
    assert [label.get_text() for label in left.get_xticklabels()] == TEXT.split()
    assert left.get_title() == "causal · head 1"
    assert len(right.images) == 0
    figure.colorbar(image, ax=left)
    figure.savefig(io.BytesIO(), format="png")


def test_options_of_a_plot():
    axes = AMAP.plot(
        Figure().subplots(), head=0, palette="Greys", vmax=0.5, title="T", annotate=False
    )
    assert axes.get_title() == "T"
    assert axes.images[0].get_clim() == (0.0, 0.5)
    assert len(axes.texts) == 0
    with pytest.raises(MisuseError, match="plot draws one head: choose with head="):
        AMAP.plot(Figure().subplots())
    for projection in ("polar", "3d"):
        with pytest.raises(UnknownParameterError, match=f"ax is {projection}; a heatmap needs"):
            AMAP.plot(Figure().add_subplot(projection=projection), head=0)
    for option in ("size", "view", "dpi"):
        with pytest.raises(UnknownParameterError, match="figure"):
            AMAP.plot(Figure().subplots(), head=0, **{option: (1, 1)})


@pytest.mark.parametrize("norm", [None, "sqrt", "log"])
@pytest.mark.parametrize("name", ["weights", "difference"])
def test_colors_on_an_axes_are_those_of_figures(name, norm):
    other = attnviz.look(TEXT, variant="dot", heads=2)
    amap = (AMAP if name == "weights" else AMAP - other).sel(head=0)
    if (name, norm) == ("difference", "log"):
        with pytest.raises(MisuseError, match="norm sqrt"):
            amap.plot(Figure().subplots(), norm=norm)
        return
    figure = Figure()
    (image,) = amap.plot(figure.subplots(), norm=norm).images
    drawn = image.to_rgba(amap.weights[0, 0], bytes=True)[..., :3].astype(int)
    scale = Drawable.of(amap, Style(norm=norm)).scale
    off = abs(drawn - scale.rgb(amap.weights[0, 0]).astype(int))
    assert off.max() <= 8  # a step of 256 colors: matplotlib truncates where ours round
    figure.colorbar(image)
    figure.savefig(io.BytesIO(), format="png")


def test_hostile_tokens_on_an_axes_are_drawn_as_they_are():
    figure = Figure(figsize=(9, 9))
    axes = make_map(tuple(t for t in HOSTILE if t.isascii()), n_head=1).plot(figure.subplots())
    figure.savefig(io.BytesIO(), format="svg")
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())


def test_a_plot_without_an_axes_is_one_of_pyplot():
    from matplotlib import pyplot

    matplotlib.use("agg")
    axes = AMAP.plot(head=0)
    assert pyplot.gcf() is axes.figure
    pyplot.close(axes.figure)


def test_show_prints_the_table_of_the_command(capsys):
    AMAP.show(precision=3)
    shown = capsys.readouterr().out.splitlines()
    made = run("show", TEXT, "-v", "causal", "--heads", "2", "--precision", "3").out.splitlines()
    assert [line.rstrip() for line in shown] == [line.rstrip() for line in made]


def test_show_displays_a_page_in_a_notebook(monkeypatch):
    import builtins

    shown = []
    monkeypatch.setattr(
        builtins, "display", lambda data, raw: shown.append((set(data), raw)), raising=False
    )
    AMAP.show(palette="Greys")
    assert shown == [({"text/html", "image/png", "text/plain"}, True)]


@pytest.mark.parametrize("cell", [(1, 2), (1, None)])
def test_a_single_cell_is_framed_like_a_list_of_one(cell, tmp_path):
    files = [tmp_path / "cell.svg", tmp_path / "list.svg", tmp_path / "none.svg"]
    for file, highlight in zip(files, (cell, [cell], None), strict=True):
        attnviz.write(AMAP, file, highlight=highlight)
    one, listed, none = (file.read_bytes() for file in files)
    assert one == listed != none
