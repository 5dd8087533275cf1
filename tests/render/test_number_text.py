"""Numbers as text, many at once: the bytes of json.dumps, which writes them one by one."""

import json

import numpy as np
import pytest

from attnviz.render.data import decimals, number_text
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
                short = shortest_decimals(rows) if rows.dtype == "f4" else rows.astype(float)
                assert whole(short) == dumped(short)


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
