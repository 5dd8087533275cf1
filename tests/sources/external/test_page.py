"""attnviz pages: invalid, truncated, or with data that expands without limit."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest

from attnviz.errors import InvalidInputError, UnknownNameError
from attnviz.render.page import quantize
from attnviz.render.style import Style
from attnviz.sources.external import read
from attnviz.sources.external.assemble import assemble
from attnviz.sources.external.attnviz_html import (
    inflate,
    parse_packed_header,
    read_html,
    restore_sums,
    unpack_values,
)
from attnviz.sources.external.selection import Selection
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.pages import html, stored

START, END = b'<script type="application/json" id="data">', b"</script>"
PEAKS, SHAPE = np.ones(3, "<f8").tobytes(), [1, 1, 3, 3]


def read_page(data):
    return assemble(read_html(data, Selection()), None, Selection(), "attnviz")


def squeezed(data):
    return b64encode(zlib.compress(data)).decode()


def page(**changes):
    """A page whose weights are not as they were."""
    before, rest = html(make_map(), Style()).split(START)
    said, after = rest.split(END, 1)
    island = json.loads(said)
    weights = {"codes": "uint8", "shape": SHAPE, "layers": [squeezed(PEAKS + bytes([1] * 9))]}
    island["maps"][0]["heads"] = [0]
    island["maps"][0]["weights"] = weights | changes
    return before + START + json.dumps(island).encode() + END + after


def test_the_valid_page_can_be_read():
    assert (read_page(page()).weights == 0).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"codes": "float32"},
        {"codes": []},
        {"curve": "cubic"},
        {"planes": True, "shape": [1, 1, 3, 2], "layers": [squeezed(PEAKS + bytes([1] * 6))]},
        {"curve": []},
        {"sums": 1},
        {"shape": [1, 1, 3]},
        {"shape": [1, 1, 3, -3]},
        {"shape": [1, 1, 3, 3.0]},
        {"shape": [1, 1, 3, True]},
        {"shape": [1, 1, 4, 3]},
        {"shape": [1, 1 << 14, 1 << 14, 3]},
        {"layers": []},
        {"layers": [0]},
        {"layers": ["%%%"]},
        {"layers": ["é"]},
        {"layers": [b64encode(b"not deflated").decode()]},
        {"layers": [squeezed(PEAKS)]},
        {"layers": [squeezed(PEAKS + bytes(9) + bytes(1 << 24))]},
        {"layers": [squeezed(np.full(3, np.nan, "<f8").tobytes() + bytes([9] * 9))]},
        {"layers": [squeezed(np.full(3, np.inf, "<f8").tobytes() + bytes([9] * 9))]},
        {"layers": [squeezed(np.full(3, 1e300, "<f8").tobytes() + bytes([9] * 9))]},
    ],
    ids=str,
)
def test_broken_numbers_are_refused(changes):
    with pytest.raises(InvalidInputError):
        read_page(page(**changes))


@pytest.mark.parametrize(
    "island", [b"", b"[", b"{}", b'{"maps":[]}', b'{"maps":[1]}', b'{"maps":[{}]}', b"[" * 99999]
)
def test_broken_islands_are_refused(island):
    with pytest.raises(InvalidInputError):
        read_page(START + island + END)
    with pytest.raises(InvalidInputError):
        read_page(island)


@pytest.mark.parametrize("codes", ["uint8", "int8"])
def test_codes_of_one_byte_have_no_planes(codes):
    with pytest.raises(InvalidInputError, match=f"{codes} has one byte per code, and no planes"):
        read_page(page(codes=codes, planes=True))


def test_another_version_is_refused():
    with pytest.raises(InvalidInputError, match="2\\.0"):
        read_page(html(make_map(), Style()).replace(b'"1.0"', b'"2.0"'))


def test_a_name_that_no_map_has():
    with pytest.raises(UnknownNameError):
        read_html(html(make_map(), Style()), Selection(name="x"))


@pytest.mark.parametrize("n_16_bit", [1 << 20, 0])
@pytest.mark.parametrize("n_key", [1, 2, 3, 17, 300])
@pytest.mark.parametrize("concentration", [0.05, 1.0, 100.0])
def test_row_sums_are_those_before_rounding(monkeypatch, n_16_bit, n_key, concentration):
    """What 16-bit or 8-bit codes take from a row is given back; each weight stays as close."""
    monkeypatch.setattr(quantize, "MAX_16_BIT_VALUES", n_16_bit)
    random = np.random.default_rng(n_key)
    weights = random.dirichlet([concentration] * n_key, size=(1, 2, 8))
    weights[0, 0, 0, 0] *= 0.5  # a row that does not sum to 1
    packed = parse_packed_header(stored(quantize.quantize(weights, False)), "weights")
    values, _ = unpack_values(packed, "weights")
    peaks = weights.max(-1, keepdims=True)
    assert (np.abs(values - weights) <= peaks / (65_000 if n_16_bit else 127)).all()
    assert np.abs(values.sum(-1, dtype=float) - weights.sum(-1)).max() < 9e-6
    assert values.min() >= 0


def test_sums_that_no_rounding_explains_change_little():
    data = PEAKS + np.full(3, 9.0, "<f8").tobytes() + bytes([255, 100, 0] * 3)
    changed = page(sums=True, layers=[squeezed(data)])
    weights = read_page(changed).weights
    assert np.allclose(weights, [1.0, 99 / 254 + 1 / 254, 0.0])


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (1.0, [0.25, 0.5, 0.25]),
        (1.1, [0.3, 0.55, 0.25]),  # each changes by the share that is missing
        (0.9, [0.2, 0.45, 0.25]),
        (9.0, [0.35, 0.6, 0.25]),  # at most by one step
        (-9.0, [0.15, 0.4, 0.25]),
    ],
)
def test_sums_are_restored_within_a_step(total, expected):
    values, steps = np.array([[0.25, 0.5, 0.25]] * 2), np.array([[0.1, 0.1, 0.0], [0.0] * 3])
    restored = restore_sums(values, np.array([total, total]), steps)
    assert np.allclose(restored, [expected, values[1]])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_page_that_is_cut_off_is_one_clear_line(share, tmp_path):
    whole = html(make_map(text="x" * 50_000), Style())
    end = whole.index(END, whole.index(START))
    path = tmp_path / "half.html"
    path.write_bytes(whole[: max(700, int(share * end))])
    done = run("render", str(path))
    assert (done.status, done.out) == (3, "")
    assert done.err == (
        "error: 'half.html': the page is cut off: its data do not end in it; save, copy or "
        "download it again\n"
    )


def test_a_page_that_is_cut_off_after_its_data_is_read():
    whole = html(make_map(), Style())
    end = whole.index(END, whole.index(START)) + len(END)
    assert np.allclose(read_page(whole[:end]).weights, make_map().weights, atol=1e-4)


PAGES = sorted((Path(__file__).parent / "fixtures" / "pages").glob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
@pytest.mark.parametrize("bits", [16, 8])
def test_pages_of_every_earlier_version_are_read(path, bits):
    """Written by the code of their time: linear codes, square roots with row sums, planes."""
    amap = read(path, which=f"{bits} bits")
    rows = np.array([[1, 0, 0], [0.96, 0.04, 0], [0.9, 0.003, 0.097]])
    is_linear = path.stem == "linear"
    limit = 1e-5 if bits == 16 else 0.002 if is_linear else 0.001
    assert np.abs(amap.weights[0] - np.stack([rows, rows / 2])).max() < limit
    assert (amap.visible == np.tril(np.ones((3, 3), bool))).all()
    assert (amap.layers, amap.heads, amap.text) == ((2,), (1, 4), "<a> b c")
    assert [token.label for token in amap.keys] == ["<a>", "b", "c"]
    vectors = (np.arange(12).reshape(1, 2, 3, 2) - 5) / 7
    assert np.allclose(amap.query_vectors, vectors, atol=0.01)
    assert np.allclose(amap.key_vectors, -vectors, atol=0.01)


def test_the_format_of_pages_of_today_is_among_them():
    """A page of each version is kept: a new version adds one."""
    today = json.loads(html(make_map(), Style()).split(START)[1].split(END)[0])["maps"][0]
    known = [json.loads(path.read_bytes().split(START)[1].split(END)[0]) for path in PAGES]
    headers = [set(page["maps"][0]["weights"]) for page in known]
    assert len(headers) == 3 and set(today["weights"]) in headers


def test_a_layer_that_expands_too_far_is_refused_in_little_memory():
    bomb = squeezed(bytes(1 << 23))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError, match="should expand to 10 bytes"):
            inflate(bomb, 10, "weights")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
