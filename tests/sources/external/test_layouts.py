"""Attention that is stored as a band or as blocks, as maps over all tokens."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from attnviz.errors import GuessWarning, InvalidInputError, MisuseError
from attnviz.sources.external import read
from attnviz.sources.external.band import has_pattern
from tests.sources.external.test_other_programs import FIXTURES

TOKENS = [f"t{n}" for n in range(9)]


def stored(name):
    with np.load(FIXTURES / name) as archive:
        return dict(archive)


@pytest.mark.parametrize("item", [0, 1])
@pytest.mark.parametrize("name", ["longformer.npz", "longformer_global.npz"])
def test_a_band_of_longformer_is_its_dense_attention(name, item):
    """Item 1 has two tokens of padding; the dense weights are computed from the projections."""
    made = read(FIXTURES / name, TOKENS, which=item)
    dense = stored(f"dense/{name}")["weights"][:, item]
    assert np.abs(made.weights - dense).max() < 1e-6
    hidden = np.broadcast_to(~made.visible, made.weights.shape)
    assert not made.weights[hidden].any()
    near = np.abs(np.subtract.outer(range(9), range(9))) <= 2
    positions = {"longformer.npz": ([], []), "longformer_global.npz": ([0, 5], [0])}[name][item]
    near[positions, :] = near[:, positions] = True
    near[:, 7:] &= item == 0
    assert (made.visible == near).all()
    assert [token.label for token in made.keys] == TOKENS


def test_a_band_without_the_names_of_global_attention():
    arrays = {"attentions": stored("longformer.npz")["attentions"][:, :1]}
    with pytest.warns(GuessWarning, match="offsets in a window of 5 tokens"):
        made = read(arrays)
    assert made.weights.shape[-2:] == (9, 9)
    with pytest.warns(GuessWarning, match="layer, batch"):
        full = read(arrays, layout="full")
    assert full.weights.shape[-2:] == (9, 5)
    layers = list(arrays["attentions"])  # as a model returns them
    with pytest.warns(GuessWarning, match="offsets in a window"):
        assert np.array_equal(read(layers).weights, made.weights)
    for layout in ("band", None):
        with pytest.warns(GuessWarning) if layout is None else nullcontext():
            plain = read(arrays["attentions"][:, 0], axes="lhqk", layout=layout)
        assert np.array_equal(plain.weights, made.weights)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("011 111 111 110", True),
        ("010 110 010 100", True),  # 5 of the 10 pairs within the window
        ("010 100 010 100", False),
        ("010 000 010 100", False),  # 3 of the 7 pairs of queries with a weight
        ("010 000 110 100", True),
        ("110 111 111 110", False),  # a weight before the first token
        ("011 111 111 111", False),
        ("000 000 000 000", False),
    ],
)
def test_a_band_is_zero_outside_and_at_most_half_of_it_within(rows, expected):
    band = np.array([list(map(float, row)) for row in rows.split()])
    assert has_pattern(band, 2) is expected


@pytest.mark.parametrize(
    "matrix",
    [
        [[0, 1, 0], [1, 0, 0]],
        [[0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]],
        np.eye(4, 7),
    ],
)
def test_hard_alignments_of_unequal_sides_are_no_band(matrix):
    for source in (np.array(matrix, float), {"attention": np.array(matrix, float)}):
        assert np.array_equal(read(source).weights[0, 0], matrix)


def test_global_tokens_are_found_without_their_mask():
    arrays = stored("longformer_global.npz")
    expected = read(arrays, which=1).weights
    del arrays["global_attention_mask"]
    made = read(arrays, which=1)
    assert np.array_equal(made.weights, expected)
    assert any("queries without local weights" in each for each in made.meta["guessed"])


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"global_attentions": None}, {}, "global_attentions, which is missing"),
        ({"global_attention_mask": np.eye(2)}, {}, "should be .batch, token. = "),
        ({"global_attention_mask": np.full((2, 9), np.nan)}, {}, "should hold 0 and 1 only"),
        ({"global_attention_mask": np.ones((2, 9), int)}, {}, "does not fit 9 tokens"),
        ({"global_attention_mask": None, "attention_mask": None}, {}, "are not certain"),
        ({"attentions": np.ones((2, 2, 2, 9, 7)) / 7}, {}, "are no band of 2 global tokens"),
    ],
)
def test_a_band_whose_parts_do_not_fit_is_refused(change, options, message):
    arrays = {**stored("longformer_global.npz"), **change}
    with pytest.raises(InvalidInputError, match=message):
        read({name: value for name, value in arrays.items() if value is not None}, **options)


def test_layouts_that_do_not_exist_are_refused():
    with pytest.raises(MisuseError, match="Did you mean 'band'"):
        read(np.eye(3), layout="bands")


LAYOUT = np.array([[[1, 0], [1, 1]], [[0, 1], [1, 0]]])


def test_blocks_stand_at_the_ones_of_their_layout():
    values = np.float32(1 + np.arange(2 * 5 * 9).reshape(2, 5, 3, 3)) / 1000
    made = read({"layout": LAYOUT, "blocks": values}, [f"t{n}" for n in range(6)], which=1)
    assert made.weights.shape == (1, 2, 6, 6)
    for n, (head, row, column) in enumerate(np.argwhere(LAYOUT)):
        rows, columns = slice(3 * row, 3 * row + 3), slice(3 * column, 3 * column + 3)
        assert np.array_equal(made.weights[0, head, rows, columns], values[1, n])
        assert made.visible[0, head, rows, columns].all()
    assert made.visible.sum() == 5 * 9 and np.count_nonzero(made.weights) == 5 * 9


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"blocks": np.ones((4, 3, 3))}, "layout has 5 blocks, and no array holds their values"),
        ({"a": np.ones((5, 3, 3)), "b": np.ones((5, 2, 2))}, "a and b may be"),
    ],
)
def test_a_layout_without_its_blocks_is_refused(values, message):
    with pytest.raises(InvalidInputError, match=message):
        read({"layout": LAYOUT, **values})
