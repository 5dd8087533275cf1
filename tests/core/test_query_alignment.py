"""Fewer queries than keys: they are the last positions or the first, for all parts alike."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.api.mask_map import mask_map
from attnviz.core.engine.attend import attend
from attnviz.core.masks import Causal, Window
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.tunables import iter_tunables
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError

N_QUERY, N_KEY, N_HEAD = 4, 11, 4
QUERY, KEY = (draw_uniform((N_HEAD, N_KEY, 8), name) for name in ("queries", "keys"))
ALIGNED = [row for row in VARIANTS.values() if "align" in dict(iter_tunables(row.slots))]
SQUARE = ("multi-token", "selective")  # they need as many queries as keys


@pytest.mark.parametrize("align", ["first", "last"])
@pytest.mark.parametrize("row", ALIGNED, ids=lambda row: row.name)
def test_some_queries_have_the_rows_that_they_have_among_all(row, align):
    queries = slice(0, N_QUERY) if align == "first" else slice(N_KEY - N_QUERY, None)
    every = attend(QUERY, KEY, variant=row).weights[:, queries]
    if row.name in SQUARE:
        with pytest.raises(MisuseError, match="4 queries do not match 11 keys"):
            attend(QUERY[:, queries], KEY, variant=row, align=align)
        return
    some = attend(QUERY[:, queries], KEY, variant=row, align=align).weights
    assert_allclose(some, every, atol=1e-12)


def test_most_causal_rows_are_compared():
    assert {row.name for row in ALIGNED} >= {*SQUARE, "rope", "alibi", "sliding-window", "chunked"}
    assert len(ALIGNED) > 40


def test_distances_of_a_mask_follow_the_alignment():
    mask = Causal(align="first") & Window(2)
    weights = attend(QUERY[:, :N_QUERY], KEY, mask=mask).weights
    query, key = np.ogrid[:N_QUERY, :N_KEY]
    np.testing.assert_array_equal(weights[0] > 0, (key <= query) & (query - key < 2))
    shown = mask_map("causal(first) & window(2)", "a b c", "p q r s t").weights[0, 0]
    np.testing.assert_array_equal(shown, [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 0, 0]])


def test_masks_that_contradict_each_other_are_refused():
    message = r"places the 4 queries both at the first and at the last of 11 keys"
    for mask in (Causal() & Causal(align="first"), Causal() | ~Causal(align="first")):
        with pytest.raises(MisuseError, match=message):
            attend(QUERY[:, :N_QUERY], KEY, mask=mask)
    with pytest.raises(MisuseError, match=message):
        attend(QUERY[:, :N_QUERY], KEY, variant="rope", mask=Causal(align="first"))
    equal = attend(QUERY, KEY, mask=Causal() & Causal(align="first")).weights
    np.testing.assert_array_equal(equal, attend(QUERY, KEY, mask=Causal()).weights)
