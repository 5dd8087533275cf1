"""Every mask, for many values of its tunables: a rule for one pair, stated a second time."""

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from attnviz.core.grid import Grid
from attnviz.core.masks import Mask
from attnviz.core.registry import parts_for
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.tunables import iter_tunables
from tests.core.test_blocks import GRIDS, grid_of, parts_of

MASKS = {part.name: part for part in parts_for("mask")}
VALUES = (1, 2, 3, 5)


class Size(NamedTuple):
    """The number of queries and of keys."""

    query: int
    key: int


def cell(position, columns):
    """Row and column of a position of an image."""
    return divmod(position, columns)


def neighborhood(i, j, size, neighbors, tile):
    """The nearest tiles; at the ends as many, of a sequence with as many tiles."""
    last = (size.key - 1) // tile
    first = min(max(i // tile - neighbors // 2, 0), max(last + 1 - neighbors, 0))
    return j // tile in range(first, first + neighbors)


def swin_window(i, j, size, side, shift, columns):
    windows = [[(index + shift) // side for index in cell(p, columns)] for p in (i, j)]
    return windows[0] == windows[1]


def image_grid(i, j, size, step, columns):
    (row, column), (key_row, key_column) = cell(i, columns), cell(j, columns)
    return key_row in range(row % step, 99, step) and key_column in range(column % step, 99, step)


def permutation(i, j, size, seed):
    rank = draw_uniform((max(size),), seed, "order of tokens").argsort().argsort()
    return rank[j] <= rank[i]


def tree(i, j, size, branches):
    while i > j:
        i = (i - 1) // branches
    return i == j


def block_diffusion(i, j, size, block):
    half = size.key // 2
    if i < half and j < half:
        return i // block == j // block
    if j < half:
        return False
    clean = (j - half) // block
    return clean < i // block if i < half else clean <= (i - half) // block


RULES = {  # of a query at position i among the keys, key j, the size and the tunables
    "window": lambda i, j, size, window: i - window < j < i + window,
    "dilated": lambda i, j, size, window, dilation: (
        j in range(i - dilation * (window - 1), i + dilation * window, dilation)
    ),
    "same-block": lambda i, j, size, block: j in range(i - i % block, i - i % block + block),
    "block-causal": lambda i, j, size, block: j < i - i % block + block,
    "neighborhood": neighborhood,
    "sinks": lambda i, j, size, sinks: j < sinks,
    "global": lambda i, j, size, **globals_: min(i, j) < globals_["globals"],
    "prefix": lambda i, j, size, prefix: j < prefix,
    "strided": lambda i, j, size, stride: abs(i - j) in range(0, 99, stride),
    "within-stride": lambda i, j, size, stride: i - stride <= j <= i + stride,
    "summary-cells": lambda i, j, size, block, summary_cells: (
        j - j % block + block - j <= summary_cells
    ),
    "permutation": permutation,
    "tree": tree,
    "block-diffusion": block_diffusion,
    "same-row": lambda i, j, size, columns: cell(i, columns)[0] == cell(j, columns)[0],
    "same-column": lambda i, j, size, columns: cell(i, columns)[1] == cell(j, columns)[1],
    "swin-window": swin_window,
    "image-grid": image_grid,
}


def tunables_of(name):
    """All combinations of values of the whole numbers that a mask has."""
    names = [name for name, value in iter_tunables(MASKS[name]()) if isinstance(value, int)]
    return [dict(zip(names, values, strict=True)) for values in product(VALUES, repeat=len(names))]


def test_all_masks_with_numbers_have_a_rule():
    own = {name for name, part in MASKS.items() if list(iter_tunables(part()))}
    assert own - RULES.keys() == {"causal", "random"}  # a choice; and keys that are drawn


@pytest.mark.parametrize("name", RULES)
def test_masks_follow_their_rule_for_all_tunables(name):
    for (n_query, n_key), tunables in product(GRIDS, tunables_of(name)):
        size, first = Size(n_query, n_key), max(n_key - n_query, 0)
        expected = [
            [bool(RULES[name](i, j, size, **tunables)) for j in range(n_key)]
            for i in range(first, first + n_query)
        ]
        grid = Grid.of(1, n_query, n_key)
        visible = np.broadcast_to(MASKS[name](**tunables)(grid), grid.shape)
        assert_array_equal(visible[0], expected, f"{n_query}, {n_key}, {tunables}")


INEXACT = {"dilated"}  # its bounds leave out distant keys alone
BOUNDED = [
    name for name, part in MASKS.items() if part.bounds is not Mask.bounds and name not in INEXACT
]


@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_of_masks_are_exact(name):
    """Bounds that hold, but leave out too few keys or evaluate too many, cost time alone."""
    for size, tunables in product(GRIDS, tunables_of(name)):
        mask = MASKS[name](**tunables)
        for grid in parts_of(grid_of(*size)):
            visible = np.broadcast_to(mask(grid), grid.shape)
            some, every = mask.bounds(grid)
            assert_array_equal(some, visible.any((0, 1)), f"{size}, {tunables}")
            assert_array_equal(every, visible.all((0, 1)), f"{size}, {tunables}")
