"""JPEG, WebP, EPS, animations and Vega-Lite."""

from __future__ import annotations

import json
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import attnviz
from attnviz.errors import MisuseError
from attnviz.render import figure
from attnviz.render.data.vega_lite import MAX_WEIGHTS
from attnviz.render.formats import find_format, format_for_path, known_format
from attnviz.render.style import Style
from tests.cli.runner import run
from tests.conftest import make_map

TEXT = "the cat sat on the mat"


def written(name, amap=None, **style):
    """A map in a format."""
    return find_format(name).render(make_map() if amap is None else amap, Style(**style))


def image(name, amap=None, **style):
    """A map as an image of Pillow."""
    return Image.open(BytesIO(written(name, amap, **style)))


@pytest.mark.parametrize("name", ["eps", "jpg", "webp", "gif", "apng", "vega-lite"])
def test_equal_maps_are_equal_bytes(name):
    assert written(name) == written(name)


@pytest.mark.parametrize("name", ["jpg", "webp"])
def test_raster_images_show_what_the_png_shows(name):
    options = {"made_by": {"Software": "attnviz → 1"}, "title": "Ein Täßchen"}
    made, png = image(name, **options), image("png", **options)
    apart = np.abs(np.asarray(made.convert("RGB"), int) - np.asarray(png.convert("RGB"), int))
    assert made.size == png.size and apart.mean() < 1
    exif = made.getexif()
    facts = [exif[tag].encode("latin-1").decode() for tag in (0x010E, 0x0131)]
    assert facts == ["Ein Täßchen", "Software: attnviz → 1"]
    assert abs(image(name, zoom=2.0).width - 2 * made.width) < 3


def test_an_eps_has_no_date_and_a_size():
    write = figure.eps.__wrapped__  # with the fonts that it has outside of tests
    eps = write(make_map(), Style(title="Ein Täßchen → ∅"))
    assert b"/FontType 42" in eps and b"/FontType 3" not in eps
    assert eps.startswith(b"%!PS-Adobe") and b"CreationDate" not in eps
    assert rb"%%Creator: Ein T\xe4\xdfchen \u2192 \u2205" in eps
    large = write(make_map(), Style(title="Ein Täßchen → ∅", zoom=2.0))
    boxes = [
        [float(n) for n in re.search(rb"%%HiResBoundingBox: (.*)", data)[1].split()]
        for data in (eps, large)
    ]
    assert np.allclose(boxes[1], 2 * np.array(boxes[0]), atol=1e-3)
    assert b"\n2 2 scale\n" in large and b"\n2 2 scale\n" not in eps


@pytest.mark.parametrize("name", ["jpg", "eps"])
def test_formats_without_transparency_refuse_it(name):
    with pytest.raises(MisuseError, match=f"transparent has no effect on {name}"):
        written(name, transparent=True)
    made = run(TEXT, "-o", f"x.{name}", "--transparent")
    assert made.status == 2 and f"--transparent has no effect on {name}" in made.err


@pytest.mark.parametrize("name", ["gif", "apng"])
def test_an_animation_has_a_frame_per_layer_on_one_scale(name):
    amap = make_map(n_layer=3, n_head=1)
    movie = image(name, amap, dpi=50)
    assert (movie.n_frames, movie.info["loop"]) == (3, 0)
    colors = []
    for frame in range(3):
        movie.seek(frame)
        colors.append(np.asarray(movie.convert("RGB")).reshape(-1, 3))
    assert all(len(frame) == len(colors[0]) for frame in colors)
    # The colorbar of each frame ends at the largest weight of all layers.
    alone = [
        image("png", amap.select(layers=[layer]), vmax=float(amap.weights.max()), dpi=50)
        for layer in range(3)
    ]
    for frame, still in zip(colors, alone, strict=True):
        if still.size == movie.size:
            apart = np.abs(
                frame.astype(int) - np.asarray(still.convert("RGB"), int).reshape(-1, 3)
            )
            assert apart.mean() < 3
    assert any(still.size == movie.size for still in alone)
    assert getattr(image(name, make_map(), dpi=50), "n_frames", 1) == 1


def specification(amap=None, **style):
    """The Vega-Lite specification of a map."""
    return json.loads(written("vega-lite", amap, **style))


def test_a_specification_holds_all_visible_weights():
    amap = attnviz.look(TEXT, variant="multihead", mask="causal", heads=2)
    spec = specification(amap)
    rows = spec["data"]["values"]
    assert len(rows) == 2 * 21
    for row in rows:
        at = row["layer"], row["head"], row["query_position"], row["key_position"]
        assert row["weight"] == pytest.approx(float(amap.weights[at]), rel=1e-5)
    labels = {each["name"]: each["value"] for each in spec["params"]}
    assert labels["keys"] == TEXT.split() and "untrained" in spec["title"]["subtitle"]
    encoding = spec["spec"]["encoding"]
    assert encoding["x"]["axis"]["labelExpr"] == "keys[datum.value]"
    scale = encoding["color"]["scale"]
    assert scale["domain"] == [0, float(amap.weights.max())] and len(scale["range"]) == 17
    assert scale["range"][0] == "#440154"  # viridis


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ({"norm": "log", "vmin": 0.01}, {"type": "log", "domain": [0.01, 0.5]}),
        ({"norm": "sqrt"}, {"type": "pow", "exponent": 0.5}),
        ({"palette": "RdBu"}, {"domain": [-0.5, 0.5]}),
    ],
)
def test_a_specification_has_the_scale_of_the_figures(style, expected):
    spec = specification(make_map(), **{"vmax": 0.5, **style})
    scale = spec["spec"]["encoding"]["color"]["scale"]
    assert expected.items() <= scale.items() and scale["clamp"]


def test_tokens_are_no_markup_in_a_specification():
    data = written("vega-lite", make_map(["<b>", "a\x1b[1m", "&"]))
    assert not {b"<", b">", b"&", b"\x1b"} & {data[i : i + 1] for i in range(len(data))}


def test_what_a_specification_cannot_hold_is_refused():
    amap = attnviz.compare(TEXT, variants=["scaled-dot", "causal"])
    with pytest.raises(MisuseError, match="one color scale"):
        written("vega-lite", amap)
    side = int(MAX_WEIGHTS**0.5) + 1
    with pytest.raises(MisuseError, match=f"up to {MAX_WEIGHTS:,} weights"):
        written("vega-lite", make_map(["t"] * side, n_head=1))


def test_the_longest_extension_names_the_format():
    assert format_for_path("a/b.vl.json").name == "vega-lite"
    assert format_for_path("a/vl.json").name == "json"
    assert format_for_path("x.JPEG").name == "jpg"
    assert known_format("a/.png") is None and known_format("x.xyz") is None
