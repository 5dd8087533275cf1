"""attend with any argument: right, or refused in one line that names the argument."""

import numpy as np
import pytest

from attnviz.core.engine.attend import attend
from attnviz.core.masks import GivenMask
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError, NumbersError, ShapeError
from tests.core.attend_fuzz import (
    DTYPES,
    FLOATS,
    MASKS,
    REFUSED_MASKS,
    SHAPES,
    call_attend,
    check_result,
    make_mask,
    random_call,
    to_dtype,
)
from tests.fuzz.loop import case_numbers

ROWS = list(VARIANTS.values())
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
FLAT = draw_uniform((5, 6), "flat")


def arrays(n_query, n_key, n_head=2, d=6):
    return (
        draw_uniform((n_head, n_query, d), "query"),
        draw_uniform((n_head, n_key, d), "key"),
        draw_uniform((n_head, n_key, 3), "value"),
    )


@every_row
def test_a_row_is_right_or_refused(row):
    """Every shape, every mask and every type, the others at their plain value."""
    cases = [(shape, mask, "f8") for shape in SHAPES for mask in ("absent", "random")]
    cases += [((5, 5), mask, "f8") for mask in MASKS]
    cases += [((5, 5), "one key", dtype) for dtype in DTYPES]
    for (n_query, n_key), kind, dtype in cases:
        mask = make_mask(kind, n_query, n_key)
        given = [to_dtype(array, dtype) for array in arrays(n_query, n_key)]
        result = call_attend(row, *given, mask=mask)
        case = row.name, n_query, n_key, kind, dtype
        if kind in REFUSED_MASKS or dtype not in FLOATS or 0 in (n_query, n_key):
            assert isinstance(result, str), case
        elif not isinstance(result, str):
            visible = np.ones((n_query, n_key), bool) if mask is None else mask
            check_result(row, result, visible, FLOATS[dtype])


def test_all_rows_but_one_run():
    results = [call_attend(row, *arrays(5, 5)) for row in ROWS]
    assert [row.name for row, r in zip(ROWS, results, strict=True) if isinstance(r, str)] == [
        "length",  # its scores are letter counts, which arrays do not have
        "differential-v2",  # it has twice as many query heads
    ]


def test_random_calls_are_right_or_refused():
    """ATTNVIZ_SOAK seconds of random tunables, masks, scales and numbers; else 400 calls."""
    for seed in case_numbers(400):
        rng = np.random.default_rng(seed)
        random_call(ROWS[int(rng.integers(len(ROWS)))], rng)


@pytest.mark.parametrize("shape", [(2, 3), (6, 5), (1, 6), (1, 1, 5, 5), (5,) * 4])
def test_a_mask_of_the_wrong_shape_is_refused(shape):
    with pytest.raises(ShapeError, match=r"mask \(.*does not broadcast to the weights .*\(5, 5\)"):
        attend(FLAT, FLAT, mask=np.ones(shape, bool))
    with pytest.raises(ShapeError, match="does not broadcast"):
        attend(FLAT, FLAT, mask=GivenMask(np.ones(shape, bool)))
    with pytest.raises(ShapeError, match="bias"):
        attend(FLAT, FLAT, bias=np.ones(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learned": {"v_aditive": np.ones(6)}}, "Did you mean 'v_additive'"),
        ({"learned": {"v_additive": np.ones(5)}}, r"should be \(1, 6\) or \(6,\)"),
        ({"learned": {"w_additive": np.ones(6)}}, r"w_additive"),
        ({"learned": {"v_additive": ["a"] * 6}}, "integers or real floats"),
        ({"learned": {"v_additive": [np.nan] * 6}}, "NaN"),
        ({"learned": ["v_additive"]}, "map names to arrays"),
        ({"variant": "dot", "learned": {"x": 1}}, "has no learned parameters"),
        ({"variant": "linformer", "bias": np.ones(5)}, "bias= does not apply"),
        ({"variant": "linformer", "softcap": 3.0}, "softcap= does not apply"),
        ({"variant": 3}, "a name or a Variant"),
        ({"seed": 0.5}, "whole number"),
        ({"bias": np.ones(5, bool)}, "goes to mask="),
        ({"softcap": float("inf")}, "a finite number"),
        ({"scale": "big"}, "a finite number"),
        ({"variant": "rope", "rotary_dim": 64}, "at most the head dimension 6"),
        ({"variant": "rope", "rotary_dim": 3}, "should be even"),
        ({"variant": "lsh", "hash_buckets": 5}, "should be even"),
        ({"variant": "lsh", "hash_buckets": 2**50}, "too large"),
        ({"heads": 2}, "the arrays decide"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(arguments, message):
    with pytest.raises((MisuseError, NumbersError), match=message):
        attend(FLAT, FLAT, **{"variant": "additive"} | arguments)


def test_ragged_and_masked_arrays_are_refused():
    with pytest.raises(ShapeError, match="query is not an array"):
        attend([[1.0, 2.0], [3.0]], FLAT)
    with pytest.raises(MisuseError, match="key is a masked array"):
        attend(FLAT, np.ma.masked_greater(FLAT, 0))


def test_bfloat16_becomes_float32():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")
    short = FLAT.astype(ml_dtypes.bfloat16)
    result = attend(short, short, short)
    assert result.weights.dtype == result.output.dtype == np.float32
    wide = short.astype(np.float32)
    np.testing.assert_array_equal(result.weights, attend(wide, wide).weights)


@every_row
def test_keys_masked_for_every_query_change_nothing(row):
    query, key, value = arrays(5, 5)
    visible = np.broadcast_to(np.arange(5) != 2, (5, 5))
    clean = call_attend(row, query, key, value, mask=visible)
    poisoned_key, poisoned_value = key.copy(), value.copy()
    poisoned_key[:, 2] = 7.0
    poisoned_value[:, 2] = np.nan
    result = call_attend(row, query, poisoned_key, poisoned_value, mask=visible)
    if isinstance(clean, str):
        assert result == clean
    else:
        np.testing.assert_array_equal(result.weights, clean.weights)
        np.testing.assert_array_equal(result.output, clean.output)
