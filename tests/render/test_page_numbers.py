"""The numbers of the page's script: those of the map, for each mechanism, shown and exported."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from attnviz.api.look import look
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.core.variants import VARIANTS
from attnviz.render.colors import ColorScale, luminance
from attnviz.render.data.csv_table import csv as csv_file
from attnviz.render.page import quantize
from attnviz.render.page.bundle import read_asset
from attnviz.render.palette import PALETTES
from attnviz.render.row_remainder import Remainder
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from attnviz.sources.external import read
from tests.conftest import HOSTILE, make_map
from tests.render.browser import missing
from tests.render.pages import html

PROGRAM = Path(__file__).parent / "page_script" / "read_pages.js"
TEXT, CONTEXT = "the cat sat on the mat and the cat slept", "le chat dort"
DATA = re.compile(rb'<script type="application/json" id="data">([^<]*)</script>')


def read_by_script(maps, folder):
    """What the script makes of the page of each map."""
    node = shutil.which("node")
    if node is None:
        missing("Node is not installed (apt-get install nodejs)")
    paths = [folder / f"{i}.json" for i in range(len(maps))]
    for amap, path in zip(maps, paths, strict=True):
        path.write_bytes(DATA.search(html(amap, Style()))[1])
    done = subprocess.run(
        [node, PROGRAM, *paths], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def number(text):
    return float(text.replace("−", "-"))


def check_weights(amap, page):
    """Every weight and row sum is that of the map, and the same pairs are masked."""
    document = json.loads(page["document"])
    weights = np.array(document["weights"])
    peaks = np.abs(amap.weights).max(-1, keepdims=True)
    steps = 65_500 if amap.signed else 130_000  # twice the codes from 0 to the peak
    assert (np.abs(weights - amap.weights) <= peaks / steps + 1e-9).all()
    np.testing.assert_allclose(page["sums"], amap.row_sums[0, 0], atol=1e-6)
    masked = np.zeros(weights.shape, bool) if amap.masked is None else amap.masked
    hidden = np.zeros(weights.shape) if document["hidden"] is None else document["hidden"]
    assert (np.asarray(hidden, bool) == masked).all()


def check_shown(amap, page):
    """Every number that cells show is that of the map."""
    for q, row in enumerate(page["shown"]):
        sizes = np.abs(amap.weights[0, 0, q])
        for k, (text, percent, rank, _) in enumerate(row):
            weight = float(amap.weights[0, 0, q, k])
            if text == "masked":
                assert weight == 0.0 and rank == 0 and not percent
                continue
            if text.startswith("< "):
                assert abs(weight) <= number(text[2:]) * 1.05
            else:
                assert abs(number(text) - weight) <= 0.000_501 + sizes.max() / 65_000
            if percent and "<" not in percent:
                assert abs(number(percent.removesuffix(" %")) - 100 * weight) < 0.06
            assert rank >= 1 + np.count_nonzero(sizes > abs(weight) * (1 + 1e-4) + 1e-4)


def check_remainder(amap, page):
    """The column of remainders is that of the other formats."""
    remainder = Remainder.of(amap)
    if remainder is None:
        assert page["margin"] is None
    elif page["margin"] is None:  # the page leaves out a column of zeros
        assert np.abs(remainder.values).max() < 1e-3
    else:
        mark, values = page["margin"]
        assert mark == remainder.mark
        np.testing.assert_allclose(values, remainder.values[0, 0], atol=2e-4)


def test_numbers_of_every_mechanism_are_those_of_the_map(tmp_path):
    """One test: the script reads all pages in one process, and each worker would do so."""
    maps = [
        look(TEXT, variant=row.name, context=CONTEXT if row.context == "required" else None)
        for row in VARIANTS.values()
    ]
    failures = []
    for name, amap, page in zip(VARIANTS, maps, read_by_script(maps, tmp_path), strict=True):
        for check in (check_weights, check_shown, check_remainder):
            try:
                check(amap, page)
            except AssertionError as error:
                failures.append(f"{name}, {check.__name__}: {error}")
    assert not failures, "\n".join(failures)


def test_a_wrong_number_is_noticed(tmp_path):
    amap = look(TEXT, variant="causal")
    (page,) = read_by_script([amap], tmp_path)
    other = look(TEXT, variant="sliding-window")
    for check in (check_weights, check_shown):
        check(amap, page)
        with pytest.raises(AssertionError):
            check(other, page)


STEPS = ("rope", "alibi", "softcap", "softmax-one", "sigmoid", "cosine", "learned-sink")


def test_the_steps_of_the_script_end_at_the_weights(tmp_path):
    maps = [look(TEXT, variant=name, with_vectors=True) for name in STEPS]
    for name, amap, page in zip(STEPS, maps, read_by_script(maps, tmp_path), strict=True):
        np.testing.assert_allclose(page["steps"], amap.weights[0, 0], atol=5e-4, err_msg=name)


def sink_map(least, second=0.037):
    """Rows of which a special token has nearly all, one key `second` and the others `least`."""
    tokens = tuple(Token(f"t{i}", f"t{i}", special=i == 0) for i in range(12))
    weights = np.full((1, 1, 12, 12), least)
    weights[..., 5] = second
    weights[..., 0] = 1.0 - weights[..., 1:].sum(-1)
    return AttentionMap(tokens, tokens, weights)


def test_weights_beside_a_sink_are_shown_as_they_are_in_8_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(quantize, "MAX_16_BIT_VALUES", 0)
    amap = sink_map(least=0.0009)
    (page,) = read_by_script([amap], tmp_path)
    shown = np.array([[number(text) for text, *_ in row] for row in page["shown"]])
    np.testing.assert_allclose(shown, amap.weights[0, 0], atol=0.002)
    assert shown[1, 1] > 0
    np.testing.assert_allclose(page["sums"], 1.0, atol=1e-6)
    rest = amap.weights[0, 0, 1, 1:] / amap.weights[0, 0, 1, 1:].sum()
    again = [number(text) for text, *_ in page["renormalized"]["shown"][0]]
    np.testing.assert_allclose(again, rest, atol=0.02)


def test_rows_below_the_stored_precision_are_not_renormalized(tmp_path, monkeypatch):
    monkeypatch.setattr(quantize, "MAX_16_BIT_VALUES", 0)
    (page,) = read_by_script([sink_map(least=1e-6, second=2e-5)], tmp_path)
    (text, percent, _, tied) = page["shown"][1][1]
    assert text.startswith("< ") and percent.startswith("< ") and tied == 9
    assert number(text[2:]) >= 1e-6
    assert page["renormalized"]["shown"][0][4][0] == page["shown"][1][5][0]
    assert any("below the stored precision" in note for note in page["renormalized"]["notes"])


def test_an_exported_document_is_read_as_the_map(tmp_path):
    maps = [look(TEXT, variant=name) for name in ("causal", "cog", "sigmoid")]
    for amap, page in zip(maps, read_by_script(maps, tmp_path), strict=True):
        again = read(page["document"].encode())
        assert (again.text, again.layers, again.heads) == (amap.text, amap.layers, amap.heads)
        assert [t.label for t in again.keys] == [t.label for t in amap.keys]
        np.testing.assert_allclose(again.weights, amap.weights, atol=1e-5)


def test_hostile_tokens_are_cells_and_strings_as_the_command_writes_them(tmp_path):
    amap = make_map(tuple(HOSTILE), n_head=1)
    (page,) = read_by_script([amap], tmp_path)
    ours = list(csv.reader(StringIO(page["csv"], newline="")))
    theirs = list(csv.reader(StringIO(b"".join(csv_file(amap, Style())).decode(), newline="")))
    assert [row[:-1] for row in ours] == [row[:-1] for row in theirs]
    weights = [[float(row[-1]) for row in rows[1:]] for rows in (ours, theirs)]
    np.testing.assert_allclose(*weights, atol=1e-5)
    assert page["document"].isascii()
    assert [t.label for t in read(page["document"].encode()).keys] == list(HOSTILE)


SVG = "{http://www.w3.org/2000/svg}"


def test_hostile_tokens_are_labels_in_svg(tmp_path):
    amap = make_map(tuple(HOSTILE), n_head=1)
    (page,) = read_by_script([amap], tmp_path)
    root = ElementTree.fromstring(page["svg"])
    assert {node.tag for node in root.iter()} == {
        SVG + tag for tag in ("svg", "g", "rect", "text", "clipPath", "path")
    }
    texts = [node.text for node in root.iter(f"{SVG}text")]
    labels = [escape_token(label) for label in HOSTILE]
    n_whole = sum(texts.count(label) == 2 for label in labels)
    assert n_whole >= len(labels) // 2  # the others are cut, or have their positions


def test_masked_cells_are_hatched_in_svg_and_each_weight_has_its_color(tmp_path):
    amap = look(TEXT, variant="causal")
    (page,) = read_by_script([amap], tmp_path)
    root = ElementTree.fromstring(page["svg"])
    assert root.find(f".//{SVG}pattern") is not None
    scale = ColorScale.of(amap.weights, palette=PALETTES[0].name)
    fills = {node.get("fill") for node in root.iter(f"{SVG}rect")}
    for weight in amap.weights[0, 0][np.tril_indices(len(amap.keys))]:
        level = int(scale.levels(weight))
        near = scale.palette.rgb[max(0, level - 1) : level + 2].tolist()
        assert {f"rgb({r} {g} {b})" for r, g, b in near} & fills


def contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def theme_luminances(name):
    """A color of the stylesheet on light and dark pages, as luminance."""
    colors = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", read_asset("style.css"))
    return [luminance(tuple(bytes.fromhex(color[1:]))) for color in colors.groups()]


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_a_mark_is_visible_on_every_color(palette, page):
    line, halo = theme_luminances("ink")[page], theme_luminances("ground")[page]
    for rgb in palette.rgb.tolist():
        color = luminance(tuple(rgb))
        assert max(contrast(color, line), contrast(color, halo)) >= 3


def test_a_line_without_its_halo_is_not_visible_on_every_color():
    line = theme_luminances("ink")[0]
    colors = [luminance(tuple(rgb)) for palette in PALETTES for rgb in palette.rgb.tolist()]
    assert min(contrast(color, line) for color in colors) < 3
