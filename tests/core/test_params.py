"""Learned parameters: each is read, and has a shape that the docstring of its part states."""

import re
from itertools import product
from math import prod

import pytest

from attnviz.core.engine.attention import compute_weights
from attnviz.core.inputs import Sizes
from attnviz.core.variants import VARIANTS
from attnviz.record import replace_fields
from tests.core.layers import make_layer

SIZES = Sizes(d=10, d_model=13, n_head=2, n_query=17, n_key=19)
WORDS = {
    **{"d": 10, "d_model": 13, "head": 2, "query": 17, "key": 19, "position": 19},
    "pair": 2,  # of dimensions: half of the rotated half of d
    "(householders − 1)": 1,
    "hash_buckets/2": 2,
}
PARTS = {type(part): part for row in VARIANTS.values() for part in row.parts}
LEARNED = [part for part in PARTS.values() if part.param_shapes(SIZES)]


class ReadNames(dict):
    """Parameters that remember which of them were read."""

    def __init__(self, params):
        super().__init__(params)
        self.read = set()

    def __getitem__(self, name):
        self.read.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("row", VARIANTS.values(), ids=lambda row: row.name)
def test_a_row_reads_each_parameter_that_it_states(row):
    variant, inputs = make_layer(row, n_query=1 if row.queries == "single" else 7, n_key=7)
    params = ReadNames(inputs.params)
    compute_weights(variant, replace_fields(inputs, params=params))
    assert params.read == params.keys()


def size_of(term, part):
    """The number that a term as `2 span + 1` or `head · d` stands for."""
    if " + " in term:
        return sum(size_of(each, part) for each in term.split(" + "))
    return prod(factor_of(word, part) for word in re.findall(r"\(.*\)|[\w/]+", term))


def factor_of(word, part):
    """A number, a size of the layer, or a tunable: its name, or its name without the s."""
    if word.isdecimal():
        return int(word)
    return WORDS[word] if word in WORDS else getattr(part, f"{word}s", getattr(part, word, None))


def stated_shapes(part):
    """The shapes in brackets of the docstrings of a part and of its bases."""
    owners = [base for base in type(part).__mro__ if "param_shapes" in vars(base)]
    texts = [owner.param_shapes.__doc__ or "" for owner in owners]
    for text in re.findall(r"\[(.*?)\]", " ".join(texts)):
        axes = text.replace(" / ", "/").split(", ") if text else []
        yield from product(*([size_of(n, part) for n in axis.split(" | ")] for axis in axes))


@pytest.mark.parametrize("part", LEARNED, ids=lambda part: part.name)
def test_shapes_are_those_of_the_docstring(part):
    assert set(part.param_shapes(SIZES).values()) <= set(stated_shapes(part))


def test_a_shape_that_the_docstring_lacks_is_found():
    (part,) = [part for part in LEARNED if part.name == "tupe"]
    assert set(stated_shapes(part)) == {(20, 10), (10, 10)}
