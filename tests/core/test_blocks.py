"""Layers in blocks: bounds of masks, equality with one block, bitwise equality of threads."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from attnviz.api.blas_threads import use_threads
from attnviz.core.compose.grammar import parse_mask
from attnviz.core.engine import attention
from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import evaluate_mask
from attnviz.core.engine.blocks import split_into_blocks
from attnviz.core.grid import BlockIndex, Grid
from attnviz.core.inputs import Inputs
from attnviz.core.masks import Causal, Mask, Window
from attnviz.core.masks.local import Diagonal
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError, NumbersError

MASKS = {str(row.mask): row.mask for row in VARIANTS.values()}
MASKS |= {
    text: parse_mask(text)
    for text in (
        "~causal",
        "~window(3)",
        "~(causal & window(3))",
        "causal & ~window(2) | sinks(1)",
        "~(dilated(2) | global(2))",
        "neighborhood(3, tile=2) & ~diagonal",
        "~same-block(3)",
        "~padding & ~summary-cells(3)",
        "causal(first)",
    )
}
GRIDS = [(9, 9), (5, 11), (11, 5), (1, 13)]


def grid_of(n_query, n_key):
    count = np.arange(max(n_query, n_key))
    notes = {
        "pad": (count[:n_query] % 4 == 3, count[:n_key] % 4 == 3),
        "segment": (count[:n_query] // 3, count[:n_key] // 3),
    }
    return Grid.of(2, n_query, n_key, notes)


def parts_of(grid):
    """Blocks of one, two and all rows."""
    for step in (1, 2, grid.n_query):
        for start in range(0, grid.n_query, step):
            yield grid.select_block(BlockIndex(queries=slice(start, start + step)))


@pytest.mark.parametrize("size", GRIDS, ids=str)
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_bounds_hold(mask, size):
    for grid in parts_of(grid_of(*size)):
        visible = np.broadcast_to(mask(grid), grid.shape)
        some, every = mask.bounds(grid)
        assert not (visible.any((0, 1)) & ~some).any(), "a visible key is out of reach"
        assert not (every & ~visible.all((0, 1))).any(), "a masked key counts as visible to all"


@pytest.mark.parametrize(
    ("mask", "most"),
    [
        ("causal & window(2)", 3),
        ("window(2) | sinks(1)", 5),
        ("same-block(2)", 4),
        ("diagonal", 2),
    ],
)
def test_bounds_leave_out_distant_keys(mask, most):
    grid = grid_of(40, 40).select_block(BlockIndex(queries=slice(20, 22)))
    some, _ = parse_mask(mask).bounds(grid)
    assert some.sum() <= most


@pytest.mark.parametrize("size", GRIDS, ids=str)
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_evaluating_undecided_keys_only_gives_the_same_mask(mask, size, monkeypatch):
    monkeypatch.setattr(attention, "BOUNDS_THRESHOLD", 0)
    for grid in parts_of(grid_of(*size)):
        expected = np.broadcast_to(mask(grid), grid.shape)
        assert_array_equal(np.broadcast_to(evaluate_mask(mask, grid), grid.shape), expected)


def test_keys_that_bounds_decide_are_not_evaluated(monkeypatch):
    n_evaluated, evaluate = [], Window.__call__

    def record(mask, grid):
        n_evaluated.append(grid.k.size)
        return evaluate(mask, grid)

    monkeypatch.setattr(Window, "__call__", record)
    block = grid_of(40, 40).select_block(BlockIndex(queries=slice(20, 24)))
    for threshold, expected in ((4 * 40 + 1, 40), (4 * 40, 6), (0, 6)):
        monkeypatch.setattr(attention, "BOUNDS_THRESHOLD", threshold)
        evaluate_mask(Window(9), block)
        assert n_evaluated.pop() == expected


class WrongBounds(Mask):
    """A mask with wrong bounds: they exclude the first key, which is visible."""

    name = "wrong-bounds"

    def __call__(self, grid):
        return grid.k == 0

    def bounds(self, grid):
        none = np.zeros(grid.k.size, dtype=bool)
        return none, none


def test_wrong_bounds_are_detected():
    with pytest.raises(AssertionError, match="out of reach"):
        test_bounds_hold(WrongBounds(), (9, 9))


LONG = [draw_uniform((3, 300, 4), "long", name) for name in "qkv"]


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 1 << 10)
    monkeypatch.setattr("attnviz.core.engine.blocks.BLOCK_SIZE", 1 << 12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mask", [None, Causal(), Causal() & Window(9)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(small_blocks, mask, dtype):
    query, key, value = (array.astype(dtype) for array in LONG)
    first = attend(query, key, value, mask=mask)
    for n_thread in (1, 2, 5):
        with use_threads(n_thread):
            other = attend(query, key, value, mask=mask)
        assert_array_equal(other.weights, first.weights)
        assert_array_equal(other.output, first.output)


BLOCKS = [  # a mechanism, heads, tokens; heads and queries of a block, and the number of blocks
    ("scaled-dot", 6, 104, (6, 104), 1),  # up to SINGLE_BLOCK_MAX
    ("scaled-dot", 8, 100, (4, 100), 2),  # two groups of heads
    ("scaled-dot", 7, 100, (4, 100), 2),
    ("scaled-dot", 4, 256, (2, 256), 2),  # BLOCK_SIZE
    ("scaled-dot", 8, 200, (2, 200), 4),  # four groups of heads
    ("scaled-dot", 8, 257, (3, 256), 6),  # more queries than a block has
    ("scaled-dot", 2, 600, (1, 256), 6),
    ("talking-heads", 4, 200, (4, 200), 1),  # all heads
    ("talking-heads", 8, 400, (8, 163), 3),
    ("sinkhorn", 8, 200, (8, 200), 1),  # all queries
]


@pytest.mark.parametrize(("name", "n_head", "n", "of_first", "n_block"), BLOCKS)
def test_blocks_of_a_layer(name, n_head, n, of_first, n_block):
    """The split decides the time alone; each head of each query is in one block."""
    zeros = np.zeros((n_head, n, 2))
    inputs = Inputs(query=zeros, key=zeros, grid=Grid.of(n_head, n, n))
    blocks = split_into_blocks(VARIANTS[name], inputs)
    count = np.zeros((n_head, n), dtype=int)
    for block in blocks:
        count[block.heads, block.queries] += 1
    assert (count == 1).all()
    first = inputs.grid.select_block(blocks[0])
    assert (first.shape[:2], len(blocks)) == (of_first, n_block)


def test_blocks_equal_a_single_block(small_blocks):
    blocked = attend(*LONG, mask=Causal() & Window(9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 1 << 20)
        whole = attend(*LONG, mask=Causal() & Window(9))
    np.testing.assert_allclose(blocked.weights, whole.weights, rtol=0, atol=1e-15)
    np.testing.assert_allclose(blocked.output, whole.output, rtol=0, atol=1e-14)


def test_heads_that_mix_are_in_one_block(small_blocks, monkeypatch):
    blocked = attend(*LONG, variant="talking-heads", heads=3)
    monkeypatch.setattr("attnviz.core.engine.blocks.SINGLE_BLOCK_MAX", 1 << 20)
    whole = attend(*LONG, variant="talking-heads", heads=3)
    np.testing.assert_allclose(blocked.weights, whole.weights, rtol=0, atol=1e-14)


@pytest.mark.parametrize("mask", [Causal() & Window(3), Causal(), ~Window(20)], ids=str)
def test_hidden_keys_are_hidden_from_all_queries(mask, monkeypatch):
    grid = Grid.of(1, 9, 12)
    expected = ~np.broadcast_to(mask(grid), (1, 9, 12)).any(1)
    monkeypatch.setattr(attention, "QUERIES_PER_STEP", 2)
    assert_array_equal(attention.find_hidden_keys(mask, grid), expected)


@pytest.mark.parametrize("n_thread", [1, 3])
def test_an_error_locates_the_first_bad_number_in_the_layer(small_blocks, n_thread):
    query, key, value = (array.copy() for array in LONG)
    key[1, 270] = np.nan
    message = "head 1, query 271, key 270 is nan"
    with pytest.raises(NumbersError, match=message), use_threads(n_thread):
        attend(query, key, value, mask=Causal() & Window(9) & ~Diagonal())
    value[2, 280, 1] = np.inf
    message = "value of head 2, key 280 is not finite, and query 280"
    with pytest.raises(NumbersError, match=message), use_threads(n_thread):
        attend(query, LONG[1], value, mask=Causal() & Window(9))


def test_a_full_map_has_a_size_limit(small_blocks, monkeypatch):
    monkeypatch.setattr("attnviz.core.engine.blocks.MATRIX_MAX", 1 << 11)
    with pytest.raises(MisuseError, match="'sinkhorn' computes its whole matrix at once"):
        attend(*LONG, variant="sinkhorn")
    assert attend(*LONG, variant="softmax").weights.shape == (3, 300, 300)
