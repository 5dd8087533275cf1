"""Effects of heads in a file: what holds them, and what is refused."""

from copy import deepcopy

import numpy as np
import pytest

from attnviz.core.effects import effect_values, is_effects, map_effects
from tests.conftest import make_map

VALID = {
    "notes": ["of the text"],
    "measures": [
        {"name": "kl", "unit": "nat", "summary": "", "signed": False, "values": {"0.0": 1.5}},
        {"name": "logit", "unit": "", "summary": "", "signed": True, "values": {"0.1": -2}},
    ],
    "logit_lens": {
        "title": "t",
        "columns": ["a", "b"],
        "layers": [-1, 0],
        "rows": [["x", "y"]] * 2,
    },
}
WRONG = [  # where a value is replaced, and by what
    (["notes"], ["a", 1]),
    (["notes"], "text"),
    (["measures"], {}),
    (["measures", 1], []),
    (["measures", 1, "name"], 3),
    (["measures", 0, "unit"], None),
    (["measures", 0, "summary"], None),
    (["measures", 0, "signed"], 1),
    (["measures", 0, "values"], [1.0]),
    (["measures", 1, "values", "0.1"], True),
    (["measures", 1, "values", "0.1"], "1"),
    (["measures", 1, "values", "0.1"], float("nan")),
    (["measures", 1, "values", "0.1"], float("-inf")),
    (["logit_lens"], []),
    (["logit_lens", "title"], 1),
    (["logit_lens", "columns"], ("a", "b")),
    (["logit_lens", "columns"], ["a", 1]),
    (["logit_lens", "columns"], ["a"]),
    (["logit_lens", "layers"], [-1, True]),
    (["logit_lens", "layers"], [-1]),
    (["logit_lens", "layers"], {-1: 0, 0: 1}),
    (["logit_lens", "rows"], [["x", "y"], ["x", 1]]),
    (["logit_lens", "rows"], {0: ["x", "y"], 1: ["x", "y"]}),
]


def test_effects_with_and_without_a_lens():
    assert is_effects(VALID)
    assert is_effects(VALID | {"logit_lens": None})
    assert is_effects({"notes": [], "measures": []})


@pytest.mark.parametrize(("path", "value"), WRONG, ids=str)
def test_other_values_are_no_effects(path, value):
    changed = deepcopy(VALID)
    *parents, last = path
    node = changed
    for name in parents:
        node = node[name]
    node[last] = value
    assert not is_effects(changed)


@pytest.mark.parametrize("value", [None, [], 3, {}, {"notes": []}, {"measures": []}])
def test_other_types_are_no_effects(value):
    assert not is_effects(value)


def test_values_belong_to_heads_of_the_map():
    amap = make_map(n_layer=2, n_head=2, meta={"effects": VALID})
    measure = {"values": {"0.1": 0.5, "1.0": -2.0, "7.0": 9.0}}
    assert np.array_equal(
        effect_values(amap, measure), [[np.nan, 0.5], [-2.0, np.nan]], equal_nan=True
    )
    assert map_effects(amap) == VALID


@pytest.mark.parametrize("meta", [{"source": "difference"}, {"reduced": "mean of 2 heads"}])
def test_heads_of_other_maps_have_no_effects(meta):
    assert map_effects(make_map(meta={"effects": VALID} | meta)) is None
