"""Numbers as text, many at once: the bytes of json.dumps, which writes them one by one."""

import json

import numpy as np
import pytest

from attnviz.render.data import decimals, number_text
from attnviz.render.data import shortest_digits as shortest
from attnviz.render.data.decimals import shortest_decimals
from attnviz.render.data.json_document import array_chunks, flag_texts
from attnviz.render.data.number_text import row_texts

EVERY_POWER = 1 / 10.0 ** np.arange(13)
KINDS = {
    "powers of ten, which a logarithm may miss": EVERY_POWER[None],
    "0, 1 and their signs": np.array([[0.0, 1.0, -0.0, -1.0], [0.5, 0.25, 1.0, 0.0]]),
    "each number of digits": np.array([[round(0.123456789, k) for k in range(1, 10)]]),
    "digits with zeros between": np.array([[0.100000001, 0.000200003, 1.02e-05, 7e-12]]),
    "one number": np.array([[0.5]]),
    "no column": np.zeros((3, 0)),
}
OTHERS = {
    "more than nine digits": np.array([[0.5, 0.1 + 0.2], [1 / 3, 1.0]]),
    "beyond 1": np.array([[2.5, 1e22], [-17.25, 0.5]]),
    "below 1e-12": np.array([[1e-13, 0.5], [5e-324, 0.25]]),
}


def dumped(array):
    """The bytes of json.dumps."""
    return json.dumps(array.tolist(), separators=(",", ":")).encode()


def whole(rows):
    """All rows as one list."""
    return b"[" + row_texts(rows).slice(0, len(rows)) + b"]"


@pytest.mark.parametrize("rows", [*KINDS.values(), *OTHERS.values()], ids=[*KINDS, *OTHERS])
def test_numbers_are_written_as_json_writes_them(rows):
    assert whole(rows) == dumped(rows)


def test_random_weights_are_written_as_json_writes_them():
    rng = np.random.default_rng(0)
    for n_key in (1, 2, 17, 300):
        for spread in (0.01, 0.3, 10.0):
            weights = rng.dirichlet(np.full(n_key, spread), 60).astype("f4")
            signed = weights * rng.choice([-1, 1], weights.shape)
            for rows in (weights, signed, np.round(weights, 3), np.round(signed, 8)):
                assert whole(rows) == dumped(as_float64(rows))


def as_float64(rows):
    """What JSON holds: of a float32, the float64 of its shortest decimal in NumPy's text.

    Those of -0 have no sign.
    """
    return rows.astype("S").astype(np.float64) + 0.0 if rows.dtype == "f4" else rows


def test_numbers_of_any_size_stand_among_weights():
    """Up to one in twenty is written by itself, in its place; with more of them, all are."""
    rng = np.random.default_rng(1)
    for n_other in (1, 30, 100):
        rows = rng.dirichlet(np.full(40, 3.0), 25).astype("f4")
        powers = rng.uniform(-44, 38, n_other)
        rows.flat[rng.choice(rows.size, n_other, replace=False)] = 10.0**powers
        rows.flat[:9] = [1e-12, 9.99999e-13, 1e-45, 1, 0, 0.99999994, 0.5, 2, 3.4e38]
        neighbors = np.concatenate(
            [np.nextafter(EVERY_POWER.astype("f4"), np.float32(side)) for side in (0, 1)]
        )
        for case in (rows, -rows, neighbors[None], rows.astype(float)):
            assert whole(case) == dumped(as_float64(case))


def test_a_number_in_doubt_is_written_by_itself(monkeypatch):
    """As would be one whose digits the arithmetic rounds to another float32."""
    rows = np.random.default_rng(2).dirichlet(np.full(40, 3.0), 50).astype("f4")
    exponents, powers, half_distance = shortest.binary_tables()
    monkeypatch.setattr(
        shortest, "binary_tables", lambda: (exponents, powers, 1.01 * half_distance)
    )
    assert 0 < np.count_nonzero(~shortest.shortest_digits(rows).is_exact) < rows.size / 20
    assert whole(rows) == dumped(as_float64(rows))
    assert np.array_equal(shortest_decimals(rows), as_float64(rows))


def test_powers_of_two_are_never_in_doubt():
    """The float32 below one is half as far away as that above it."""
    assert shortest.shortest_digits(np.float32(0.5) ** np.arange(1, 39, dtype="f4")).is_exact.all()


def test_only_other_numbers_are_left_to_json(monkeypatch):
    monkeypatch.setattr(number_text.json, "dumps", lambda *_, **__: "OTHER")
    for rows in KINDS.values():
        assert b"OTHER" not in whole(rows) or not rows.size
    assert all(b"OTHER" in whole(rows) for rows in OTHERS.values())


@pytest.mark.parametrize("size", [1, 7, 12, 40, 1 << 13])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 4, 5), (3, 1, 2, 7), (1, 2, 3, 1)])
def test_blocks_of_any_size_make_the_same_array(size, shape, monkeypatch):
    monkeypatch.setattr(decimals, "BLOCK_SIZE", size)
    numbers = np.random.default_rng(1).integers(0, 999, shape) / 1000
    assert b"".join(array_chunks(numbers, row_texts)) == dumped(numbers)
    flags = np.broadcast_to(numbers[0, 0] > 0.5, shape)
    assert b"".join(array_chunks(flags, flag_texts)) == dumped(flags.astype(int))
