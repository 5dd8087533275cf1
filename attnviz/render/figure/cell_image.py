"""Cell images: cells that are pixels in raster images, and vector shapes in vector formats."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.render.palette import Bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
else:
    AxesImage = object  # `image_type` joins the two: matplotlib is imported when it draws

BLEED = 0.35  # points by which a cell extends below the next ones: viewers show no gaps
CRISP = {"shape-rendering": "crispEdges"}  # in SVG, where cells do not overlap


class Run(NamedTuple):
    """Neighbouring cells of one color in a row, from column `first` to before `last`."""

    row: int
    first: int
    last: int


class CellImage(AxesImage):
    """How an image of cells draws itself: in vector formats as rectangles.

    There is one per run of equal color in a row.

    `name` is the name of the heatmap, and `block` the number of queries and keys of a cell: both
    are in the ids of SVG elements. Shapes: rgb [row, column, 3], hidden [row, column]
    """

    rgb: Bytes
    hidden: BoolArray | None
    is_vector: bool
    name: str
    block: tuple[int, int]

    def draw(self, renderer: Any) -> None:
        """Draw pixels, or rectangles where the renderer is one of a vector format."""
        from matplotlib.backends.backend_mixed import MixedModeRenderer

        if not (self.is_vector and isinstance(renderer, MixedModeRenderer)):
            super().draw(renderer)
        elif hasattr(renderer, "writer"):
            self.draw_svg(renderer)
        else:
            self.draw_paths(renderer)
        self.stale = False

    def can_composite(self) -> bool:
        """Whether images of the same axes may become one image: not where cells are shapes."""
        return not self.is_vector and bool(super().can_composite())

    def boxes(self) -> tuple[FloatArray, FloatArray]:
        """The edges of columns and rows on the drawing, in dots.    -> [column + 1], [row + 1]"""
        left, right, bottom, top = self.get_extent()
        n_row, n_column = self.rgb.shape[:2]
        transform = self.axes.transData
        x = np.linspace(left, right, n_column + 1)
        y = np.linspace(top, bottom, n_row + 1)
        across = transform.transform(np.column_stack([x, np.full(len(x), top)]))[:, 0]
        down = transform.transform(np.column_stack([np.full(len(y), left), y]))[:, 1]
        return across, down

    def draw_svg(self, renderer: Any) -> None:
        """Write a group of rectangles, each with an id that says which weights it shows."""
        x, y = self.boxes()
        y = renderer.height - y
        writer = renderer.writer
        writer.start("g", id=self.name, **CRISP) if self.name else writer.start("g", **CRISP)
        for run in color_runs(self.rgb, self.hidden):
            red, green, blue = self.rgb[run.row, run.first].tolist()
            width = x[run.last] - x[run.first]
            top, bottom = sorted(y[run.row : run.row + 2])
            writer.element(
                "rect",
                x=f"{x[run.first]:.3f}",
                y=f"{top:.3f}",
                width=f"{width:.3f}",
                height=f"{bottom - top:.3f}",
                fill=f"#{red:02x}{green:02x}{blue:02x}",
                **({"id": self.run_id(run)} if self.name else {}),
            )
        writer.end("g")

    def run_id(self, run: Run) -> str:
        """The id of a run: layer-0-head-2-query-3-key-5, with ranges of merged cells."""
        queries, keys = self.block
        query = index_range(run.row * queries, (run.row + 1) * queries)
        return f"{self.name}-query-{query}-key-{index_range(run.first * keys, run.last * keys)}"

    def draw_paths(self, renderer: Any) -> None:
        """Draw rectangles in the order of rows, each a little below its neighbours after it."""
        from matplotlib.path import Path
        from matplotlib.transforms import IdentityTransform

        x, y = self.boxes()
        n_row, n_column = self.rgb.shape[:2]
        bleed = BLEED if y[-1] > y[0] else -BLEED
        gc = renderer.new_gc()
        gc.set_linewidth(0.0)
        identity = IdentityTransform()
        for row, first, last in color_runs(self.rgb, self.hidden):
            right = x[last] + (BLEED if last < n_column else 0.0)
            low = y[row + 1] + (bleed if row + 1 < n_row else 0.0)
            corners = [
                (x[first], y[row]), (right, y[row]), (right, low), (x[first], low), (0.0, 0.0)
            ]  # fmt: skip
            color = tuple(channel / 255 for channel in self.rgb[row, first].tolist())
            renderer.draw_path(gc, Path(corners, closed=True), identity, color)
        gc.restore()


@cache
def image_type() -> type[CellImage]:
    """The class of images of cells: an image of matplotlib that draws itself as `CellImage`."""
    from matplotlib.image import AxesImage

    return type("CellAxesImage", (CellImage, AxesImage), {})


def __getattr__(name: str) -> type[CellImage]:
    """The class by its name, by which pickle finds it."""
    if name == "CellAxesImage":
        return image_type()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def add_cells(
    axes: Axes,
    rgb: Bytes,
    extent: tuple[float, float, float, float],
    *,
    is_vector: bool,
    hidden: BoolArray | None = None,
    name: str = "",
    block: tuple[int, int] = (1, 1),
) -> None:
    """Add an image of cells, in the box (left, right, bottom, top) of the axes.

    Shapes: rgb [row, column, 3], hidden [row, column]
    """
    image = image_type()(axes, interpolation="nearest", origin="upper")
    image.set_data(rgb)
    image.set_extent(extent)
    image.set_clip_path(axes.patch)
    image.rgb, image.hidden = rgb, hidden
    image.is_vector, image.name, image.block = is_vector, name, block
    axes.add_image(image)


def index_range(first: int, end: int) -> str:
    """Indices from `first` to before `end`: 5, or 5-7."""
    return f"{first}" if end == first + 1 else f"{first}-{end - 1}"


def color_runs(rgb: Bytes, hidden: BoolArray | None = None) -> Iterator[Run]:
    """The runs of equal color in each row, without hidden cells.

    Shapes: [row, column, 3], [row, column]
    """
    colors = rgb.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1])
    if hidden is not None:
        colors = np.where(hidden, -1, colors)
    changes = np.diff(colors, axis=1) != 0
    for row, change in enumerate(changes):
        starts = [0, *(np.flatnonzero(change) + 1).tolist(), colors.shape[1]]
        for first, last in pairwise(starts):
            if colors[row, first] >= 0:
                yield Run(row, first, last)
