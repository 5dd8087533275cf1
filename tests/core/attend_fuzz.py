"""Random calls of attend, and the laws that their results keep."""

import warnings

import numpy as np

from attnviz.core.engine.attend import attend
from attnviz.core.masks import Causal, Window
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.tunables import iter_tunables
from attnviz.errors import AttnvizError

SHAPES = [(1, 1), (5, 5), (3, 7), (7, 3), (0, 5), (5, 0)]  # queries, keys
DTYPES = ["f2", "f4", "f8", "i8", ">f4", ">f8", ">i2", "?", "c8", "U3", "O", "M8[s]"]
FLOATS = {"f2": "f4", "f4": "f4", "f8": "f8", "i8": "f8", ">f4": "f4", ">f8": "f8", ">i2": "f8"}
MASKS = [
    "absent",
    "full",
    "all masked",
    "one key",
    "random",
    "wrong shape",
    "wrong rank",
    "numbers",
]
REFUSED_MASKS = MASKS[-3:]
TOLERANCE = {"f4": 1e-4, "f8": 1e-9}


def make_mask(kind, n_query, n_key):
    """A mask argument of this kind.    -> [query, key]"""
    pairs = (n_query, n_key)
    return {
        "absent": lambda: None,
        "full": lambda: np.ones(pairs, bool),
        "all masked": lambda: np.zeros(pairs, bool),
        "one key": lambda: np.broadcast_to(np.arange(n_key) == 0, pairs),
        "random": lambda: draw_uniform(pairs, "mask") > 0,
        "wrong shape": lambda: np.ones((n_query + 2, n_key + 3), bool),
        "wrong rank": lambda: np.ones((2, 1, *pairs), bool),
        "numbers": lambda: np.ones(pairs),
    }[kind]()


def to_dtype(array, dtype):
    if dtype == "O":
        return array.astype(object)
    if dtype == "M8[s]":
        return (array * 100).astype("i8").astype(dtype)
    return (array * 3).astype(dtype)


def call_attend(variant, query, key, value, **arguments):
    """The result of a call, or the message of its refusal; anything else raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return attend(query, key, value, variant=variant, **arguments)
        except AttnvizError as error:
            message = str(error)
            assert message and "\n" not in message and len(message) < 600, message
            return message


def check_result(variant, result, visible, kind):
    """The laws of a result: type, finite numbers, masked pairs, row sums, sign."""
    output, weights = result
    assert weights.dtype == np.dtype(kind) and weights.dtype.isnative
    assert np.isfinite(weights).all() and np.isfinite(output).all()
    mixes = variant.heads.mix_weights.__qualname__.split(".")[0] != "Heads"
    assert (weights[..., ~visible] == 0).all()
    assert variant.signed or (weights >= 0).all()
    sums = weights.sum(-1, dtype=np.float64)
    if variant.row_sum == "at most 1":
        assert (np.abs(sums) <= 1 + TOLERANCE[kind]).all()
    elif variant.row_sum == "1" and not mixes:
        # Its own mask may leave a row without keys.
        assert (np.isclose(sums, 1, atol=TOLERANCE[kind]) | (weights == 0).all(-1)).all()


def random_call(row, rng):
    """Random arguments, tunables and masks for a row of the catalogue; raises on a fault."""
    n_query, n_key = int(rng.integers(1, 8)), int(rng.integers(1, 8))
    if rng.random() < 0.7:
        n_key = n_query
    d, n_head = int(rng.integers(1, 9)), int(rng.integers(1, 5))
    size = 10.0 ** rng.choice([0, 0, 0, 1, 4, 30, 150, 300, -30, -300])
    dtype = rng.choice(["f4", "f8"])
    with np.errstate(all="ignore"):
        arrays = [
            (rng.standard_normal((n_head, n, width)) * size).astype(dtype)
            for n, width in ((n_query, d), (n_key, d), (n_key, 3))
        ]
    if rng.random() < 0.1:
        arrays[int(rng.integers(3))].flat[0] = rng.choice([np.nan, np.inf, -np.inf])
    values = [-1, 0, 1, 2, 3, 5, 7, 64, 1e-9, 1e6, 1e300, -1e300, 2**52, 0.5, "x", True, None]
    tunables = {
        name: values[int(rng.integers(len(values)))]
        for name, _ in iter_tunables(row.slots)
        if rng.random() < 0.25
    }
    arguments = {}
    if rng.random() < 0.2:
        arguments["scale"] = values[int(rng.integers(len(values)))]
    if rng.random() < 0.2:
        arguments["softcap"] = values[int(rng.integers(len(values)))]
    visible = np.ones((n_query, n_key), bool)
    choice = rng.integers(5)
    if choice == 0:
        arguments["mask"] = visible = rng.random((n_query, n_key)) < 0.6
    elif choice == 1:
        arguments["mask"] = Causal() & Window(int(rng.integers(1, 5)))
    elif choice == 2:
        arguments["mask"] = visible = np.broadcast_to(rng.random(n_key) < 0.6, visible.shape)
    note = {"row": row.name, "shapes": (n_head, n_query, n_key, d), "size": size, **tunables}
    note |= {"dtype": str(dtype)} | arguments
    try:
        result = call_attend(row, *arrays, **arguments, **tunables)
        if not isinstance(result, str):
            output, weights = result
            assert np.isfinite(weights).all() and np.isfinite(output).all(), "not finite"
            assert (weights[..., ~visible] == 0).all(), "masked weights"
    except Exception as error:
        error.add_note(str(note))
        raise
    return result
