"""Pixels of the images: palette colors, orientation, masked cells, colorbar, grid of heads.

The expected colors come from matplotlib's own colormaps and from the weights. The figure's axes
only say where on the image to look.
"""

from __future__ import annotations

import re
from io import BytesIO
from unittest.mock import patch
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render import figure
from attnviz.render.formats import find_format
from attnviz.render.palette import PALETTES
from attnviz.render.style import Style
from tests.render.pictures import cell_texts

TOLERANCE = 2  # of 255, per channel
# Palette indices, all distinct; each row has the same sum, so that weights can sum to 1.
LEVELS = np.array([[0, 40, 90, 140, 240], [255, 10, 120, 60, 65], [30, 225, 75, 160, 20]])
SVG = "{http://www.w3.org/2000/svg}"


def lut(palette: str, levels) -> np.ndarray:
    """matplotlib's colors at these indices of a palette.    [...] -> [..., 3]"""
    table = matplotlib.colormaps[palette](np.arange(256), bytes=True)
    return table[np.asarray(levels), :3].astype(int)


def map_of(weights, visible=None, **meta) -> AttentionMap:
    """A map of these weights.    [query, key] or [layer, head, query, key]"""
    weights = np.asarray(weights, float)
    weights = weights.reshape((1, 1, *weights.shape)) if weights.ndim == 2 else weights
    queries, keys = (
        tuple(Token.of(f"{name}{i}") for i in range(n))
        for name, n in zip("qk", weights.shape[2:], strict=True)
    )
    return AttentionMap(queries, keys, weights, visible, meta=meta)


def signed_map(levels) -> AttentionMap:
    """Weights from −0.6 to 0.6 whose colors are these of the 256 of a diverging palette."""
    return map_of(0.6 * (2 * np.asarray(levels) / 255 - 1), signed=True, row_sum="any")


def decode(data: bytes) -> np.ndarray:
    """A PNG image.    -> [row, column, 3], 0 to 255"""
    return np.rint(imread(BytesIO(data))[..., :3] * 255).astype(int)


@pytest.fixture(scope="module")
def plain():
    """The picture of LEVELS with default options."""
    return Picture(map_of(LEVELS / 510))


class Picture:
    """The pixels of a map as PNG, and the boxes of its axes and heat images in pixels."""

    def __init__(self, amap, **style):
        style = Style(**{"dpi": 80, "annotate": False, **style})
        with patch.object(figure, "write_image", wraps=figure.write_image) as save:
            self.pixels = decode(find_format("png").render(amap, style))
        self.figure = save.call_args.args[0]

    def region(self, box) -> np.ndarray:
        """The pixels in a box of display coordinates, whose y axis points up."""
        height = len(self.pixels)
        top, bottom = round(height - box.y1), round(height - box.y0)
        return self.pixels[top:bottom, round(box.x0) : round(box.x1)]

    def heat(self, index=0) -> np.ndarray:
        """The pixels of a heat image of the first panel."""
        return self.region(self.figure.axes[0].images[index].get_window_extent())

    @property
    def bar(self):
        """The axes of the colorbar."""
        return next(axes for axes in self.figure.axes if axes.get_label() == "colorbar")


def cells(pixels, n_row, n_column) -> np.ndarray:
    """The inner pixels of each cell, without its border.    -> [row, column, y, x, 3]"""
    height, width = len(pixels) / n_row, pixels.shape[1] / n_column
    high, wide = int(0.6 * height), int(0.6 * width)
    starts = [
        [(round((r + 0.2) * height), round((c + 0.2) * width)) for c in range(n_column)]
        for r in range(n_row)
    ]
    return np.array([[pixels[y : y + high, x : x + wide] for y, x in row] for row in starts])


def difference(pixels, expected) -> int:
    """The largest difference of a channel between the cells of a heat image and their colors."""
    n_row, n_column = expected.shape[:2]
    return int(np.abs(cells(pixels, n_row, n_column) - expected[:, :, None, None]).max())


