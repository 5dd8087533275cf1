"""Older names of methods, arguments and attributes state the current one; none fails silently."""

import subprocess
import sys

import numpy as np
import pytest

from attnviz.core.grid import Grid
from attnviz.core.inputs import Inputs
from attnviz.core.part import Part
from attnviz.core.registry import SLOTS, parts_for
from attnviz.core.variant import Variant
from attnviz.errors import RenamedError


def slot_classes():
    """Part, and the base class of every slot."""
    parts = [part for slot in SLOTS for part in parts_for(slot)]
    return sorted({base for part in parts for base in part.__mro__[:-2]}, key=lambda c: c.__name__)


OLD_METHODS = [
    pytest.param(base, old, new, id=f"{base.__name__}.{old}")
    for base in [Part, *slot_classes()]
    if "renamed" in vars(base)
    for old, new in base.renamed.items()
]
ROW = Variant(name="row", summary="", formula="")
GRID = Grid.of(1, 2, 3)
INPUTS = Inputs(query=np.zeros((1, 2, 4)), key=np.zeros((1, 3, 4)), grid=GRID)
OLD_ATTRIBUTES = [
    pytest.param(owner, old, new, id=f"{type(owner).__name__}.{old}")
    for owner in (ROW, GRID, INPUTS)
    for old, new in owner.renamed.items()
]


@pytest.mark.parametrize(("base", "old", "new"), OLD_METHODS)
def test_a_part_that_defines_an_older_name_is_refused(base, old, new):
    assert hasattr(base, new) and not hasattr(base, old)
    for body in ({old: lambda self: None}, {"__annotations__": {old: int}}):
        with pytest.raises(RenamedError, match=rf"Own defines '{old}', which is now '{new}'"):
            type("Own", (base,), {"name": "own", **body})
    type("Own", (base,), {"name": "own", new: vars(base).get(new, getattr(base, new))})


@pytest.mark.parametrize(("owner", "old", "new"), OLD_ATTRIBUTES)
def test_an_older_attribute_states_the_current_name(owner, old, new):
    assert hasattr(owner, new) and not hasattr(owner, old)
    with pytest.raises(RenamedError, match=rf"'{old}' of {type(owner).__name__} is now '{new}'"):
        getattr(owner, old)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        owner.nonsense  # noqa: B018


@pytest.mark.parametrize("old", ["whole", "asks", "projected"])
def test_an_older_argument_of_variant_is_refused(old):
    with pytest.raises(RenamedError, match=f"'{old}' of Variant is now '{Variant.renamed[old]}'"):
        Variant(name="row", summary="", formula="", **{old: None})


def test_documented_older_names_are_in_the_tables():
    """House rules and the README of earlier versions."""
    taught = {"needs", "starts", "turn", "narrow", "lines", "made_of", "give_values"}
    assert taught <= {case.values[1] for case in OLD_METHODS}
    assert {"learn", "learned", "through"} <= set(Inputs.renamed)
    assert {"row", "note", "notes", "steps"} <= set(Grid.renamed)
    assert {"set", "whole", "asks", "projected"} <= set(Variant.renamed)


def test_old_import_paths_work():
    code = (
        "from attnviz.core.part import Inputs, Sizes\n"
        "from attnviz.core.normalize import Normalize\n"
        "from attnviz.core.mask import Mask\n"
        "from attnviz.core.bias import Bias\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
