"""Figure files: any token, deterministic bytes, metadata."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import warnings
import zlib
from xml.etree import ElementTree

import matplotlib
import pytest

from attnviz.errors import AttnvizWarning
from attnviz.render import figure
from attnviz.render.style import Style
from attnviz.render.views import VIEW_NAMES
from tests.conftest import HOSTILE, make_map
from tests.render.pictures import SENTENCE, spread

FORMATS = {"png": figure.png, "svg": figure.svg, "pdf": figure.pdf}
SVG = "{http://www.w3.org/2000/svg}"
quiet = pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")


def svg_texts(data: bytes) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(data).iter(f"{SVG}text")]


def chunks(png: bytes) -> dict[str, str]:
    """The text chunks of a PNG, their check sums tested."""
    contents, at = {}, 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + data
        )
        if kind == b"tEXt":
            key, _, value = data.partition(b"\0")
            contents[key.decode("latin-1")] = value.decode("latin-1")
        if kind == b"iTXt":
            key, _, rest = data.partition(b"\0")
            contents[key.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode("utf-8")
        at += length + 12
    return contents


@quiet
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("view", VIEW_NAMES)  # auto is one of them
def test_hostile_tokens_in_every_view(view, format):
    style = Style(
        view=view,
        title="".join(HOSTILE),
        captions={(0, 0): HOSTILE[8]},
        made_by={"Command": "".join(HOSTILE)},
    )
    data = FORMATS[format](spread(HOSTILE, n_head=1), style)
    assert data.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[format])
    if format == "svg":
        ElementTree.fromstring(data)


def test_text_stays_text_in_svg():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts = svg_texts(figure.svg(make_map(["中文", "👩‍👩‍👧‍👦", "$x$"]), Style(title="<b>&")))
    assert {"中文", "👩‍👩‍👧‍👦", "$x$", "<b>&", "query", "key"} <= set(texts)


def test_a_figure_file_has_its_provenance():
    made_by = {"Software": "attnviz 1.2.3", "Command": "attnviz '中 x' -o a.png", "Seed": "0"}
    style = Style(title="mine", made_by=made_by)
    assert made_by.items() <= chunks(figure.png(make_map(), style)).items()
    assert chunks(figure.png(make_map(), style))["Title"] == "mine"
    svg = figure.svg(make_map(), style).decode()
    assert "Software: attnviz 1.2.3; Command: attnviz '中 x' -o a.png; Seed: 0" in svg
    pdf = figure.pdf(make_map(), Style(title="mine", made_by={"Software": "attnviz 1.2.3"}))
    assert b"/Title (mine)" in pdf
    assert b"/Subject (Software: attnviz 1.2.3)" in pdf


def test_files_have_no_date_and_are_deterministic():
    assert b"<dc:date>" not in figure.svg(make_map(), Style())
    assert b"CreationDate" not in figure.pdf(make_map(), Style())


def test_pdf_fonts_can_be_edited():
    data = figure.pdf(make_map(), Style())
    assert b"/FontFile2" in data or b"/CIDFontType2" in data
    assert b"/Type3" not in data


def test_pixels_are_inches_times_dots():
    data = figure.png(make_map(), Style(size=(5, 3), dpi=80))
    assert struct.unpack(">II", data[16:24]) == (400, 240)


PROGRAM = """
import hashlib, sys
from attnviz.render import figure
from attnviz.render.style import Style
from tests.render.pictures import SENTENCE, spread
amap = spread(SENTENCE, causal=True, row_sum="at most 1")
for make in (figure.png, figure.svg, figure.pdf):
    print(hashlib.sha256(make(amap, Style())).hexdigest())
print("matplotlib.pyplot" in sys.modules)
"""


def in_another_process(program: str, **environment: str) -> list[str]:
    process = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    assert process.stderr == ""
    return process.stdout.split()


def test_the_same_bytes_in_another_process_with_other_settings(tmp_path):
    habits = tmp_path / "matplotlibrc"
    habits.write_text(
        "font.size: 31\nfont.family: serif\naxes.grid: True\nsavefig.dpi: 20\n"
        "savefig.bbox: tight\nsvg.fonttype: path\nimage.cmap: jet\nlines.linewidth: 9\n"
        "figure.autolayout: True\nbackend: svg\ntext.usetex: True\nfigure.facecolor: red\n"
    )
    amap = spread(SENTENCE, causal=True, row_sum="at most 1")
    here = [hashlib.sha256(make(amap, Style())).hexdigest() for make in FORMATS.values()]
    there = in_another_process(
        PROGRAM, MATPLOTLIBRC=str(habits), PYTHONHASHSEED="77", TZ="Asia/Tokyo"
    )
    assert there == [*here, "False"]


def test_the_test_of_settings_can_fail(tmp_path):
    habits = tmp_path / "matplotlibrc"
    habits.write_text("font.size: 31\n")
    program = "import matplotlib; print(matplotlib.rcParams['font.size'])"
    assert in_another_process(program, MATPLOTLIBRC=str(habits)) == ["31.0"]


def test_settings_of_matplotlib_are_not_changed():
    before = matplotlib.rcParams.copy()
    figure.svg(make_map(), Style())
    assert matplotlib.rcParams.copy() == before


def test_nothing_of_matplotlib_is_loaded_before_something_is_drawn():
    program = "import sys, attnviz.render.figure; print('matplotlib' in sys.modules)"
    assert in_another_process(program) == ["False"]
    assert in_another_process("import matplotlib; " + program) == ["True"]


def test_a_broken_view_is_not_hidden_by_the_warning_filter():
    with pytest.warns(AttnvizWarning) as warned:
        figure.png(spread(["a"] * 60, n_head=1), Style(annotate=True, size=(5, 5)))
    assert len(warned) == 1