def centers(pixels, color) -> tuple[float, float]:
    """Where the pixels of a color are, on average.    -> (row, column)"""
    matches = (np.abs(pixels - color) <= TOLERANCE).all(-1)
    assert matches.sum() > 9
    row, column = np.argwhere(matches).mean(0)
    return row, column


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_each_cell_has_the_palette_color_of_its_weight(palette):
    """The first query is at the top and the first key at the left: no two cells are equal."""
    amap = signed_map(LEVELS) if palette.is_diverging else map_of(LEVELS / 510)
    picture = Picture(amap, palette=palette.name)
    assert difference(picture.heat(), lut(palette.name, LEVELS)) <= TOLERANCE


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pixels: pixels[::-1],
        lambda pixels: pixels[:, ::-1],
        lambda pixels: pixels.transpose(1, 0, 2),
        lambda pixels: pixels[..., ::-1],
        lambda pixels: np.roll(pixels, len(pixels) // 3, axis=0),
        lambda pixels: pixels + TOLERANCE + 1,
    ],
    ids=["upside down", "mirrored", "transposed", "blue for red", "a row lower", "lighter"],
)
def test_the_check_of_colors_can_fail(plain, wrong):
    pixels = plain.heat()
    assert difference(pixels, lut("viridis", LEVELS)) <= TOLERANCE
    assert difference(wrong(pixels), lut("viridis", LEVELS)) > TOLERANCE
    assert difference(pixels, lut("magma", LEVELS)) > TOLERANCE


def test_default_palettes_are_viridis_and_for_signed_weights_rdbu(plain):
    assert difference(plain.heat(), lut("viridis", LEVELS)) <= TOLERANCE
    assert difference(Picture(signed_map(LEVELS)).heat(), lut("RdBu", LEVELS)) <= TOLERANCE


def test_zero_is_the_neutral_middle_of_a_signed_map():
    picture = Picture(map_of([[0.0, -0.5], [0.25, 0.0]], signed=True, row_sum="any"))
    expected = lut("RdBu", [[128, 0], [191, 128]])  # 0.25 is 3/4 of the way from −0.5 to 0.5
    assert difference(picture.heat(), expected) <= TOLERANCE


def test_cells_with_numbers_have_the_same_colors():
    picture = Picture(map_of(LEVELS / 510), annotate=True)
    assert len(cell_texts(picture.figure)[0].texts) == LEVELS.size
    ground = cells(picture.heat(), *LEVELS.shape)[:, :, 0, 0]  # a corner, clear of the number
    assert np.abs(ground - lut("viridis", LEVELS)).max() <= TOLERANCE


