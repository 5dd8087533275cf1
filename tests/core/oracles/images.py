"""Masks of pictures, place by place."""

from tests.core.oracles.patterns import over


def spot(i, columns):
    """Line and column of a position."""
    return i // columns, i % columns


def row(i, n, h):
    return [k for k in range(n) if spot(k, 3)[0] == spot(i, 3)[0]]


def column(i, n, h):
    return [k for k in range(n) if spot(k, 3)[1] == spot(i, 3)[1]]


def criss_cross(i, n, h):
    return [*row(i, n, h), *column(i, n, h)]


def square(spot_of, shift):
    return tuple((x + shift) // 2 for x in spot_of)


def swin(i, n, h):
    return [k for k in range(n) if square(spot(k, 4), 0) == square(spot(i, 4), 0)]


def shifted(i, n, h):
    return [k for k in range(n) if square(spot(k, 4), 1) == square(spot(i, 4), 1)]


def neighborhood(i, n, h):
    """The three nearest, at the ends too."""
    if i == 0:
        return [0, 1, 2]
    return [n - 3, n - 2, n - 1] if i == n - 1 else [i - 1, i, i + 1]


def tiles(i, n, h):
    """Positions 0 1 | 2 3 | 4 5 | 6: four tiles, each sees three."""
    seen = [0, 1, 2] if i // 2 <= 1 else [1, 2, 3]
    return [k for tile in seen for k in (2 * tile, 2 * tile + 1)]


ORACLES = {
    "axial-row": over(row),
    "axial-column": over(column),
    "criss-cross": over(criss_cross),
    "swin": over(swin),
    "swin-shifted": over(shifted),
    "neighborhood": over(neighborhood),
    "sliding-tile": over(tiles),
}
