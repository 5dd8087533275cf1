"""Page size: the requested size of a figure, its requested width alone, or the default."""

from __future__ import annotations

from math import inf, sqrt

from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.render.figure.type_sizes import FULL
from attnviz.render.style import Style

PAGE = (13.0, 7.4)  # inches, the default maximum: a 16:9 slide
FULL_SIZE = 6.0  # inches, √(width × height) of a figure whose type has its full size
HEIGHT_OF_WIDTH = 0.9  # the height of a figure of given width is at most this times its width
MAX_PIXELS = 60_000_000
MAX_SIDE = 30_000  # pixels


class TooSmallError(MisuseError):
    """A figure size that has no room for its contents."""


class Page(Record):
    """Width and height of a figure in inches; what is not `fixed` is a maximum."""

    width: float
    height: float
    fixed_width: bool = False
    fixed_height: bool = False
    font_size: float | None = None  # points of token labels

    @classmethod
    def of(cls, style: Style) -> Page:
        """The page of a style.

        Raises MisuseError for a size and a width.
        """
        if style.size is not None and style.width is not None:
            raise MisuseError("give either --size or --width; with a width, the height follows")
        points = style.font_size
        if style.size is not None:
            return cls(*style.size, fixed_width=True, fixed_height=True, font_size=points)
        if style.width is not None:
            height = HEIGHT_OF_WIDTH * style.width
            return cls(style.width, height, fixed_width=True, font_size=points)
        return cls(*PAGE, font_size=points)

    @property
    def type_factor(self) -> float:
        """The factor of the type: 1 for slides, less for a column of a paper."""
        if self.font_size is not None:
            return self.font_size / FULL["label"]
        if not self.fixed_width:
            return 1.0
        height = self.height if self.fixed_height else 0.75 * self.width
        return min(1.0, sqrt(self.width * height) / FULL_SIZE)

    def __str__(self) -> str:
        """Width and height, or the width alone."""
        if self.fixed_height or not self.fixed_width:
            return f"{self.width:g} × {self.height:g} inches"
        return f"{self.width:g} inches"


def check_size(size: tuple[float, float], dpi: int, what: str) -> None:
    """Check a figure size before anything is drawn.

    Raises MisuseError for sizes that are not positive and for images over the pixel limits.
    """
    wide, tall = (side * dpi for side in size)
    if not (0 < wide < inf and 0 < tall < inf and dpi > 0):
        raise MisuseError(
            f"cannot draw a figure of {size[0]:g} × {size[1]:g} inches at {dpi} dpi; "
            "--size, --width and --dpi must be positive numbers"
        )
    if wide * tall > MAX_PIXELS or max(wide, tall) > MAX_SIDE:
        raise MisuseError(
            f"{what} need an image of {wide:,.0f} × {tall:,.0f} pixels at {dpi} dpi; "
            f"the limit is {MAX_PIXELS:,} pixels, {MAX_SIDE:,} per side. "
            "Select with --layer and --head, or use a lower --dpi"
        )