def test_axis_labels_are_beside_the_cells_of_their_tokens(plain):
    axes = plain.figure.axes[0]
    box = axes.images[0].get_window_extent()
    labels = {
        label.get_text(): label for label in (*axes.get_yticklabels(), *axes.get_xticklabels())
    }
    middle = {}
    for text, label in labels.items():
        at = label.get_window_extent()
        x, y = (at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2
        middle[text] = (5 * (x - box.x0) / box.width, 3 * (box.y1 - y) / box.height)
    assert [int(middle[f"q{i}"][1]) for i in range(3)] == [0, 1, 2]
    assert [int(middle[f"k{i}"][0]) for i in range(5)] == [0, 1, 2, 3, 4]


def hatch_and_zero(palette):
    """The pixels of a masked cell and of a visible cell of weight 0."""
    visible = np.array([[True, False], [True, True]])
    amap = map_of([[1.0, 0.0], [1.0, 0.0]], visible)
    masked, zero = cells(Picture(amap, palette=palette, size=(4, 4)).heat(), 2, 2)[:, 1]
    return masked, zero


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_masked_is_not_the_color_of_zero(palette):
    masked, zero = hatch_and_zero(palette.name)
    color_of_zero = lut(palette.name, 128 if palette.is_diverging else 0)
    assert np.abs(zero - color_of_zero).max() <= TOLERANCE
    same = (np.abs(masked - color_of_zero) <= TOLERANCE).all(-1)
    assert same.mean() < 0.15  # the edge of a hatch line may pass through that gray
    assert len(np.unique(masked.reshape(-1, 3), axis=0)) > 1  # hatched, not filled
    assert np.ptp(masked, axis=-1).max() <= TOLERANCE  # gray


def test_the_check_of_masked_cells_can_fail():
    _, zero = hatch_and_zero("viridis")
    assert (np.abs(zero - lut("viridis", 0)) <= TOLERANCE).all(-1).mean() == 1.0
    assert len(np.unique(zero.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("view", ["matrix", "overview"])
def test_only_masked_cells_are_hatched(view):
    visible = np.tril(np.ones((4, 4), bool))
    weights = np.broadcast_to(visible / visible.sum(-1, keepdims=True), (2, 2, 4, 4))
    picture = Picture(map_of(weights, visible), view=view, size=(8, 8))
    heats = [
        picture.region(image.get_window_extent())
        for axes in picture.figure.axes
        for image in axes.images
        if axes is not picture.bar
    ]
    assert len(heats) == 4
    for heat in heats:
        inner = cells(heat, 4, 4)
        n_color = [[len(np.unique(cell.reshape(-1, 3), axis=0)) for cell in row] for row in inner]
        assert np.array_equal(np.array(n_color) > 1, ~visible)


@pytest.mark.parametrize(
    ("amap", "palette"),
    [(map_of(LEVELS / 510), "viridis"), (signed_map(LEVELS), "RdBu")],
    ids=["from zero", "signed"],
)
def test_the_colorbar_runs_from_low_at_the_bottom_to_high_at_the_top(amap, palette):
    picture = Picture(amap)
    bar = picture.region(picture.bar.get_window_extent())
    assert bar_difference(bar, palette) <= TOLERANCE
    assert bar_difference(bar[::-1], palette) > 50  # twin: upside down
    assert np.abs(bar[-1] - lut(palette, 0)).max() <= 3 * TOLERANCE  # a row of pixels has several
    assert np.abs(bar[0] - lut(palette, 255)).max() <= 3 * TOLERANCE
    ticks = tick_levels(picture)
    high = np.abs(amap.weights).max()
    low = -high if palette == "RdBu" else 0.0
    assert ticks[0] == pytest.approx((low, 0), abs=0.01)
    assert ticks[-1] == pytest.approx((high, 255), abs=0.01)
    for weight, level in ticks:
        assert (weight - low) / (high - low) * 255 == pytest.approx(level, abs=0.5)


def bar_difference(bar, palette) -> int:
    """The largest distance of a row of the bar from the palette around its height."""
    levels = 255 * (1 - (np.arange(len(bar)) + 0.5) / len(bar))
    near = np.clip(np.rint(levels[:, None] + np.arange(-2, 3)), 0, 255).astype(int)
    apart = np.abs(bar[:, None, :] - lut(palette, near)[:, :, None]).max(-1)  # [row, near, column]
    return int(apart.min(1).max())


def tick_levels(picture) -> list[tuple[float, float]]:
    """Each tick of the colorbar: its label as a number, and its height on the bar, 0 to 255."""
    axes = picture.bar
    box = axes.get_window_extent()
    heights = axes.transData.transform([(0, tick) for tick in axes.get_yticks()])[:, 1]
    labels = [float(label.get_text().replace("−", "-")) for label in axes.get_yticklabels()]
    levels = 255 * (heights - box.y0) / box.height
    return list(zip(labels, levels.tolist(), strict=True))


HEADS = 255 - 11 * np.arange(24).reshape(2, 3, 2, 2)  # [layer, head, query, key], all distinct


def order_of(pixels):
    """The centers of the 24 colors of HEADS.    -> [row or column, layer, head, query, key]"""
    middles = [centers(pixels, color) for color in lut("viridis", HEADS).reshape(-1, 3)]
    return np.moveaxis(np.array(middles).reshape(*HEADS.shape, 2), -1, 0)


def in_order(pixels) -> bool:
    """Layers, and queries of a head, from top to bottom; heads, and keys, from left to right."""
    row, column = order_of(pixels)
    return bool(
        (row[0].max() < row[1].min())
        and (column[:, 0].max() < column[:, 1].min() < column[:, 1].max() < column[:, 2].min())
        and (row[:, :, 0].max(-1) < row[:, :, 1].min(-1)).all()
        and (column[..., 0].max(-1) < column[..., 1].min(-1)).all()
    )


@pytest.mark.parametrize("view", ["overview", "matrix"])
def test_layer_0_is_on_top_and_head_0_at_the_left(view):
    amap = map_of(HEADS / 255, row_sum="any")
    picture = Picture(amap, view=view, dpi=50)
    right = picture.bar.get_window_extent().x0
    pixels = picture.pixels[:, : round(right)]
    assert in_order(pixels)
    for wrong in (pixels[::-1], pixels[:, ::-1]):  # twins
        assert not in_order(wrong)


def test_heads_share_one_scale():
    """Half the largest weight of the map has the middle color in every head."""
    weights = np.array([[[[0.5, 0.5]], [[0.0, 1.0]]]])
    picture = Picture(map_of(weights))
    middle, high = lut("viridis", [128, 255])
    panels = [axes for axes in picture.figure.axes if axes.images and axes is not picture.bar]
    first, second = (picture.region(axes.images[0].get_window_extent()) for axes in panels)
    assert difference(first, np.array([[middle, middle]])) <= TOLERANCE
    assert difference(second, np.array([[lut("viridis", 0), high]])) <= TOLERANCE


def svg_cells(data: bytes) -> list[np.ndarray]:
    """The colors of the groups of rectangles of an SVG file, from the top left.

    -> of each group [row, column, 3]
    """
    found = []
    for group in ElementTree.fromstring(data).iter(f"{SVG}g"):
        rects = [
            (float(r.get("y")), float(r.get("x")), float(r.get("width")), r.get("fill"))
            for r in group.findall(f"{SVG}rect")
        ]
        if not rects:
            continue
        unit = min(width for _, _, width, _ in rects)
        rows = {}
        for y, _, width, fill in sorted(rects):
            color = [int(fill[i : i + 2], 16) for i in (1, 3, 5)]
            rows.setdefault(y, []).extend([color] * round(width / unit))
        found.append(np.array(list(rows.values())))
    return found


def test_an_svg_has_the_same_colors_the_same_way_up():
    heat, bar = svg_cells(find_format("svg").render(map_of(LEVELS / 510), Style(annotate=False)))
    assert np.abs(heat - lut("viridis", LEVELS)).max() <= TOLERANCE
    assert np.abs(heat[::-1] - lut("viridis", LEVELS)).max() > TOLERANCE
    assert bar_difference(bar, "viridis") <= TOLERANCE
    assert bar_difference(bar[::-1], "viridis") > 50


def noscript_cells(data: bytes, n_row: int) -> list[list[str]]:
    """The fills of the heatmap that a browser without scripts shows, by position."""
    svg = re.search(rb"<noscript>.*?(<svg.*?</svg>)", data, re.DOTALL)[1]
    colors = {
        (int(row), int(column)): path.get("stroke")
        for path in ElementTree.fromstring(svg).iter("path")
        for column, row in re.findall(r"M(\d+) (\d+)h\.95", path.get("d"))
    }
    n_column = 1 + max(column for _, column in colors)
    return [[colors.get((q, k), "none") for k in range(n_column)] for q in range(n_row)]


@pytest.mark.parametrize("palette", ["viridis", "Blues", "RdBu"])
def test_the_page_without_scripts_has_the_same_colors(palette):
    amap = signed_map(LEVELS) if palette == "RdBu" else map_of(LEVELS / 510)
    fills = noscript_cells(find_format("html").render(amap, Style(palette=palette)), 3)
    expected = [[f"#{bytes(c).hex()}" for c in row.tolist()] for row in lut(palette, LEVELS)]
    assert fills == expected
    assert fills != expected[::-1] and fills != [row[::-1] for row in expected]


def test_the_page_without_scripts_has_the_scale_of_all_heads_and_leaves_masked_cells_empty():
    visible = np.array([[True, False], [True, True]])
    weights = np.array([[[[0.5, 0.0], [0.25, 0.0]], [[1.0, 0.0], [0.5, 0.5]]]])
    data = find_format("html").render(map_of(weights, visible, row_sum="any"))
    middle, quarter, zero = (f"#{bytes(c).hex()}" for c in lut("viridis", [128, 64, 0]).tolist())
    assert noscript_cells(data, 2) == [[middle, "none"], [quarter, zero]]
