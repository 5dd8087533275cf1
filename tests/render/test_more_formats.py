"""JPEG, WebP, EPS, animations and Vega-Lite."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import attnviz
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.render import figure
from attnviz.render.data.vega_lite import MAX_WEIGHTS
from attnviz.render.figure import image_files
from attnviz.render.figure.animation import split_frames
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.image_files import draw_pixels
from attnviz.render.formats import find_format, format_for_path, known_format
from attnviz.render.style import Style
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.pictures import bar

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
    assert name != "jpg" or made.info["dpi"] == (150, 150)
    assert abs(image(name, zoom=2.0).width - 2 * made.width) < 3


def test_an_eps_has_no_date_and_a_size(monkeypatch):
    write = figure.eps
    monkeypatch.setitem(image_files.ENCODERS, "eps", image_files.encode_eps)  # as outside of tests
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


@pytest.mark.parametrize("name", ["jpg", "eps", "gif"])
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
    for frame, (part, style) in enumerate(split_frames(amap, Style(dpi=50))):
        movie.seek(frame)
        still = figure.draw_figure(part, style, scale_of=amap)
        assert bar(still).get_ylim()[1] == float(amap.weights.max())
        drawn = np.asarray(draw_pixels(still, 1.0).convert("RGB"), int)
        assert np.abs(np.asarray(movie.convert("RGB"), int) - drawn).mean() < 3


FRAMES = [  # shape, metadata; what is requested; frames, or the refusal
    ((3, 2), {}, None, 3),
    ((3, 2), {}, "heads", 2),
    ((1, 2), {}, None, 2),
    ((1, 1), {"generated": 2}, None, 2),
    ((1, 1), {"attention": "cross"}, None, 3),
    ((1, 1), {}, None, "one layer and one head and no generated tokens; write a png, or generate"),
    ((1, 2), {}, "layers", "one layer; .* choose frames heads, or"),
    (
        (2, 2),
        {"generated": 2, "dropped": [0, 1]},
        "steps",
        "no .* frames layers or heads, or",
    ),
]


@pytest.mark.parametrize(("shape", "meta", "frames", "expected"), FRAMES, ids=str)
def test_frames_are_layers_heads_or_steps(shape, meta, frames, expected):
    amap = make_map(n_layer=shape[0], n_head=shape[1])
    amap = replace(amap, meta={**amap.meta, **meta})
    if isinstance(expected, str):
        with pytest.raises(MisuseError, match=f"needs several frames, and the map has {expected}"):
            split_frames(amap, Style(frames=frames))
        return
    parts = split_frames(amap, Style(frames=frames, title="T"))
    assert len(parts) == expected
    assert len({style.title for _, style in parts}) == expected
    assert all(style.title.startswith("T · ") for _, style in parts)


def test_steps_show_the_rows_that_predicted_the_generated_tokens():
    amap = replace(make_map(["a", "b", "c", "d"]), meta={"generated": 2})
    parts = split_frames(amap, Style(frames="steps"))
    assert [(style.view, style.query) for _, style in parts] == [("text", 1), ("text", 2)]
    assert parts[0][1].title.endswith("step 1 of 2: c")
    parts = split_frames(amap, Style(frames="steps", view="matrix"))
    assert [style.highlight for _, style in parts] == [((1, None),), ((2, None),)]


def test_frames_of_heads_name_the_only_layer():
    amap = make_map(n_layer=2).select(layers=[1])
    titles = [style.title for _, style in split_frames(amap, Style())]
    assert titles == [f"{amap.title} · layer 1 · head {head}" for head in range(amap.n_head)]


def test_frames_are_shown_as_long_as_requested():
    assert image("gif", dpi=40, frame_time=0.25).info["duration"] == 250


@pytest.mark.parametrize("view", ["lines", "rows"])
def test_frames_of_views_without_limits_have_one_scale(view):
    weights = np.stack([np.full((1, 2, 2), 0.25), np.full((1, 2, 2), 0.5)])
    amap = AttentionMap(weights=weights, queries=["a", "b"], keys=["a", "b"])
    (part, style), _ = split_frames(amap, Style(view=view))
    assert Drawable.of(part, style, scale_of=amap).scale.high == 0.5
    assert Drawable.of(part, style).scale.high == 0.25


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
