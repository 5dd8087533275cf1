"""Oracles of masks over images: the visible keys of each query."""

from tests.core.oracles.patterns import over


def row_and_column(i, columns):
    """Row and column of a position."""
    return i // columns, i % columns


def row(i, n, h):
    return [k for k in range(n) if row_and_column(k, 3)[0] == row_and_column(i, 3)[0]]


def column(i, n, h):
    return [k for k in range(n) if row_and_column(k, 3)[1] == row_and_column(i, 3)[1]]


def criss_cross(i, n, h):
    return [*row(i, n, h), *column(i, n, h)]


def window_of(position, shift):
    return tuple((x + shift) // 2 for x in position)


def swin(i, n, h):
    return [
        k
        for k in range(n)
        if window_of(row_and_column(k, 4), 0) == window_of(row_and_column(i, 4), 0)
    ]


def swin_shifted(i, n, h):
    return [
        k
        for k in range(n)
        if window_of(row_and_column(k, 4), 1) == window_of(row_and_column(i, 4), 1)
    ]


def neighborhood(i, n, h):
    """The three nearest keys, at the ends as well."""
    if i == 0:
        return [0, 1, 2]
    return [n - 3, n - 2, n - 1] if i == n - 1 else [i - 1, i, i + 1]


def tiles(i, n, h):
    """Positions 0 1 | 2 3 | 4 5 | 6: four tiles, each attends to three."""
    tiles_of_row = [0, 1, 2] if i // 2 <= 1 else [1, 2, 3]
    return [k for tile in tiles_of_row for k in (2 * tile, 2 * tile + 1)]


def image_grid(i, n, h):
    (line, place), step = row_and_column(i, 4), 2
    return [
        k
        for k in range(n)
        if row_and_column(k, 4)[0] % step == line % step
        and row_and_column(k, 4)[1] % step == place % step
    ]


ORACLES = {
    "maxvit-grid": over(image_grid),
    "axial-row": over(row),
    "axial-column": over(column),
    "criss-cross": over(criss_cross),
    "swin": over(swin),
    "swin-shifted": over(swin_shifted),
    "neighborhood": over(neighborhood),
    "sliding-tile": over(tiles),
}
